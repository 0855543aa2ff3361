import Bytes
import Crypto
import SystemPackage

/// A tensor of a mapped checkpoint: a checked view of its bytes, without a copy.
public struct TensorView: Sendable {
  /// The name, type and shape.
  public let record: TensorRecord

  private let offset: Int
  private let file: MappedFile

  init(_ record: TensorRecord, dataOffset: UInt64, file: MappedFile) {
    self.record = record
    offset = Int(dataOffset + record.begin)
    self.file = file
  }

  /// The shape, outermost dimension first; empty for a scalar.
  public var shape: [Int] { record.shape }

  /// The type of one element.
  public var elementType: ElementType { record.elementType }

  /// The number of elements.
  public var elementCount: Int { record.shape.reduce(1, *) }

  /// The bytes of all elements: row-major, little-endian.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      unsafe _overrideLifetime(file.bytes.extracting(offset..<offset + record.byteCount), borrowing: self)
    }
  }

  /// The SHA-256 of the bytes, in hexadecimal.
  public var digest: String {
    var hash = SHA256()
    unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
    return ContentDigest.hexadecimal(hash.finalize())
  }

  /// The elements as single-precision numbers, row-major.
  ///
  /// Half and bfloat16 are widened exactly; double precision is rounded to the nearest.
  ///
  /// - Throws: ``CheckpointError`` with code `unsupportedElementType` for integers and other types.
  public func floats() throws(CheckpointError) -> [Float] {
    let source = bytes
    let count = elementCount
    switch elementType {
    case .float32:
      return (0..<count).map { Float(bitPattern: source.littleEndian(at: 4 * $0, as: UInt32.self)) }
    case .float16:
      return (0..<count).map {
        Float(HalfPrecision.widened(source.littleEndian(at: 2 * $0, as: UInt16.self)))
      }
    case .bfloat16:
      return (0..<count).map {
        Float(bitPattern: UInt32(source.littleEndian(at: 2 * $0, as: UInt16.self)) << 16)
      }
    case .float64:
      return (0..<count).map { Float(Double(bitPattern: source.littleEndian(at: 8 * $0, as: UInt64.self))) }
    default:
      throw CheckpointError(
        .unsupportedElementType,
        "tensor \"\(record.name)\" holds \(elementType.rawValue), expected a floating-point type",
        file: file.path.string)
    }
  }
}

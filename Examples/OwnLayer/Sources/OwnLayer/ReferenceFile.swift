import Checkpoint
import Foundation

/// A plain safetensors file, such as `Tools/record_reference.py` writes. It is no canonical checkpoint: no metadata
/// and no digests are asked for.
struct ReferenceFile {
  private let bytes: Data
  private let header: SafetensorsHeader

  init(_ path: String) throws {
    bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    guard bytes.count >= 8 else {
      throw Failure("\(path): found \(bytes.count) bytes, expected a safetensors file")
    }
    let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(bytes.count - 8) else {
      throw Failure("\(path): found \(bytes.count) bytes, expected a header of \(length)")
    }
    header = try SafetensorsHeader(
      parsing: Array(bytes[8..<8 + Int(length)]), fileSize: UInt64(bytes.count))
  }

  /// A tensor of single precision as a batch of maps.
  func map(_ name: String) throws -> FeatureMap {
    guard let record = header.tensors.first(where: { $0.name == name }) else {
      throw Failure("the reference holds no tensor \"\(name)\"")
    }
    guard record.elementType == .float32 else {
      throw Failure("\(name): found \(record.elementType.rawValue), expected F32")
    }
    let begin = Int(header.dataOffset + record.begin)
    let values = stride(from: begin, to: begin + record.byteCount, by: 4).map { offset in
      Float(bitPattern: bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
    return try FeatureMap(shape: record.shape, values: values)
  }
}

import Bytes
public import Checkpoint
import Crypto
public import Execution
public import SystemPackage

/// A safetensors file of single-precision tensors that are read one at a time, such as recorded inputs and outputs.
///
/// Reading is bounds-checked and never maps the file: a file that becomes shorter ends in an error.
public struct TensorFile: Sendable {
  /// The path as the user gave it.
  public let path: FilePath
  /// What the file holds.
  public let header: SafetensorsHeader

  private let storage: Storage

  /// Opens a file and checks its header.
  ///
  /// - Throws: ``VerificationError`` with code `fileFailed`.
  public init(_ path: FilePath) throws(VerificationError) {
    let file: InputFile
    do throws(BytesError) {
      file = try InputFile(path)
    } catch {
      throw VerificationError(error)
    }
    do throws(CheckpointError) {
      header = try SafetensorsHeader(reading: file)
    } catch {
      throw VerificationError(error)
    }
    self.path = path
    storage = .file(file)
  }

  /// Checks the header of a whole file in memory; `name` stands for its path in messages.
  ///
  /// - Throws: ``VerificationError`` with code `fileFailed`.
  public init(bytes: [UInt8], name: FilePath) throws(VerificationError) {
    do throws(CheckpointError) {
      header = try SafetensorsHeader(of: bytes)
    } catch {
      var failure = VerificationError(error)
      failure.file = name.string
      throw failure
    }
    path = name
    storage = .memory(bytes)
  }

  /// The names of all tensors, sorted by their UTF-8 bytes.
  public var names: [String] {
    header.tensors.map(\.name).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// What the header says of a tensor; `nil` where the file has none of that name.
  public func record(_ name: String) -> TensorRecord? { header.tensors.first { $0.name == name } }

  /// The input for a network: the tensor `input`, or the only one that the file holds.
  ///
  /// - Throws: ``VerificationError`` with code `malformedInput` or `fileFailed`.
  public func input() throws(VerificationError) -> Tensor<Float> {
    let only = header.tensors.count == 1 ? header.tensors.first : nil
    guard let record = record("input") ?? only else {
      let shown = names.prefix(4).map { "\"\($0)\"" }.joined(separator: ", ")
      let found = names.isEmpty ? "no tensors" : names.count > 4 ? "\(shown), ..." : shown
      throw VerificationError(
        .malformedInput, "found \(found), expected a tensor \"input\" or only one tensor", file: path.string,
        hint: "save the batch [N, C, H, W] as the tensor \"input\"")
    }
    guard record.elementType == .float32 else {
      throw VerificationError(
        .malformedInput, "\"\(record.name)\": found \(record.elementType.rawValue), expected F32",
        file: path.string)
    }
    return try tensor(record)
  }

  /// The numbers of a tensor.
  ///
  /// - Precondition: the record is of this file and its element type is F32.
  /// - Throws: ``VerificationError`` with code `fileFailed`.
  public func tensor(_ record: TensorRecord) throws(VerificationError) -> Tensor<Float> {
    precondition(record.elementType == .float32, "element types are checked before numbers are read")
    let bytes: [UInt8]
    do throws(BytesError) {
      bytes = try storage.read(at: header.dataOffset + record.begin, count: record.byteCount)
      try storage.checkUnchanged()
    } catch {
      throw VerificationError(error)
    }
    do throws(ExecutionError) {
      return try Tensor(shape: record.shape, values: Self.floats(bytes))
    } catch {
      throw VerificationError(error)
    }
  }

  /// The SHA-256 of the whole file, in hexadecimal; read in pieces of 128 KiB.
  ///
  /// - Throws: ``VerificationError`` with code `fileFailed`.
  public func sha256() throws(VerificationError) -> String {
    var hash = SHA256()
    do throws(BytesError) {
      var offset: UInt64 = 0
      while offset < storage.size {
        let piece = try storage.read(at: offset, count: Int(min(1 << 17, storage.size - offset)))
        hash.update(data: piece)
        offset += UInt64(piece.count)
      }
      try storage.checkUnchanged()
    } catch {
      throw VerificationError(error)
    }
    return ContentDigest.hexadecimal(hash.finalize())
  }

  /// Little-endian bytes as numbers.
  private static func floats(_ bytes: [UInt8]) -> [Float] {
    stride(from: 0, to: bytes.count, by: 4).map { begin in
      var pattern: UInt32 = 0
      for byte in bytes[begin..<begin + 4].reversed() { pattern = pattern << 8 | UInt32(byte) }
      return Float(bitPattern: pattern)
    }
  }

  /// Writes tensors as a safetensors file that appears complete or not at all.
  ///
  /// - Returns: the number of bytes written.
  /// - Throws: ``VerificationError`` with code `fileFailed`.
  @discardableResult
  public static func write(
    _ tensors: [String: Tensor<Float>], to path: FilePath, overwrite: Bool
  ) throws(VerificationError) -> UInt64 {
    do {
      let output = try AtomicFile(path, overwrite: overwrite)
      let layout = try SafetensorsLayout(tensors.map { ($0.key, .float32, $0.value.shape) })
      let head = layout.head(metadata: [])
      try output.write(head[...], at: 0)
      for record in layout.tensors {
        guard let tensor = tensors[record.name] else { continue }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(record.byteCount)
        for value in tensor.values {
          let pattern = value.bitPattern
          for shift in [0, 8, 16, 24] as [UInt32] {
            bytes.append(UInt8(truncatingIfNeeded: pattern >> shift))
          }
        }
        try output.write(bytes[...], at: UInt64(head.count) + record.begin)
      }
      try output.commit()
      return UInt64(head.count) + (layout.tensors.last?.end ?? 0)
    } catch let error as BytesError {
      throw VerificationError(error)
    } catch let error as CheckpointError {
      throw VerificationError(error)
    } catch {
      throw VerificationError(.fileFailed, "\(error)", file: path.string)
    }
  }
}

extension TensorFile {
  /// Where the bytes are.
  private enum Storage: Sendable {
    case file(InputFile)
    case memory([UInt8])

    var size: UInt64 {
      switch self {
      case .file(let file): file.size
      case .memory(let bytes): UInt64(bytes.count)
      }
    }

    /// Bytes that the header was checked to leave room for.
    func read(at offset: UInt64, count: Int) throws(BytesError) -> [UInt8] {
      switch self {
      case .file(let file): try file.read(at: offset, count: count)
      case .memory(let bytes): Array(bytes[Int(offset)..<Int(offset) + count])
      }
    }

    func checkUnchanged() throws(BytesError) {
      if case .file(let file) = self { try file.checkUnchanged() }
    }
  }
}

import Bytes
import Checkpoint
import SourceFormats
import SystemPackage
import Testing

@testable import Conversion
import TestSupport

/// A file of bytes and views of it.
struct ByteSource {
  private let directory: TemporaryDirectory
  private let storage: SourceStorage
  private let file: InputFile

  /// Writes bytes to a file, as one storage unless told otherwise.
  init(_ bytes: [UInt8], _ change: (inout SourceStorage) -> Void = { _ in }) throws {
    directory = try TemporaryDirectory()
    file = try InputFile(directory.create("bytes", bytes))
    var storage = SourceStorage(name: "archive/data/0", file: 0, offset: 0, byteCount: UInt64(bytes.count))
    change(&storage)
    self.storage = storage
  }

  /// A source of one view.
  func index(_ tensor: SourceTensor) -> SourceIndex {
    SourceIndex(container: .pytorchZip, files: [file], storages: [storage], tensors: [tensor])
  }

  /// Reads a view as elements of a type; by default its own.
  func read(_ tensor: SourceTensor, as type: ElementType? = nil) throws -> [UInt8] {
    try Self.read(tensor, of: index(tensor), as: type, scratch: directory)
  }

  /// The names of the files in the directory where scratch files go.
  func files() throws -> [String] { try directory.names() }

  /// Reads a view of any source.
  static func read(
    _ tensor: SourceTensor, of index: SourceIndex, as type: ElementType? = nil, ignoreChecksums: Bool = false,
    scratch: TemporaryDirectory
  ) throws -> [UInt8] {
    let source = SourceBytes(index, scratchDirectory: scratch.path, ignoreChecksums: ignoreChecksums)
    let stream = try TensorStream(
      tensor, as: type ?? tensor.elementType, storage: source.storage(tensor.storage))
    var bytes: [UInt8] = []
    try stream.forEachPiece(of: source) { piece throws(ConversionError) in bytes += piece }
    return bytes
  }
}

extension FixedWidthInteger {
  /// The bytes of the number, least significant first.
  var littleEndianBytes: [UInt8] {
    (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> Self($0 * 8)) }
  }
}

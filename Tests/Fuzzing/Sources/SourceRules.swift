import Bytes
import Checkpoint
@testable import Conversion
@testable import SourceFormats
import SystemPackage

/// What must hold of every source that a reader accepts, whatever its format.
enum SourceRules {
  /// The most bytes of an accepted tensor that are read, so that an input takes no longer than its size.
  private static let readLimit = 1 << 14

  /// Checks that everything that is accepted lies where it can be read, and reads small tensors.
  static func check(_ index: SourceIndex) {
    for storage in index.storages { check(storage, index) }
    for tensor in index.tensors { check(tensor, index) }
    for (number, tensor) in index.tensors.enumerated().prefix(8) { read(tensor, number, index) }
  }

  private static func check(_ storage: SourceStorage, _ index: SourceIndex) {
    switch storage.encoding {
    case .stored, .deflated:
      require(index.files.indices.contains(storage.file), "\(storage.name) lies in a file that there is")
      let size = index.files[storage.file].size
      require(
        storage.storedByteCount <= size && storage.offset <= size - storage.storedByteCount,
        "\(storage.name) lies inside of its file")
    case .constant(let bytes):
      require(UInt64(bytes.count) == storage.byteCount, "\(storage.name) has its bytes")
    case .hdf5:
      require(index.files.indices.contains(storage.file), "\(storage.name) lies in a file that there is")
    }
  }

  private static func check(_ tensor: SourceTensor, _ index: SourceIndex) {
    let name = tensor.path.joined(separator: ".")
    require(tensor.strides.count == tensor.shape.count, "\(name) has a stride for each dimension")
    require(tensor.shape.allSatisfy { $0 >= 0 }, "\(name) has no negative size")
    require(index.storages.indices.contains(tensor.storage), "\(name) has a storage")
    guard !tensor.shape.contains(0) else { return }
    var (first, last) = (tensor.storageOffset, tensor.storageOffset)
    for (size, stride) in zip(tensor.shape, tensor.strides) {
      let (span, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      require(!overflow, "the view of \(name) does not overflow")
      if span < 0 { first += span } else { last += span }
    }
    // Types smaller than a byte occur in dense tensors only.
    let storage = index.storages[tensor.storage]
    let (bits, overflow) = (last + 1).multipliedReportingOverflow(by: tensor.elementType.bitCount)
    require(!overflow && first >= 0, "the view of \(name) does not overflow")
    require(UInt64((bits + 7) / 8) <= storage.byteCount, "the view of \(name) lies inside of its storage")
  }

  /// Reads a tensor as an import does, where that takes no longer than reading the file.
  private static func read(_ tensor: SourceTensor, _ number: Int, _ index: SourceIndex) {
    let storage = index.storages[tensor.storage]
    guard let byteCount = tensor.elementType.byteCount(shape: tensor.shape), byteCount <= readLimit,
      case .stored = storage.encoding
    else { return }
    let source = SourceBytes(index, scratchDirectory: "/tmp", ignoreChecksums: true)
    var found = 0
    do throws(ConversionError) {
      let stream = try TensorStream(tensor, as: tensor.elementType, storage: storage)
      try stream.forEachPiece(of: source) { piece in found += piece.count }
    } catch {
      // Elements of less than a byte are not read.
      require(error.code == .unsupportedElementType, "tensor \(number) can be read: \(error.message)")
      return
    }
    require(found == byteCount, "tensor \(number) has \(byteCount) bytes, found \(found)")
  }
}

import Checkpoint

/// Where the bytes of one dataset lie, checked against its shape and the size of its file.
struct KerasStorage {
  /// A storage of its own; `nil` where the dataset is a view of the storage that holds the whole HDF5 file.
  var storage: SourceStorage?

  private let dataset: HDF5Object.Dataset
  private let elementType: ElementType
  private let place: KerasTree.Place
  private var storageOffset = 0

  /// Checks a dataset.
  ///
  /// - Throws: ``SourceError`` for a dataset outside of its file, in other files, decoded by filters that are not
  ///   known, or declared much larger than what is stored for it.
  init(_ dataset: HDF5Object.Dataset, _ name: String, _ place: KerasTree.Place) throws(SourceError) {
    self.dataset = dataset
    self.place = place
    // h5py has no bfloat16; Keras stores one as two bytes without a type, and nothing else so.
    let isBigEndian: Bool
    if case .numbers(let type, let order) = dataset.type {
      (elementType, isBigEndian) = (type, order)
    } else {
      (elementType, isBigEndian) = (.bfloat16, false)
    }
    guard let expected = elementType.byteCount(shape: dataset.shape), let width = elementType.byteCount else {
      throw SourceError(.limitExceeded, "the shape of \"\(name)\" \(dataset.shape) overflows")
    }
    let byteCount = UInt64(expected)
    switch dataset.layout {
    case .elsewhere(let words):
      throw SourceError(.unsupported, "\"\(name)\" is \(words), which no Keras file has")
    case .contiguous(let offset, let stored):
      guard stored == byteCount else {
        throw SourceError(
          .malformed, "\"\(name)\" stores \(stored) bytes, its shape \(dataset.shape) needs \(byteCount)")
      }
      guard byteCount <= place.fileSize, offset <= place.fileSize - byteCount else {
        throw SourceError(
          .truncated,
          "\"\(name)\" needs \(byteCount) bytes at \(offset), the HDF5 file has \(place.fileSize)",
          hint: "fetch or save the file again")
      }
      if place.storage != nil {
        guard offset % UInt64(width) == 0 else {
          throw SourceError(.unsupported, "\"\(name)\" lies at \(offset), expected a multiple of \(width)")
        }
        storageOffset = Int(offset) / width
      } else {
        storage = SourceStorage(
          name: name, file: place.file, offset: place.offset + offset, byteCount: byteCount,
          isBigEndian: isBigEndian)
      }
    case .encoded(let filters, let stored):
      if let unknown = filters.first(where: { !Self.filters.contains($0) }) {
        throw SourceError(
          .unsupported, "\"\(name)\" is stored with \(Self.filterName(unknown)), which is not read",
          hint: "in Python, load the weights and save them again")
      }
      guard
        byteCount <= HDF5Limits.smallByteCount || byteCount / HDF5Limits.maximumRatio <= stored
      else {
        throw SourceError(
          .limitExceeded,
          "\"\(name)\" \(dataset.shape) would be \(byteCount) bytes, \(stored) are stored for it")
      }
      storage = SourceStorage(
        name: name, file: place.file, offset: 0, byteCount: byteCount,
        encoding: .hdf5(address: dataset.address, storedByteCount: stored), isBigEndian: isBigEndian)
    }
    guard place.storage == nil || storage != nil || !isBigEndian else {
      throw SourceError(
        .unsupported, "\"\(name)\" is big-endian inside of a compressed archive, which is not read")
    }
  }

  /// The tensor of the dataset.
  func tensor(_ path: [String], nextStorage: Int) -> SourceTensor {
    SourceTensor(
      path: path, elementType: elementType, shape: dataset.shape,
      strides: SourceTensor.contiguousStrides(dataset.shape),
      storage: storage == nil ? place.storage ?? 0 : nextStorage, storageOffset: storageOffset)
  }

  /// deflate, shuffle and fletcher32, which are part of every HDF5 library (H5Zpublic.h).
  private static let filters = 1...3

  /// Names of further filters from the registry of the HDF Group.
  private static func filterName(_ number: Int) -> String {
    let names = [
      4: "szip", 5: "nbit", 6: "scaleoffset", 307: "bzip2", 32000: "lzf", 32001: "blosc", 32004: "lz4",
      32008: "bitshuffle", 32013: "zfp", 32015: "zstandard", 32026: "blosc2",
    ]
    return "the filter " + (names[number] ?? "\(number)")
  }
}

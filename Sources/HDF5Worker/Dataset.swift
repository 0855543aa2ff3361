import CHDF5
import SourceFormats

/// A dataset that the library has opened: how it is stored, and its bytes in the file's own element type.
@safe final class Dataset {
  /// Pieces of at most about this size are read at once; a chunk that reaches over more is kept in the cache.
  private static let pieceSize = 4 << 20

  /// Bytes of decoded chunks kept for the next piece, and slots of that cache (a prime, as `H5Pset_chunk_cache` asks).
  private static let cacheSize = 32 << 20
  private static let cacheSlots = 10007

  /// deflate, shuffle and fletcher32 (`H5Z_FILTER_DEFLATE` and following).
  private static let knownFilters = 1...3

  private let library: Library
  private let handle: hid_t
  private let path: String

  /// Wraps an open dataset.
  init(_ library: Library, _ handle: hid_t, _ path: String) {
    self.library = library
    self.handle = handle
    self.path = path
  }

  /// Opens the dataset whose header lies at an address, if it is one that is decoded here.
  convenience init(_ library: Library, openedIn file: hid_t, at address: UInt64) throws(Refusal) {
    let object = library.functions.openAddress(file, haddr_t(address))
    guard object >= 0, library.functions.objectType(object) == H5I_DATASET else {
      throw Refusal(.malformed, "no dataset at \(address)")
    }
    self.init(library, object, "")
    let description = try description(address: address)
    guard case .encoded(let filters, _) = description.layout, filters.allSatisfy(Self.knownFilters.contains)
    else {
      throw Refusal(.unsupported, "the dataset at \(address) is not stored in chunks that are decoded")
    }
    if case .other(let words) = description.type {
      throw Refusal(.unsupported, "the dataset at \(address) holds \(words)")
    }
    sizes = description.shape.map { UInt64($0) }
    let type = library.functions.datasetType(handle)
    width = library.functions.typeSize(type)
    byteCount = sizes.reduce(UInt64(width), *)
  }

  private var sizes: [UInt64] = []
  private var width = 0

  /// The number of bytes of all elements; known for a dataset that was opened by its address.
  private(set) var byteCount: UInt64 = 0

  /// How the dataset is stored. Reads no element, and opens no other file.
  func description(address: UInt64) throws(Refusal) -> HDF5Object.Dataset {
    let functions = library.functions
    let properties = functions.creationProperties(handle)
    let type = functions.datasetType(handle)
    guard properties >= 0, type >= 0 else { throw failure("has no type or no layout") }
    defer {
      _ = functions.closeProperties(properties)
      _ = functions.closeType(type)
    }
    let kind = HDF5Object.ElementKind(library, type)
    let layout = functions.layout(properties)
    // Asking a virtual dataset for its shape would open its sources.
    if layout == H5D_VIRTUAL {
      return HDF5Object.Dataset(
        type: kind, shape: [], layout: .elsewhere("a virtual dataset"), address: address)
    }
    let space = functions.datasetSpace(handle)
    guard space >= 0, let shape = Shape(library, space), let count = shape.elementCount,
      !count.multipliedReportingOverflow(by: UInt64(functions.typeSize(type))).overflow
    else { throw failure("has no shape that can be read") }
    _ = functions.closeSpace(space)
    let stored = functions.storedByteCount(handle)
    var place: HDF5Object.Layout
    if functions.externalFileCount(properties) != 0 {
      place = .elsewhere("a dataset in external files")
    } else if layout == H5D_CONTIGUOUS {
      let offset = functions.datasetOffset(handle)
      // An undefined address, all bits set: nothing has been written, so there is only the fill value.
      place =
        offset == .max
        ? .encoded(filters: [], byteCount: 0) : .contiguous(offset: UInt64(offset), byteCount: UInt64(stored))
    } else if layout == H5D_CHUNKED || layout == H5D_COMPACT {
      place = .encoded(filters: try filters(properties), byteCount: UInt64(stored))
    } else {
      place = .elsewhere("a dataset of unknown layout")
    }
    // Sizes beyond what a signed number holds were refused with the product above.
    return HDF5Object.Dataset(
      type: kind, shape: shape.sizes.map { Int(clamping: $0) }, layout: place, address: address)
  }

  /// Reads all elements in row-major order, in pieces, as the file has them.
  func forEachPiece(_ body: ([UInt8]) -> Void) throws(Refusal) {
    guard byteCount > 0 else { return }
    let functions = library.functions
    let type = functions.datasetType(handle)
    let space = functions.datasetSpace(handle)
    guard type >= 0, space >= 0 else { throw failure("has no type or no shape") }
    guard !sizes.isEmpty else {
      var bytes = [UInt8](repeating: 0, count: width)
      try read(type, 0, 0, into: &bytes)
      return body(bytes)
    }
    // The outermost dimension whose rows are small enough to be read in one piece is walked along.
    var axis = 0
    var rowSize = byteCount / sizes[0]
    while rowSize > UInt64(Self.pieceSize), axis < sizes.count - 1 {
      axis += 1
      rowSize /= sizes[axis]
    }
    let rowsAtOnce = max(1, UInt64(Self.pieceSize) / max(1, rowSize))
    var start = [UInt64](repeating: 0, count: sizes.count)
    repeat {
      var extent = sizes
      for outer in 0..<axis { extent[outer] = 1 }
      extent[axis] = min(rowsAtOnce, sizes[axis] - start[axis])
      let memory = unsafe functions.createSpace(CInt(extent.count), extent, nil)
      guard memory >= 0, unsafe functions.selectSlab(space, H5S_SELECT_SET, start, nil, extent, nil) >= 0
      else {
        throw failure("cannot be read")
      }
      var bytes = [UInt8](repeating: 0, count: Int(extent.reduce(UInt64(width), *)))
      try read(type, memory, space, into: &bytes)
      _ = functions.closeSpace(memory)
      body(bytes)
      start[axis] += extent[axis]
      var carry = axis
      while carry > 0, start[carry] == sizes[carry] {
        start[carry] = 0
        carry -= 1
        start[carry] += 1
      }
    } while start[0] < sizes[0]
  }

  private func read(_ type: hid_t, _ memory: hid_t, _ space: hid_t, into bytes: inout [UInt8]) throws(Refusal)
  {
    let status = unsafe bytes.withUnsafeMutableBytes {
      unsafe library.functions.readDataset(handle, type, memory, space, 0, $0.baseAddress)
    }
    guard status >= 0 else { throw failure("cannot be decoded") }
  }

  private func filters(_ properties: hid_t) throws(Refusal) -> [Int] {
    let count = library.functions.filterCount(properties)
    // The library itself allows 32 (`H5Z_MAX_NFILTERS`).
    guard 0...32 ~= count else { throw failure("has \(count) filters") }
    var filters: [Int] = []
    for index in 0..<UInt32(count) {
      var flags: UInt32 = 0
      var valueCount = 0
      let filter = unsafe library.functions.filter(properties, index, &flags, &valueCount, nil, 0, nil, nil)
      guard filter >= 0 else { throw failure("has a filter that cannot be read") }
      filters.append(Int(filter))
    }
    return filters
  }

  private func failure(_ what: String) -> Refusal {
    Refusal(.malformed, "the dataset \"\(path)\" \(what): \(library.reason)")
  }
}

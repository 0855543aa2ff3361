import CHDF5

/// The size of each dimension of a dataspace.
struct Shape {
  /// The most dimensions that the library knows (`H5S_MAX_RANK`).
  private static let maximumRank = 32

  var sizes: [UInt64]

  /// The number of elements, or `nil` where it overflows.
  var elementCount: UInt64? {
    var count: UInt64 = 1
    for size in sizes where size != 0 {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, product <= UInt64(Int64.max) else { return nil }
      count = product
    }
    return sizes.contains(0) ? 0 : count
  }

  /// Reads a dataspace; fails where the library cannot.
  init?(_ library: Library, _ space: hid_t) {
    switch library.functions.spaceClass(space) {
    case H5S_SCALAR: sizes = []
    case H5S_NULL: sizes = [0]
    case H5S_SIMPLE:
      let rank = Int(library.functions.rank(space))
      guard 0...Self.maximumRank ~= rank else { return nil }
      var found = [UInt64](repeating: 0, count: max(1, rank))
      guard unsafe library.functions.dimensions(space, &found, nil) >= 0 else { return nil }
      sizes = Array(found.prefix(rank))
    default: return nil
    }
  }
}

import Bytes
import CHDF5
@testable import HDF5Worker
import JSON
@testable import SourceFormats

/// An HDF5 file: what the worker process does, in this process and without its limits.
///
/// Faults of the HDF5 library itself end this process too; `fuzz.sh` goes on after them, and looks whether the program
/// survives them.
enum HDF5Target {
  /// The most bytes of a dataset that are decoded.
  private static let readLimit: UInt64 = 1 << 16

  static func run(_ input: [UInt8]) {
    let file = MemoryFile.holding(input)
    let library = LoadedHDF5.library()
    let root = library.open(
      hdf5_part(descriptor: MemoryFile.rawDescriptor, offset: 0, size: UInt64(input.count), failure: 0))
    guard root >= 0 else { return }
    var walk = Walk(library)
    guard let objects = try? walk.objects(of: root) else { return }
    check(objects)
    HDF5IndexTarget.check(objects, file: file)
    for case .dataset(let dataset) in objects.map(\.kind) { decode(dataset, in: root, library) }
  }

  private static func check(_ objects: [HDF5Object]) {
    require(objects.count <= HDF5Limits.objectCount, "no more objects than the limit")
    require(Set(objects.map(\.path)).count == objects.count, "each path occurs once")
    // As texts: an offset of more than 63 bits, which is in no file, is written as the largest number.
    let text = HDF5Index.objects(objects).json.text()
    require(HDF5Index(Array(text.utf8))?.json.text() == text, "the program reads what the worker writes")
  }

  private static func decode(_ described: HDF5Object.Dataset, in root: hid_t, _ library: Library) {
    guard let dataset = try? Dataset(library, openedIn: root, at: described.address),
      dataset.byteCount <= readLimit
    else { return }
    var found: UInt64 = 0
    guard (try? dataset.forEachPiece { found += UInt64($0.count) }) != nil else { return }
    require(found == dataset.byteCount, "a dataset has \(dataset.byteCount) bytes, found \(found)")
  }
}

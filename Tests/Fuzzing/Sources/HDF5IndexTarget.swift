import Bytes
@testable import Conversion
import JSON
@testable import SourceFormats

/// What a worker process says about an HDF5 file, which the program does not trust.
enum HDF5IndexTarget {
  static func run(_ input: [UInt8]) {
    guard let found = HDF5Index(input) else { return }
    require(HDF5Index(Array(found.json.text().utf8)) == found, "an index is read as it was written")
    if case .objects(let objects) = found { check(objects, file: MemoryFile.holding(input)) }
  }

  /// Reads objects as what Keras writes, alone and as a part of an archive.
  static func check(_ objects: [HDF5Object], file: InputFile) {
    var index = SourceIndex(container: .kerasHDF5, files: [file])
    if (try? KerasTree(objects).fill(&index, place: KerasTree.Place(fileSize: file.size))) != nil {
      index.readKerasModel()
      SourceRules.check(index)
      if let model = index.kerasModel { _ = try? KerasStructure(model, index) }
    }
    let archive = SourceStorage(
      name: "model.weights.h5", file: 0, offset: 0, byteCount: 1 << 20,
      encoding: .deflated(compressedByteCount: file.size))
    index = SourceIndex(container: .kerasArchive, files: [file], storages: [archive])
    let place = KerasTree.Place(fileSize: archive.byteCount, storage: 0)
    if (try? KerasTree(objects).fill(&index, place: place)) != nil { SourceRules.check(index) }
  }
}

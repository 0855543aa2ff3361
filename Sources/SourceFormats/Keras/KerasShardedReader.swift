import Bytes
import SystemPackage

/// Reads weights that Keras spread over several `NAME_00000.weights.h5` by a `NAME.weights.json`.
///
/// The index gives each group of variables the files that hold some of them. What a layer is called may stand in
/// another file than its variables, so all files are read as one tree.
///
/// Source: `keras/src/saving/saving_lib.py` (`ShardedH5IOStore`).
struct KerasShardedReader {
  /// One file of weights.
  struct Shard {
    var name: String
    var file: InputFile
  }

  /// The most shards accepted, because each takes a process to read: at the 5 GB that Keras gives a shard, 1.2 TB.
  static let maximumShards = 256

  private let index: InputFile
  private let lists: [(tensor: String, shards: [String])]
  private let shards: [Shard]

  init(index: InputFile, lists: [(tensor: String, shards: [String])], shards: [Shard]) {
    self.index = index
    self.lists = lists
    self.shards = shards
  }

  func read(_ options: SourceReaderOptions) throws(SourceError) -> SourceIndex {
    guard let worker = options.worker else { throw KerasReader.noWorker }
    guard shards.count <= Self.maximumShards else {
      throw SourceError(
        .limitExceeded,
        "the index names \(shards.count) HDF5 files, at most \(Self.maximumShards) are allowed")
    }
    var found = SourceIndex(container: .kerasSharded, files: shards.map(\.file))
    var parts: [KerasVariables.Part] = []
    var room = HDF5Limits.objectCount
    for (number, shard) in shards.enumerated() {
      let source = HDF5File(file: shard.file, offset: 0, byteCount: shard.file.size, worker: worker)
      let objects = try source.objects()
      room -= objects.count
      guard room >= 0 else {
        throw SourceError(.limitExceeded, "the shards hold more than \(HDF5Limits.objectCount) objects")
      }
      do throws(SourceError) {
        let tree = KerasTree(objects)
        try tree.refuseLinks()
        guard tree.holdsVariables else { throw ForeignHDF5(objects).error }
      } catch {
        throw error.located(file: shard.file.sourceName)
      }
      found.hdf5[number] = source
      parts.append(.init(objects: objects, place: KerasTree.Place(fileSize: shard.file.size, file: number)))
    }
    try compare(parts)
    try KerasVariables(parts).fill(&found)
    return found
  }

  /// The name of the index where a file is called as Keras calls shards: `NAME_00000.weights.h5`.
  static func indexName(besides file: InputFile) -> String? {
    let ending = ".weights.h5"
    guard let name = file.path.lastComponent?.string, name.hasSuffix(ending) else { return nil }
    let stem = name.dropLast(ending.count)
    let number = stem.suffix(5)
    guard number.count == 5, number.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), stem.dropLast(5).last == "_"
    else {
      return nil
    }
    return stem.dropLast(6) + ".weights.json"
  }

  /// Every group of variables lies where the index says, and nowhere else.
  private func compare(_ parts: [KerasVariables.Part]) throws(SourceError) {
    var places: [String: Set<String>] = [:]
    for (shard, part) in zip(shards, parts) {
      for owner in part.objects.compactMap(KerasVariables.owner) {
        places[owner.isEmpty ? "/vars" : "/\(owner)/vars", default: []].insert(shard.name)
      }
    }
    for entry in lists {
      let found = places.removeValue(forKey: entry.tensor) ?? []
      guard let missing = entry.shards.first(where: { !found.contains($0) }) else {
        guard let other = found.subtracting(entry.shards).min() else { continue }
        throw SourceError(
          .malformed,
          "the index places \"\(entry.tensor)\" in \(entry.shards.joined(separator: ", ")), found it in \(other)"
        )
      }
      throw SourceError(
        .malformed, "the index places \"\(entry.tensor)\" in \(missing), which does not hold it",
        hint: "fetch or save all files again")
    }
    if let stray = places.keys.min() {
      throw SourceError(.malformed, "a shard holds \"\(stray)\", which the index lacks")
    }
  }
}

public import Bytes
import JSON
import SystemPackage

/// Reads a checkpoint that is spread over several files by an index: `model.safetensors.index.json`,
/// `pytorch_model.bin.index.json` or the `NAME.weights.json` of Keras.
///
/// The index is `{"metadata": {...}, "weight_map": {tensor: file}}`
/// (huggingface/safetensors, `docs/source/metadata_parsing.mdx`).
public enum ShardedReader {
  /// The longest index accepted, in bytes: a million tensors at about 64 bytes each.
  static let maximumIndexLength: UInt64 = 64 << 20

  /// The most shards accepted; the largest public checkpoints have a few hundred.
  static let maximumShards = 4096

  /// Reads the index and every shard it names, all in the directory of the index.
  public static func read(
    _ file: InputFile, options: SourceReaderOptions
  ) throws(SourceError) -> SourceIndex {
    let path = file.path.string
    let lists = try weightMap(of: file)
    let shardNames = Set(lists.flatMap(\.shards)).sorted()
    guard shardNames.count <= maximumShards else {
      throw SourceError(
        .limitExceeded, "the index names \(shardNames.count) files, at most \(maximumShards) are allowed",
        file: path)
    }
    if try open(shard: shardNames[0], beside: file).isHDF5 {
      let shards = try shardNames.map { name throws(SourceError) in
        KerasShardedReader.Shard(name: name, file: try open(shard: name, beside: file))
      }
      return try KerasShardedReader(index: file, lists: lists, shards: shards).read(options)
    }
    var map: [(tensor: String, shard: String)] = []
    for entry in lists {
      guard entry.shards.count == 1 else {
        throw SourceError(
          .malformed, "the index places tensor \"\(entry.tensor)\" in \(entry.shards.count) files", file: path
        )
      }
      map.append((entry.tensor, entry.shards[0]))
    }
    var index = SourceIndex(container: .safetensorsSharded, files: [])
    var shardOfTensor: [String: String] = [:]
    for name in shardNames {
      let shard = try open(shard: name, beside: file)
      let part = try readShard(shard, options: options)
      if part.container != .safetensors { index.container = .pytorchSharded }
      for tensor in part.tensors { shardOfTensor[tensor.path.joined(separator: ".")] = name }
      merge(part, into: &index)
    }
    for entry in map {
      guard let found = shardOfTensor[entry.tensor] else {
        throw SourceError(
          .malformed, "the index places tensor \"\(entry.tensor)\" in \(entry.shard), which does not hold it",
          file: path)
      }
      guard found == entry.shard else {
        throw SourceError(
          .malformed, "the index places tensor \"\(entry.tensor)\" in \(entry.shard), found it in \(found)",
          file: path)
      }
    }
    let listed = Set(map.map(\.tensor))
    for tensor in index.tensors where !listed.contains(tensor.path.joined(separator: ".")) {
      throw SourceError(
        .malformed, "a shard holds tensor \"\(tensor.path.joined(separator: "."))\", which the index lacks",
        file: path)
    }
    return index
  }

  private static func weightMap(
    of file: InputFile
  ) throws(SourceError) -> [(tensor: String, shards: [String])] {
    let path = file.path.string
    guard file.size <= maximumIndexLength else {
      throw SourceError(
        .limitExceeded, "an index of \(file.size) bytes, at most \(maximumIndexLength) are allowed",
        file: path)
    }
    let value: JSONValue
    do {
      value = try JSONParser.parse(file.read(at: 0, count: Int(file.size)))
    } catch let error as JSONError {
      throw SourceError(.malformed, "not valid JSON: \(error.message)", file: path, offset: error.offset)
    } catch let error as BytesError {
      throw SourceError(error)
    } catch {
      throw SourceError(.inputOutput, "\(error)", file: path)
    }
    guard let members = value["weight_map"]?.objectValue else {
      throw SourceError(
        .notACheckpoint, "a JSON file without \"weight_map\", expected a checkpoint or a shard index",
        file: path,
        hint: "name the file that holds the weights")
    }
    var map: [(tensor: String, shards: [String])] = []
    for member in members {
      // Keras lists all files that hold variables of one layer.
      let shards = member.value.arrayValue ?? [member.value]
      let names = shards.compactMap(\.stringValue)
      guard names.count == shards.count, !names.isEmpty else {
        throw SourceError(
          .malformed, "\"weight_map\" gives \"\(member.name)\" \(member.value.kind), expected a file name",
          file: path)
      }
      map.append((member.name, names))
    }
    guard !map.isEmpty else { throw SourceError(.malformed, "\"weight_map\" is empty", file: path) }
    return map
  }

  /// Opens a shard; its name must be a plain file name, so that an index cannot reach elsewhere.
  private static func open(shard name: String, beside file: InputFile) throws(SourceError) -> InputFile {
    guard let component = FilePath.Component(name), component.kind == .regular, !name.contains("/"),
      !name.utf8.contains(0)
    else {
      throw SourceError(
        .malformed, "the index names \"\(name)\", expected the name of a file in the same directory",
        file: file.path.string)
    }
    do {
      return try InputFile(file.path.removingLastComponent().appending(component))
    } catch {
      var failure = SourceError(error)
      failure.message = "a shard named by the index \(file.path.string) cannot be read: \(error.message)"
      failure.hint = "fetch all files of the checkpoint into one directory"
      throw failure
    }
  }

  private static func readShard(
    _ shard: InputFile, options: SourceReaderOptions
  ) throws(SourceError) -> SourceIndex {
    // An index among the shards, the index itself above all, would be read without end.
    guard try !ForeignFile.isObject(SourceReader.prefix(of: shard)) else {
      throw SourceError(
        .malformed, "a shard is an index of shards, expected safetensors or a PyTorch state dict",
        file: shard.path.string)
    }
    let index = try SourceReader.read(shard, options: options)
    switch index.container {
    case .safetensors, .pytorchZip, .pytorchLegacy: return index
    default:
      throw SourceError(
        .malformed, "a shard is \(index.container.rawValue), expected safetensors or a PyTorch state dict",
        file: shard.path.string)
    }
  }

  private static func merge(_ part: SourceIndex, into index: inout SourceIndex) {
    let firstFile = index.files.count
    let firstStorage = index.storages.count
    index.files += part.files
    index.storages += part.storages.map { storage in
      var storage = storage
      storage.file += firstFile
      return storage
    }
    index.tensors += part.tensors.map { tensor in
      var tensor = tensor
      tensor.storage += firstStorage
      return tensor
    }
    index.extras += part.extras
    index.placeholders += part.placeholders
    index.notes += part.notes
  }
}

extension InputFile {
  /// Whether the file begins as an HDF5 file.
  fileprivate var isHDF5: Bool {
    (try? read(at: 0, count: KerasReader.signature.count)) == KerasReader.signature
  }
}

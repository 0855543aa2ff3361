import Bytes
import Checkpoint
import Crypto
import JSON
import SystemPackage

/// A canonical checkpoint to change: what is written is valid, with digests of its own, and computes something else.
struct ChangedCheckpoint {
  var file = PlainFile()
  var architecture: JSONValue
  private let source: JSONValue

  init(_ checkpoint: Checkpoint) throws {
    architecture = checkpoint.metadata.architecture
    source = checkpoint.metadata.source
    for name in checkpoint.names {
      let tensor = try checkpoint.tensor(name)
      file.entries[name] = .init(
        elementType: tensor.elementType, shape: tensor.shape, bytes: tensor.bytes.copied())
    }
  }

  /// Swaps the numbers of two tensors.
  mutating func swap(_ first: String, _ second: String) {
    (file.entries[first], file.entries[second]) = (file.entries[second], file.entries[first])
  }

  /// Changes the numbers of a tensor.
  mutating func change(_ name: String, _ body: (_ shape: [Int], _ values: [Float]) -> [Float]) {
    file[name] = file[name].map { ($0.shape, body($0.shape, $0.values)) }
  }

  /// Replaces a member of the architecture.
  mutating func set(_ name: String, _ value: JSONValue) {
    architecture = .object((architecture.objectValue ?? []).filter { $0.name != name } + [.init(name, value)])
  }

  /// The bytes of the checkpoint.
  func bytes() throws -> [UInt8] {
    var file = file
    let rows = file.entries.map { name, entry in
      ContentDigest.Row(
        name: name, elementType: entry.elementType, shape: entry.shape,
        digest: ContentDigest.hexadecimal(SHA256.hash(data: entry.bytes)))
    }
    let digests = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.digest) })
    file.metadata =
      CheckpointMetadata(
        architecture: architecture, source: source, digests: digests, content: ContentDigest.of(rows)
      ).members
    return try file.bytes()
  }
}

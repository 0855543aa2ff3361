import Architectures
import Checkpoint
import Crypto
import Foundation
import SystemPackage

/// A canonical checkpoint written for one test, with tensors that need not fit its network.
final class CheckpointFile {
  struct Entry {
    var name: String
    var elementType = ElementType.float32
    var shape: [Int]
    var bytes: [UInt8]

    /// A tensor of single-precision numbers.
    init(_ name: String, _ shape: [Int], floats: [Float]) {
      self.name = name
      self.shape = shape
      bytes = floats.flatMap { littleEndian($0.bitPattern) }
    }

    init(_ name: String, _ elementType: ElementType, _ shape: [Int], bytes: [UInt8]) {
      self.name = name
      self.elementType = elementType
      self.shape = shape
      self.bytes = bytes
    }
  }

  let path: FilePath

  /// Writes the checkpoint; `damage` changes the bytes after the digests were taken.
  init(architecture: String, _ entries: [Entry], damage: (inout [UInt8]) -> Void = { _ in }) throws {
    path = FilePath(NSTemporaryDirectory()).appending("attnconv-test-\(UUID().uuidString).safetensors")
    let digests = entries.map { ContentDigest.hexadecimal(SHA256.hash(data: $0.bytes)) }
    let rows = zip(entries, digests).map {
      ContentDigest.Row(name: $0.name, elementType: $0.elementType, shape: $0.shape, digest: $1)
    }
    let members = zip(entries, digests).map { "\"\($0.name)\":\"\($1)\"" }.joined(separator: ",")
    let layout = try SafetensorsLayout(entries.map { ($0.name, $0.elementType, $0.shape) })
    var file = layout.head(metadata: [
      ("attnconv.version", "1"), ("attnconv.architecture", architecture), ("attnconv.source", "{}"),
      ("attnconv.digests", "{\(members)}"), ("attnconv.content", ContentDigest.of(rows)),
    ])
    for record in layout.tensors {
      file += entries.first { $0.name == record.name }?.bytes ?? []
    }
    damage(&file)
    try Data(file).write(to: URL(fileURLWithPath: path.string))
  }

  deinit { try? FileManager.default.removeItem(atPath: path.string) }

  func checkpoint() throws -> Checkpoint { try Checkpoint(path) }
}

/// The bytes of a number, least significant first.
func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

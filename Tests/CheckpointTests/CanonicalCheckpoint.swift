import Checkpoint
import Crypto
import JSON
import SystemPackage

/// Canonical checkpoints for tests, put together from their tensors; the metadata can be changed before they
/// are written.
struct CanonicalCheckpoint {
  struct Tensor {
    var name: String
    var elementType: ElementType
    var shape: [Int]
    var bytes: [UInt8]
  }

  var tensors: [Tensor]
  /// The members of `__metadata__` in the order they are written; the truth unless changed. The seal is computed.
  var metadata: [(name: String, value: String)]

  init(_ tensors: [Tensor]) {
    self.tensors = tensors
    let digests = tensors.map { ($0.name, ContentDigest.hexadecimal(SHA256.hash(data: $0.bytes))) }
    let rows = zip(tensors, digests).map {
      ContentDigest.Row(name: $0.name, elementType: $0.elementType, shape: $0.shape, digest: $1.1)
    }
    metadata = [
      ("attnconv.header", ""),
      ("attnconv.version", "1"),
      ("attnconv.architecture", #"{"family":"resnet"}"#),
      ("attnconv.source", #"{"file":"a.pth"}"#),
      ("attnconv.digests", JSONValue.object(digests.map { .init($0, .string($1)) }).text()),
      ("attnconv.content", ContentDigest.of(rows)),
    ]
  }

  /// Two modules of two parameters, a counter, and tensors of every convertible type. The bytes are those of
  /// NumPy and PyTorch; see `TensorViewTests`.
  static let sample = CanonicalCheckpoint([
    Tensor(
      name: "stem.conv.weight", elementType: .float32, shape: [2, 2, 1, 1],
      bytes: [0xAB, 0xAA, 0xAA, 0x3E, 0, 0, 0, 0x80, 1, 0, 0, 0, 0xFF, 0xFF, 0x7F, 0x7F]),
    Tensor(
      name: "stem.norm.weight", elementType: .float16, shape: [4],
      bytes: [0x55, 0x35, 0x00, 0xC1, 0xFF, 0x7B, 0x01, 0x00]),
    Tensor(
      name: "stem.norm.bias", elementType: .bfloat16, shape: [4],
      bytes: [0xAB, 0x3E, 0x20, 0xC0, 0x80, 0x47, 0x81, 0x33]),
    Tensor(
      name: "stem.norm.num_batches_tracked", elementType: .int64, shape: [], bytes: [7, 0, 0, 0, 0, 0, 0, 0]),
    Tensor(
      name: "head.weight", elementType: .float64, shape: [1, 4],
      bytes: [0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xD5, 0x3F]
        + [0x9A, 0x99, 0x99, 0x99, 0x99, 0x99, 0xB9, 0x3F]
        + [0x9C, 0x75, 0x00, 0x88, 0x3C, 0xE4, 0x37, 0x7E] + [0, 0, 0, 0x10, 0, 0, 0xF0, 0x3F]),
    Tensor(name: "head.bias", elementType: .float32, shape: [0], bytes: []),
  ])

  /// The bytes of the file.
  func bytes() throws -> [UInt8] {
    let layout = try SafetensorsLayout(tensors.map { ($0.name, $0.elementType, $0.shape) })
    let data = layout.tensors.flatMap { record in tensors.first { $0.name == record.name }?.bytes ?? [] }
    return layout.head(metadata: metadata) + data
  }

  /// The header of the file.
  func header() throws -> SafetensorsHeader {
    let bytes = try bytes()
    let layout = try SafetensorsLayout(tensors.map { ($0.name, $0.elementType, $0.shape) })
    let headCount = bytes.count - Int(layout.tensors.last?.end ?? 0)
    return try SafetensorsHeader(parsing: Array(bytes[8..<headCount]), fileSize: UInt64(bytes.count))
  }

  /// The same checkpoint with one metadata member changed, or without it where the value is `nil`.
  func with(_ name: String, _ value: String?) -> CanonicalCheckpoint {
    var changed = self
    guard let index = metadata.firstIndex(where: { $0.name == name }) else { return self }
    if let value { changed.metadata[index].value = value } else { changed.metadata.remove(at: index) }
    return changed
  }
}

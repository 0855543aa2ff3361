import Checkpoint
import SystemPackage

/// A safetensors file made of any tensors, right or wrong.
struct PlainFile {
  /// A tensor to write.
  struct Entry {
    var elementType: ElementType
    var shape: [Int]
    var bytes: [UInt8]
  }

  var metadata: [(name: String, value: String)] = []
  var entries: [String: Entry] = [:]

  init() {}

  /// A file of single-precision tensors, by name.
  init(_ tensors: [String: (shape: [Int], values: [Float])]) {
    for (name, tensor) in tensors { self[name] = tensor }
  }

  /// The numbers of a single-precision tensor.
  subscript(name: String) -> (shape: [Int], values: [Float])? {
    get { entries[name].map { ($0.shape, Self.floats($0.bytes)) } }
    set {
      entries[name] = newValue.map {
        Entry(elementType: .float32, shape: $0.shape, bytes: Self.bytes($0.values))
      }
    }
  }

  /// The bytes of the file.
  func bytes() throws -> [UInt8] {
    let layout = try SafetensorsLayout(entries.map { ($0.key, $0.value.elementType, $0.value.shape) })
    return layout.head(metadata: metadata) + layout.tensors.flatMap { entries[$0.name]?.bytes ?? [] }
  }

  /// Single-precision numbers as little-endian bytes.
  static func bytes(_ values: [Float]) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
  }

  private static func floats(_ bytes: [UInt8]) -> [Float] {
    stride(from: 0, to: bytes.count, by: 4).map { begin in
      Float(bitPattern: bytes[begin..<begin + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
  }
}

import JSON

/// Where everything goes in a safetensors file that is to be written.
///
/// The layout does not depend on the values of metadata members of fixed length, so the header can be
/// written after the data, once digests are known.
public struct SafetensorsLayout: Sendable {
  /// Data begins at a multiple of this many bytes, so that a mapped file gives aligned vectors on every
  /// processor (64 bytes is a cache line and the widest vector register).
  public static let dataAlignment = 64

  /// The tensors in the order of their bytes.
  public let tensors: [TensorRecord]

  /// The layout of tensors that have their places already.
  init(placed tensors: [TensorRecord]) { self.tensors = tensors }

  /// Lays tensors out as the reference implementation does: widest element type first, then by name.
  ///
  /// - Throws: ``CheckpointError`` with code `malformed` for what a reader would refuse: a name that occurs
  ///   twice or is that of the metadata, and sizes that overflow.
  public init(_ tensors: [(name: String, elementType: ElementType, shape: [Int])]) throws(CheckpointError) {
    var records: [TensorRecord] = []
    var position: UInt64 = 0
    var names: Set<String> = ["__metadata__"]
    let ordered = tensors.sorted { left, right in
      let ranks = (left.elementType.alignmentRank, right.elementType.alignmentRank)
      return ranks.0 != ranks.1
        ? ranks.0 > ranks.1 : left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
    for tensor in ordered {
      guard names.insert(tensor.name).inserted else {
        throw CheckpointError(.malformed, "the name \"\(tensor.name)\" cannot be that of one more tensor")
      }
      // Offsets are written as integers of a signed 64-bit type.
      guard let byteCount = tensor.elementType.byteCount(shape: tensor.shape),
        UInt64(byteCount) <= UInt64(Int.max) - position
      else {
        throw CheckpointError(.malformed, "the size of tensor \"\(tensor.name)\" \(tensor.shape) overflows")
      }
      records.append(
        TensorRecord(
          name: tensor.name, elementType: tensor.elementType, shape: tensor.shape, begin: position,
          byteCount: byteCount))
      position += UInt64(byteCount)
    }
    self.tensors = records
  }

  /// The bytes of the file before its data: length field, header text, padding.
  ///
  /// Metadata comes first, its members and the tensors' in the order given, without any space. Where the first
  /// is ``CheckpointMetadata/Key/header``, it gets its value here, whatever was given.
  public func head(metadata: [(name: String, value: String)]) -> [UInt8] {
    let isSealed = metadata.first?.name == CheckpointMetadata.Key.header.rawValue
    var metadata = metadata
    if isSealed { metadata[0].value = "" }
    // Written as it goes: as one value the header of a large file would take a multiple of its text.
    var head = [UInt8](repeating: 0, count: 8) + "{".utf8
    if !metadata.isEmpty {
      let members = metadata.map { JSONValue.Member($0.name, .string($0.value)) }
      head += "\"__metadata__\":{".utf8
      Self.write(members, to: &head)
      head += (tensors.isEmpty ? "}" : "},").utf8
    }
    for (number, tensor) in tensors.enumerated() {
      if number > 0 { head.append(UInt8(ascii: ",")) }
      let entry: JSONValue = [
        "dtype": .string(tensor.elementType.rawValue),
        "shape": .array(tensor.shape.map(JSONValue.integer)),
        "data_offsets": [.integer(Int(tensor.begin)), .integer(Int(tensor.end))],
      ]
      Self.write([.init(tensor.name, entry)], to: &head)
    }
    head.append(UInt8(ascii: "}"))
    if isSealed {
      let count = HeaderSeal.digitCount(unsealedLength: head.count)
      head.insert(
        contentsOf: repeatElement(UInt8(ascii: "0"), count: count), at: 8 + HeaderSeal.opening.count)
    }
    head.append(contentsOf: repeatElement(0x20, count: Self.aligned(head.count) - head.count))
    head.replaceSubrange(0..<8, with: Self.lengthField(UInt64(head.count - 8)))
    if isSealed, let seal = HeaderSeal(of: head) {
      head.replaceSubrange(HeaderSeal.range(headLength: head.count), with: seal.digits)
    }
    return head
  }

  /// Writes members of an object without its braces, in their order.
  private static func write(_ members: [JSONValue.Member], to head: inout [UInt8]) {
    for (number, member) in members.enumerated() {
      if number > 0 { head.append(UInt8(ascii: ",")) }
      JSONValue.string(member.name).write(to: &head)
      head.append(UInt8(ascii: ":"))
      member.value.write(to: &head, sortedNames: false)
    }
  }

  /// The length of a header as the first eight bytes of a file state it.
  static func lengthField(_ length: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
  }

  /// The next multiple of ``dataAlignment``.
  static func aligned(_ count: Int) -> Int { (count + dataAlignment - 1) / dataAlignment * dataAlignment }
}

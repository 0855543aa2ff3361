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
    var members: [JSONValue.Member] = []
    if !metadata.isEmpty {
      members.append(
        .init("__metadata__", .object(metadata.map { JSONValue.Member($0.name, .string($0.value)) })))
    }
    for tensor in tensors {
      members.append(
        .init(
          tensor.name,
          [
            "dtype": .string(tensor.elementType.rawValue),
            "shape": .array(tensor.shape.map(JSONValue.integer)),
            "data_offsets": [.integer(Int(tensor.begin)), .integer(Int(tensor.end))],
          ]))
    }
    var text = Array(JSONValue.object(members).text(sortedNames: false).utf8)
    if isSealed {
      let count = HeaderSeal.digitCount(unsealedLength: 8 + text.count)
      text.insert(
        contentsOf: [UInt8](repeating: UInt8(ascii: "0"), count: count), at: HeaderSeal.opening.count)
    }
    let unpadded = 8 + text.count
    text += [UInt8](repeating: 0x20, count: Self.aligned(unpadded) - unpadded)
    var head = Self.lengthField(UInt64(text.count)) + text
    if isSealed, let seal = HeaderSeal(of: head) {
      head.replaceSubrange(HeaderSeal.range(headLength: head.count), with: seal.digits)
    }
    return head
  }

  /// The length of a header as the first eight bytes of a file state it.
  static func lengthField(_ length: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
  }

  /// The next multiple of ``dataAlignment``.
  static func aligned(_ count: Int) -> Int { (count + dataAlignment - 1) / dataAlignment * dataAlignment }
}

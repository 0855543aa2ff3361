import Bytes
import Crypto

/// The value of `attnconv.header`: checksums of everything before the data of a checkpoint, this value left out.
///
/// It is the first member of the metadata, so that it has a fixed place: after the length field and
/// `{"__metadata__":{"attnconv.header":"`. Its digits count as zeros (`0`) for what it covers: length field, text and
/// padding. The first 64 hexadecimal digits are the SHA-256 of that. Eight more for each block of 1,024 bytes of it, the
/// last one shorter, are the block's Adler-32: they say where the damage is, and where one byte of a block changed, also
/// what it was.
struct HeaderSeal: Equatable {
  /// What stands between the length field and the value.
  static let opening = Array("{\"__metadata__\":{\"\(CheckpointMetadata.Key.header.rawValue)\":\"".utf8)

  /// Where the value begins in the file.
  static let offset = 8 + opening.count

  /// So many bytes share one checksum: little enough to say which tensor is damaged, and the seal stays below 1 % of the header.
  static let blockLength = 1024

  private static let digestLength = 64
  private static let checksumLength = 8

  /// The hexadecimal digits.
  let digits: ArraySlice<UInt8>

  /// The seal as it stands in a head.
  init?(standingIn head: [UInt8]) {
    let range = Self.range(headLength: head.count)
    guard range.upperBound < head.count else { return nil }
    digits = head[range]
  }

  /// Computes the seal of a head, whatever stands in its place now.
  init?(of head: [UInt8]) {
    let range = Self.range(headLength: head.count)
    guard range.upperBound < head.count else { return nil }
    var hash = SHA256()
    hash.update(data: head[..<range.lowerBound])
    hash.update(data: [UInt8](repeating: UInt8(ascii: "0"), count: range.count))
    hash.update(data: head[range.upperBound...])
    var text = ContentDigest.hexadecimal(hash.finalize())
    for block in Self.blocks(headLength: head.count) {
      let value = Adler32(Self.covered(block, of: head)).value
      text += ContentDigest.hexadecimal((0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) })
    }
    digits = Array(text.utf8)[...]
  }

  /// Whether a header keeps its seal: the bytes are those that were written, or another program wrote the same
  /// tensors and members of the metadata in another form (white space, order, members of its own).
  ///
  /// The seal is then that of what this package would write.
  static func isKept(in head: [UInt8]) -> Bool {
    if let recorded = HeaderSeal(standingIn: head), let found = HeaderSeal(of: head), recorded == found,
      head[8..<offset].elementsEqual(opening)
    {
      return true
    }
    guard let header = try? SafetensorsHeader(parsing: Array(head.dropFirst(8))),
      let recorded = header.metadata(CheckpointMetadata.Key.header.rawValue)
    else { return false }
    let members = CheckpointMetadata.Key.allCases.compactMap { key in
      header.metadata(key.rawValue).map { (name: key.rawValue, value: $0) }
    }
    let written = SafetensorsLayout(placed: header.tensors).head(metadata: members)
    return HeaderSeal(standingIn: written)?.digits.elementsEqual(recorded.utf8) == true
  }

  /// The place of the value in a head of a length.
  static func range(headLength: Int) -> Range<Int> {
    offset..<offset + digestLength + checksumLength * blockCount(length: headLength)
  }

  /// The blocks of a head of a length.
  static func blocks(headLength: Int) -> [Range<Int>] {
    stride(from: 0, to: headLength, by: blockLength).map { $0..<min($0 + blockLength, headLength) }
  }

  private static func blockCount(length: Int) -> Int { (length + blockLength - 1) / blockLength }

  /// A block of a head, with zeros in place of the seal.
  static func covered(_ block: Range<Int>, of head: [UInt8]) -> ArraySlice<UInt8> {
    var bytes = head[block]
    for index in block.clamped(to: range(headLength: head.count)) { bytes[index] = UInt8(ascii: "0") }
    return bytes
  }

  /// Whether the bytes before the data have the digest that stands in them at its place. Nothing is copied.
  static func matches(_ head: RawSpan) -> Bool {
    let range = range(headLength: head.byteCount)
    guard range.upperBound < head.byteCount, head.extracting(8..<offset).copied() == opening else {
      return false
    }
    var hash = SHA256()
    unsafe head.extracting(..<range.lowerBound).withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
    hash.update(data: [UInt8](repeating: UInt8(ascii: "0"), count: range.count))
    unsafe head.extracting(range.upperBound...).withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
    let digest = head.extracting(range.lowerBound..<range.lowerBound + digestLength).copied()
    return ContentDigest.hexadecimal(hash.finalize()).utf8.elementsEqual(digest)
  }

  /// The lengths that a head can have whose seal has so many digits: multiples of 64, because data is aligned.
  static func headLengths(digitCount: Int) -> StrideTo<Int> {
    let blocks = max(0, digitCount - digestLength) / checksumLength
    let alignment = SafetensorsLayout.dataAlignment
    guard digitCount == digestLength + checksumLength * blocks, blocks > 0 else {
      return stride(from: 0, to: 0, by: alignment)
    }
    let first = (blocks - 1) * blockLength + alignment
    return stride(from: first, to: blocks * blockLength + 1, by: alignment)
  }

  /// The number of digits in the seal of a head that has so many bytes without its seal, before padding.
  static func digitCount(unsealedLength: Int) -> Int {
    var blocks = 1
    while true {
      let digits = digestLength + checksumLength * blocks
      let needed = blockCount(length: SafetensorsLayout.aligned(unsealedLength + digits))
      if needed <= blocks { return digits }
      blocks = needed
    }
  }

  /// The SHA-256 of what is covered.
  var digest: ArraySlice<UInt8> { digits.prefix(Self.digestLength) }

  /// The checksum of each block; `nil` where its digits are none.
  var checksums: [Adler32?] {
    let rest = digits.dropFirst(Self.digestLength)
    return stride(from: rest.startIndex, to: rest.endIndex, by: Self.checksumLength).map { start in
      let text = rest[start..<start + Self.checksumLength]
      guard text.allSatisfy(Self.isDigit) else { return nil }
      return UInt32(String(decoding: text, as: UTF8.self), radix: 16).map(Adler32.init(value:))
    }
  }

  /// Whether a byte is a digit as seals have them.
  static func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
  }

  static func == (left: Self, right: Self) -> Bool { left.digits.elementsEqual(right.digits) }
}

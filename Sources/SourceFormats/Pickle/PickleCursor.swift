/// The read position of the pickle machine; like `ByteReader` it cannot pass the end of its bytes.
///
/// It is a type of its own because a pickle is read in steps of one to five bytes, hundreds of thousands
/// of them, and inlining inside the module is what keeps that fast.
struct PickleCursor {
  let bytes: [UInt8]
  private(set) var position: Int

  init(_ bytes: [UInt8], position: Int = 0) {
    precondition(position >= 0 && position <= bytes.count, "the start lies in the bytes")
    self.bytes = bytes
    self.position = position
  }

  var remaining: Int { bytes.count - position }

  mutating func byte() throws(PickleFailure) -> UInt8 {
    guard position < bytes.count else { throw .truncated(needed: 1, found: 0) }
    let value = bytes[position]
    position += 1
    return value
  }

  /// The positions of the next `count` bytes.
  mutating func take(_ count: Int) throws(PickleFailure) -> Range<Int> {
    guard count >= 0, count <= remaining else { throw .truncated(needed: count, found: remaining) }
    let start = position
    position += count
    return start..<position
  }

  /// A little-endian unsigned number of one to eight bytes.
  mutating func unsigned(byteCount: Int) throws(PickleFailure) -> UInt64 {
    var value: UInt64 = 0
    for index in try take(byteCount).reversed() { value = value << 8 | UInt64(bytes[index]) }
    return value
  }

  /// A length of eight bytes, refused where it is no possible length.
  mutating func length(byteCount: Int) throws(PickleFailure) -> Int {
    let value = try unsigned(byteCount: byteCount)
    guard let length = Int(exactly: value), length <= PickleLimits.byteCount else {
      throw PickleFailure(
        .limitExceeded, "a length of \(value) bytes; at most \(PickleLimits.byteCount) are read")
    }
    return length
  }

  /// The positions of the bytes up to a line feed, which is consumed.
  mutating func line(limit: Int) throws(PickleFailure) -> Range<Int> {
    let end = position + min(remaining, limit)
    guard let feed = bytes[position..<end].firstIndex(of: 0x0A) else {
      if end == bytes.count { throw .truncated(needed: end - position + 1, found: end - position) }
      throw PickleFailure(.limitExceeded, "found no end of a line within \(limit) bytes")
    }
    let start = position
    position = feed + 1
    return start..<feed
  }
}

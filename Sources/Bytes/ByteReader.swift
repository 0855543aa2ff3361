/// A cursor over untrusted bytes that cannot pass their end.
///
/// Every parser of the package reads through this type. Each read either returns a whole value or throws
/// ``BytesError`` with the absolute offset in the file; the position does not move when a read throws.
public struct ByteReader: Sendable {
  private let bytes: ArraySlice<UInt8>

  /// The index of the next byte, relative to the first byte of this reader.
  public private(set) var position = 0

  /// The offset in the file of the first byte of this reader.
  public let baseOffset: UInt64

  /// Creates a reader over bytes that begin at an offset of their file.
  public init(_ bytes: ArraySlice<UInt8>, baseOffset: UInt64 = 0) {
    self.bytes = bytes
    self.baseOffset = baseOffset
  }

  /// Creates a reader over bytes that begin at an offset of their file.
  public init(_ bytes: [UInt8], baseOffset: UInt64 = 0) {
    self.init(bytes[...], baseOffset: baseOffset)
  }

  /// The number of bytes of this reader, read or not.
  public var count: Int { bytes.count }

  /// The number of bytes left.
  public var remaining: Int { bytes.count - position }

  /// Whether all bytes have been read.
  public var isAtEnd: Bool { remaining == 0 }

  /// The absolute offset of the next byte in the file.
  public var offset: UInt64 { baseOffset + UInt64(position) }

  /// Reads exactly `count` bytes.
  public mutating func readBytes(_ count: Int) throws(BytesError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw endOfInput(needed: count) }
    let start = bytes.startIndex + position
    position += count
    return bytes[start..<start + count]
  }

  /// Reads the bytes up to a terminator, which is consumed and not returned, looking at no more than `limit`
  /// bytes, the terminator included.
  public mutating func readBytes(
    upTo terminator: UInt8, limit: Int
  ) throws(BytesError) -> ArraySlice<UInt8> {
    let start = bytes.startIndex + position
    let window = bytes[start..<start + min(remaining, limit)]
    guard let end = window.firstIndex(of: terminator) else {
      throw BytesError(
        .unexpectedEnd, "found no byte \(terminator) that ends the text within \(window.count) bytes",
        offset: offset)
    }
    position += end - start + 1
    return bytes[start..<end]
  }

  /// Reads a fixed-width integer, little-endian unless told otherwise.
  @inlinable
  public mutating func read<Value: FixedWidthInteger>(
    _ type: Value.Type, bigEndian: Bool = false
  ) throws(BytesError) -> Value {
    let slice = try readBytes(MemoryLayout<Value>.size)
    var value: Value = 0
    if bigEndian {
      for byte in slice { value = value << 8 | Value(truncatingIfNeeded: byte) }
    } else {
      for byte in slice.reversed() { value = value << 8 | Value(truncatingIfNeeded: byte) }
    }
    return value
  }

  /// Reads `count` bytes as UTF-8 text and refuses bytes that are not.
  public mutating func readText(_ count: Int) throws(BytesError) -> String {
    let start = position
    let slice = try readBytes(count)
    guard let text = String(validating: slice, as: UTF8.self) else {
      position = start
      throw BytesError(.invalidText, "\(count) bytes of text are not valid UTF-8", offset: offset)
    }
    return text
  }

  /// Moves to a position relative to the first byte of this reader.
  public mutating func seek(to position: Int) throws(BytesError) {
    guard position >= 0, position <= bytes.count else {
      throw BytesError(
        .unexpectedEnd, "position \(position) lies outside of \(bytes.count) bytes", offset: baseOffset)
    }
    self.position = position
  }

  private func endOfInput(needed: Int) -> BytesError {
    BytesError(
      .unexpectedEnd, "needed \(needed) more bytes, found \(remaining)", offset: offset)
  }
}

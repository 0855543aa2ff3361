import Bytes
import Testing

@Suite struct ByteReaderTests {
  /// The bytes 0x81, 0x82, ... 0x88 at offset 100 of a file, cut out of a longer array.
  private var reader: ByteReader {
    ByteReader(([0] + (0x81...0x88) + [0])[1...8], baseOffset: 100)
  }

  @Test func countsFromItsFirstByte() throws {
    var reader = reader
    #expect(reader.count == 8)
    #expect(reader.offset == 100)
    #expect(try reader.readBytes(3) == [0x81, 0x82, 0x83])
    #expect(reader.position == 3)
    #expect(reader.remaining == 5)
    #expect(reader.offset == 103)
    #expect(!reader.isAtEnd)
    #expect(try reader.readBytes(5) == [0x84, 0x85, 0x86, 0x87, 0x88])
    #expect(reader.isAtEnd)
    #expect(try reader.readBytes(0) == [])
  }

  @Test func readsIntegersOfEveryWidthInBothOrders() throws {
    func check<Value: FixedWidthInteger>(_ little: Value, _ big: Value) throws {
      var forward = reader
      #expect(try forward.read(Value.self) == little)
      var backward = reader
      #expect(try backward.read(Value.self, bigEndian: true) == big)
      #expect(forward.position == MemoryLayout<Value>.size)
      #expect(backward.position == MemoryLayout<Value>.size)
    }
    try check(0x81 as UInt8, 0x81)
    try check(-0x7F as Int8, -0x7F)
    try check(0x8281 as UInt16, 0x8182)
    try check(-0x7D7F as Int16, -0x7E7E)
    try check(0x8483_8281 as UInt32, 0x8182_8384)
    try check(-0x7B7C_7D7F as Int32, -0x7E7D_7C7C)
    try check(0x8887_8685_8483_8281 as UInt64, 0x8182_8384_8586_8788)
    try check(-0x7778_797A_7B7C_7D7F as Int64, -0x7E7D_7C7B_7A79_7878)
  }

  @Test func readsTextAndKeepsWhatIsNotASCII() throws {
    var reader = ByteReader(Array("größe\0".utf8))
    #expect(try reader.readText(7) == "größe")
    #expect(try reader.readText(1) == "\0")
    #expect(try reader.readText(0) == "")
  }

  @Test func readsUpToATerminatorAndTakesIt() throws {
    var reader = ByteReader(Array("ab\n\ncd".utf8))
    #expect(try reader.readBytes(upTo: 0x0A, limit: 3) == [0x61, 0x62])
    #expect(try reader.readBytes(upTo: 0x0A, limit: 3) == [])
    #expect(reader.position == 4)
  }

  @Test func seeksToEveryPositionUpToTheEnd() throws {
    var reader = reader
    try reader.seek(to: 8)
    #expect(reader.isAtEnd)
    try reader.seek(to: 0)
    #expect(try reader.read(UInt8.self) == 0x81)
  }

  /// What is read when two bytes of eight are behind, and the error it gives.
  static let refusals: [(String, @Sendable (inout ByteReader) throws -> Void, BytesError)] = [
    ("bytes", { _ = try $0.readBytes(7) }, shortage(7)),
    ("as many bytes as there are numbers", { _ = try $0.readBytes(.max) }, shortage(.max)),
    ("a negative count", { _ = try $0.readBytes(-1) }, shortage(-1)),
    ("an integer", { _ = try $0.read(UInt64.self) }, shortage(8)),
    ("an integer, big-endian", { _ = try $0.read(Int64.self, bigEndian: true) }, shortage(8)),
    ("text", { _ = try $0.readText(9) }, shortage(9)),
    (
      "text that is not UTF-8", { _ = try $0.readText(4) },
      BytesError(.invalidText, "4 bytes of text are not valid UTF-8", offset: 102)
    ),
    (
      "an absent terminator", { _ = try $0.readBytes(upTo: 0, limit: 100) },
      BytesError(.unexpectedEnd, "found no byte 0 that ends the text within 6 bytes", offset: 102)
    ),
    (
      "a terminator past the limit", { _ = try $0.readBytes(upTo: 0x85, limit: 2) },
      BytesError(.unexpectedEnd, "found no byte 133 that ends the text within 2 bytes", offset: 102)
    ),
    (
      "a position past the end", { try $0.seek(to: 9) },
      BytesError(.unexpectedEnd, "position 9 lies outside of 8 bytes", offset: 100)
    ),
    (
      "a position before the start", { try $0.seek(to: -1) },
      BytesError(.unexpectedEnd, "position -1 lies outside of 8 bytes", offset: 100)
    ),
  ]

  @Test(arguments: refusals.indices)
  func staysWhereItWasWhenAReadFails(_ row: Int) throws {
    let (name, read, expected) = Self.refusals[row]
    var reader = reader
    try reader.seek(to: 2)
    #expect(throws: expected, "\(name)") { try read(&reader) }
    #expect(reader.position == 2, "\(name)")
    #expect(try reader.read(UInt8.self) == 0x83, "\(name)")
  }

  private static func shortage(_ count: Int) -> BytesError {
    BytesError(.unexpectedEnd, "needed \(count) more bytes, found 6", offset: 102)
  }
}

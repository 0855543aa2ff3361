import Checkpoint
import SourceFormats
import Testing

@testable import Conversion
import TestSupport

@Suite struct SourceBytesTests {
  private static let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

  /// Bytes as blocks of a raw DEFLATE stream that are not compressed (RFC 1951, 3.2.4).
  private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = []
    var rest = bytes[...]
    repeat {
      let block = rest.prefix(0xFFFF)
      rest = rest.dropFirst(block.count)
      let count = UInt16(block.count)
      stream += [rest.isEmpty ? 1 : 0] + count.littleEndianBytes + (~count).littleEndianBytes + block
    } while !rest.isEmpty
    return stream
  }

  private func source(
    _ stream: [UInt8], byteCount: Int, checksum: UInt32? = nil
  ) throws -> ByteSource {
    try ByteSource(stream) {
      $0.encoding = .deflated(compressedByteCount: UInt64(stream.count))
      $0.byteCount = UInt64(byteCount)
      $0.crc32 = checksum
    }
  }

  private let whole = SourceTensor(
    path: ["weight"], elementType: .uint8, shape: [200_000], strides: [1], storage: 0)

  @Test func `a deflated storage is read in any order`() throws {
    let source = try source(Self.deflated(Self.content), byteCount: Self.content.count)
    #expect(try source.read(whole) == Self.content)
    var backwards = whole
    backwards.strides = [-1]
    backwards.storageOffset = 199_999
    #expect(try source.read(backwards) == Self.content.reversed())
    #expect(try source.files() == ["bytes"], "scratch files have no name, or are gone")
  }

  @Test func `a deflated storage whose checksum is wrong is refused`() throws {
    var checksum = CRC32()
    checksum.update(Self.content)
    let stream = Self.deflated(Self.content)
    #expect(try source(stream, byteCount: 200_000, checksum: checksum.value).read(whole) == Self.content)
    let error = #expect(throws: ConversionError.self) {
      try source(stream, byteCount: 200_000, checksum: 1).read(whole)
    }
    #expect(error?.code == .checksumMismatch)
    #expect(error?.message.hasSuffix(", the archive states 0x00000001") == true)
    #expect(error?.offset == 0)
  }

  @Test(arguments: [
    (199_999, "does not inflate to the 199999 bytes that the archive declares"),
    (200_001, "inflates to 200000 bytes, the archive declares 200001"),
  ])
  func `a deflated storage of another size is refused`(_ declared: Int, _ message: String) throws {
    let source = try source(Self.deflated(Self.content), byteCount: declared)
    let error = #expect(throws: ConversionError.self) { try source.read(whole) }
    #expect(error?.code == .malformed)
    #expect(error?.message == "record archive/data/0 " + message)
  }

  @Test func `a deflated storage that is cut off is refused`() throws {
    let stream = Array(Self.deflated(Self.content).dropLast(10))
    let source = try source(stream, byteCount: Self.content.count)
    let error = #expect(throws: ConversionError.self) { try source.read(whole) }
    #expect(
      error?.message == "record archive/data/0 does not inflate to the 200000 bytes that the archive declares"
    )
  }

  @Test func `what no tensor refers to is checked too`() throws {
    let directory = try TemporaryDirectory()
    let source = try source(Self.deflated(Self.content), byteCount: 200_000, checksum: 1)
    let strict = SourceBytes(source.index(whole), scratchDirectory: directory.path, ignoreChecksums: false)
    let error = #expect(throws: ConversionError.self) { try strict.checkDeflated() }
    #expect(error?.code == .checksumMismatch)
    let lenient = SourceBytes(source.index(whole), scratchDirectory: directory.path, ignoreChecksums: true)
    try lenient.checkDeflated()
    #expect(lenient.notes.count == 1)
    #expect(lenient.notes.first?.hasSuffix("the archive states 0x00000001 (ignored as asked)") == true)
  }
}

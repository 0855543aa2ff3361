import SourceFormats
import Testing

@Suite struct CRC32Tests {
  /// The check value of CRC-32/ISO-HDLC in the catalogue of Greg Cook, and that of no bytes.
  @Test(arguments: [("123456789", 0xCBF4_3926), ("", 0), ("a", 0xE8B7_BE43)] as [(String, UInt32)])
  func agreesWithPublishedValues(_ text: String, _ expected: UInt32) {
    var checksum = CRC32()
    checksum.update(Array(text.utf8))
    #expect(checksum.value == expected)
  }

  @Test func doesNotDependOnHowTheBytesAreCut() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var whole = CRC32()
    whole.update(bytes)
    var cut = CRC32()
    cut.update(bytes[..<1])
    cut.update([UInt8]())
    cut.update(bytes[1..<700])
    cut.update(Array(bytes[700...]))
    #expect(cut == whole)
  }
}

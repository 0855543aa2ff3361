import Testing

@testable import Checkpoint

@Suite struct Adler32Tests {
  /// The checksums of zlib (`zlib.adler32` of Python).
  @Test(
    arguments: [
      ("", 0x0000_0001), ("a", 0x0062_0062), ("Wikipedia", 0x11E6_0398),
      ("attnconv.header", 0x30DE_0605),
    ] as [(String, UInt32)])
  func isThatOfZlib(_ text: String, _ expected: UInt32) {
    #expect(Adler32(Array(text.utf8)[...]).value == expected)
  }

  @Test func isThatOfZlibForTheLongestBlock() {
    let block = (0..<Adler32.maximumLength).map { UInt8(truncatingIfNeeded: 255 - $0 / 7) }
    #expect(Adler32(block[...]).value == 0x8915_AF54)
  }

  /// Every change of a byte, at places that a slice does not begin with 0.
  @Test func findsEveryChangeOfOneByte() {
    let whole = (0..<50).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    let block = 10..<50
    let checksum = Adler32(whole[block])
    #expect(checksum.singleChange(from: whole[block]) == nil)
    for index in block {
      for mask in 1...255 as ClosedRange<UInt8> {
        var changed = whole
        changed[index] ^= mask
        let change = checksum.singleChange(from: changed[block])
        #expect(change?.index == index)
        #expect(change?.byte == whole[index])
      }
    }
  }

  @Test func findsAChangeAtBothEndsOfTheLongestBlock() {
    let whole = [UInt8](repeating: 255, count: Adler32.maximumLength)
    for index in [0, whole.count - 1] {
      var changed = whole
      changed[index] = 0
      let change = Adler32(whole[...]).singleChange(from: changed[...])
      #expect(change?.index == index)
      #expect(change?.byte == 255)
    }
  }
}

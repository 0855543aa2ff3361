/// Adler-32 (RFC 1950, section 8.2) of a short block: it says where a single changed byte is, and what it was.
///
/// The first sum counts each byte once, the second as often as it is far from the end, both modulo 65521. A byte
/// that changed by `d` changes them by `d` and by `d` times its distance, whose quotient is the distance.
struct Adler32: Equatable {
  /// The largest prime below 2^16 (RFC 1950).
  static let modulus = 65_521

  /// Sums of blocks up to this length do not overflow 32 bits before they are reduced, and places are unambiguous.
  static let maximumLength = 4096

  /// The second sum in the upper, the first in the lower 16 bits.
  let value: UInt32

  /// Creates a checksum that was read.
  init(value: UInt32) { self.value = value }

  /// Computes the checksum of a block.
  init(_ block: ArraySlice<UInt8>) {
    precondition(block.count <= Self.maximumLength, "sums are reduced once")
    var (first, second): (UInt32, UInt32) = (1, 0)
    for byte in block {
      first += UInt32(byte)
      second += first
    }
    value = (second % UInt32(Self.modulus)) << 16 | first % UInt32(Self.modulus)
  }

  /// The only change of one byte that makes a block with this checksum of `block`; `nil` where there is none.
  func singleChange(from block: ArraySlice<UInt8>) -> (index: Int, byte: UInt8)? {
    let found = Adler32(block)
    // What was is found minus the change.
    guard let difference = Self.byteDifference(found.first - first), difference != 0 else { return nil }
    let weighted = Self.reduced(found.second - second)
    let distance = Self.reduced(weighted * Self.inverse(of: Self.reduced(difference)))
    guard 1...block.count ~= distance else { return nil }
    let index = block.endIndex - distance
    guard let byte = UInt8(exactly: Int(block[index]) - difference) else { return nil }
    return (index, byte)
  }

  private var first: Int { Int(value & 0xFFFF) }
  private var second: Int { Int(value >> 16) }

  /// The difference of two bytes that a difference modulo 65521 stands for.
  private static func byteDifference(_ difference: Int) -> Int? {
    let reduced = reduced(difference)
    if reduced <= 255 { return reduced }
    return reduced >= modulus - 255 ? reduced - modulus : nil
  }

  private static func reduced(_ number: Int) -> Int { (number % modulus + modulus) % modulus }

  /// The inverse modulo a prime is the power by the prime minus 2 (Fermat).
  private static func inverse(of number: Int) -> Int {
    var (base, exponent, result) = (number, modulus - 2, 1)
    while exponent > 0 {
      if exponent & 1 == 1 { result = result * base % modulus }
      base = base * base % modulus
      exponent >>= 1
    }
    return result
  }
}

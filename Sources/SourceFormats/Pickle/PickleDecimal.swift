/// Decimal text of integers of more than 64 bits.
enum PickleDecimal {
  /// The decimal digits of a two's complement number, little-endian.
  ///
  /// Quadratic in the number of bytes, which `PickleLimits.integerByteCount` bounds.
  static func text(_ bytes: ArraySlice<UInt8>) -> String {
    let isNegative = bytes.last.map { $0 >= 0x80 } ?? false
    var limbs: [UInt32] = []
    var carry: UInt32 = isNegative ? 1 : 0
    var rest = bytes
    while !rest.isEmpty {
      var limb: UInt32 = isNegative ? .max : 0
      for (place, byte) in rest.prefix(4).enumerated() {
        let shift = UInt32(place) * 8
        limb = limb & ~(0xFF << shift) | UInt32(byte) << shift
      }
      rest = rest.dropFirst(4)
      if isNegative {
        let (sum, overflow) = (~limb).addingReportingOverflow(carry)
        limb = sum
        carry = overflow ? 1 : 0
      }
      limbs.append(limb)
    }
    if carry == 1 { limbs.append(1) }

    let base: UInt64 = 1_000_000_000
    var groups: [String] = []
    while !limbs.isEmpty {
      var remainder: UInt64 = 0
      for index in limbs.indices.reversed() {
        let value = remainder << 32 | UInt64(limbs[index])
        limbs[index] = UInt32(value / base)
        remainder = value % base
      }
      while limbs.last == 0 { limbs.removeLast() }
      let digits = String(remainder)
      groups.append(limbs.isEmpty ? digits : String(repeating: "0", count: 9 - digits.count) + digits)
    }
    return (isNegative ? "-" : "") + (groups.isEmpty ? "0" : groups.reversed().joined())
  }
}

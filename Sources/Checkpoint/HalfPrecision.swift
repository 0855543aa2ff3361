/// Conversion between single precision and the two 16-bit formats, rounding to nearest, ties to even.
///
/// Written with integers because `Float16` does not exist on every platform. IEEE 754-2019, section 3.6 for
/// half precision; bfloat16 is the upper half of a single-precision number.
public enum HalfPrecision {
  /// The single-precision number of a half-precision bit pattern; exact, payloads of NaN included.
  public static func widened(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1F
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:
      // A subnormal counts in units of 2^-24.
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: sign | magnitude.bitPattern)
    case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  /// The half-precision bit pattern nearest to a single-precision number; overflow gives infinity.
  public static func half(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = bits & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
    // 65520 is half way between the largest finite number, 65504, and the next power of two.
    if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
    if magnitude < 0x3880_0000 {
      // Below 2^-14: in units of 2^-24, rounded by the processor's own round-to-nearest-even.
      let scaled = (Float(bitPattern: magnitude) * 0x1p24).rounded(.toNearestOrEven)
      return sign | UInt16(scaled)
    }
    let rebased = magnitude - 112 << 23
    let rounded = rebased + 0xFFF + (rebased >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: rounded >> 13)
  }

  /// The bfloat16 bit pattern nearest to a single-precision number; NaN becomes the quiet NaN 0x7FC0 as in
  /// PyTorch (`c10/util/BFloat16.h`, `round_to_nearest_even`).
  public static func bfloat16(_ value: Float) -> UInt16 {
    if value.isNaN { return 0x7FC0 }
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
  }
}

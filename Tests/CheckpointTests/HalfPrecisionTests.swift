import Checkpoint
import Crypto
import Testing

/// Expected values are those of NumPy 2.4 (`astype(float16)`, `astype(float32)`) and PyTorch 2.15
/// (`to(torch.bfloat16)`).
@Suite struct HalfPrecisionTests {
  private func isNaN(half bits: UInt16) -> Bool { bits & 0x7FFF > 0x7C00 }

  @Test func everyHalfComesBackFromSinglePrecision() {
    for bits in UInt16.min...UInt16.max {
      let back = HalfPrecision.half(HalfPrecision.widened(bits))
      // A NaN stays a NaN of its sign; its payload becomes that of the quiet NaN.
      guard back == (isNaN(half: bits) ? bits & 0x8000 | 0x7E00 : bits) else {
        Issue.record("\(String(bits, radix: 16)) came back as \(String(back, radix: 16))")
        continue
      }
    }
  }

  @Test func everyBFloat16ComesBackFromSinglePrecision() {
    for bits in UInt16.min...UInt16.max {
      let value = Float(bitPattern: UInt32(bits) << 16)
      let back = HalfPrecision.bfloat16(value)
      guard back == (value.isNaN ? 0x7FC0 : bits) else {
        Issue.record("\(String(bits, radix: 16)) came back as \(String(back, radix: 16))")
        continue
      }
    }
  }

  @Test func aHalfThatIsNotANumberStaysOneWhenItIsWidened() {
    for bits in UInt16.min...UInt16.max where isNaN(half: bits) {
      let wide = HalfPrecision.widened(bits).bitPattern
      #expect(wide == UInt32(bits & 0x8000) << 16 | 0x7F80_0000 | UInt32(bits & 0x3FF) << 13)
    }
  }

  /// Bit patterns of a single-precision number, its half and its bfloat16.
  @Test(
    arguments: [
      (0x0000_0000, 0x0000, 0x0000), (0x8000_0000, 0x8000, 0x8000), (0x4049_0FDB, 0x4248, 0x4049),
      // 2^-14, the smallest normal half; 2^-24, the smallest of all.
      (0x3880_0000, 0x0400, 0x3880), (0x3380_0000, 0x0001, 0x3380),
      // 2^-25 is a tie between 0 and 2^-24; the next number is not.
      (0x3300_0000, 0x0000, 0x3300), (0x3300_0001, 0x0001, 0x3300), (0xB300_0001, 0x8001, 0xB300),
      // 1.5 * 2^-24 and 1.5 * 2^-23: a tie goes up to 2, no tie stays 3.
      (0x33C0_0000, 0x0002, 0x33C0), (0x3440_0000, 0x0003, 0x3440),
      // The largest subnormal, and a tie between it and 2^-14.
      (0x387F_C000, 0x03FF, 0x3880), (0x387F_E000, 0x0400, 0x3880),
      // Ties above 1: down to an even last bit, up to an even last bit.
      (0x3F80_1000, 0x3C00, 0x3F80), (0x3F80_3000, 0x3C02, 0x3F80), (0xBF80_3000, 0xBC02, 0xBF80),
      // 65504 is the largest half, 65519 rounds to it, 65520 is half way to what would be 65536.
      (0x477F_E000, 0x7BFF, 0x4780), (0x477F_EF00, 0x7BFF, 0x4780), (0x477F_EFFF, 0x7BFF, 0x4780),
      (0x477F_F000, 0x7C00, 0x4780), (0xC77F_F000, 0xFC00, 0xC780),
      (0x7F7F_FFFF, 0x7C00, 0x7F80), (0x7F80_0000, 0x7C00, 0x7F80), (0xFF80_0000, 0xFC00, 0xFF80),
      // Ties of bfloat16, and their neighbours.
      (0x3F80_7FFF, 0x3C04, 0x3F80), (0x3F80_8000, 0x3C04, 0x3F80), (0x3F80_8001, 0x3C04, 0x3F81),
      (0x3F81_8000, 0x3C0C, 0x3F82), (0xBF80_8000, 0xBC04, 0xBF80), (0x7F7F_7FFF, 0x7C00, 0x7F7F),
      // Subnormal numbers of single precision.
      (0x0000_0001, 0x0000, 0x0000), (0x0000_8000, 0x0000, 0x0000), (0x0000_8001, 0x0000, 0x0001),
      (0x0001_8000, 0x0000, 0x0002), (0x8000_0001, 0x8000, 0x8000),
      // NaN, as the documentation of this package says.
      (0x7FC0_0000, 0x7E00, 0x7FC0), (0xFFC0_0000, 0xFE00, 0x7FC0), (0x7F80_0001, 0x7E00, 0x7FC0),
    ] as [(UInt32, UInt16, UInt16)])
  func roundsToTheNearestAndTiesToEven(_ single: UInt32, _ half: UInt16, _ bfloat16: UInt16) {
    #expect(HalfPrecision.half(Float(bitPattern: single)) == half)
    #expect(HalfPrecision.bfloat16(Float(bitPattern: single)) == bfloat16)
  }

  /// Every upper half of a number with lower halves at and around the ties, without NaN: 718,082 numbers.
  private var samples: [Float] {
    let lows: [UInt32] = [0, 0xFFF, 0x1000, 0x1001, 0x2FFF, 0x3000, 0x7FFF, 0x8000, 0x8001, 0xF000, 0xFFFF]
    return lows.flatMap { low in (0..<65536).map { Float(bitPattern: $0 << 16 | low) } }.filter { !$0.isNaN }
  }

  private func digest(_ values: [UInt16]) -> String {
    ContentDigest.hexadecimal(
      SHA256.hash(data: values.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }))
  }

  /// In Python:
  ///
  ///     lows = [0, 0xFFF, 0x1000, 0x1001, 0x2FFF, 0x3000, 0x7FFF, 0x8000, 0x8001, 0xF000, 0xFFFF]
  ///     b = np.concatenate([np.arange(65536, dtype=np.uint32) << 16 | low for low in lows])
  ///     f = b.astype(np.uint32).view(np.float32); f = f[~np.isnan(f)]
  ///     hashlib.sha256(f.astype('<f2').tobytes()).hexdigest()
  ///     t = torch.from_numpy(f).to(torch.bfloat16).view(torch.int16).numpy()
  ///     hashlib.sha256(t.tobytes()).hexdigest()
  @Test func roundsAsNumPyAndPyTorchDo() {
    let samples = samples
    #expect(samples.count == 718_082)
    #expect(
      digest(samples.map(HalfPrecision.half))
        == "3b5a79b67faf9665a10413198c3770891193c257cc251abed9d7b708415e00b4")
    #expect(
      digest(samples.map(HalfPrecision.bfloat16))
        == "5196a376dce90bd876fac94c6e927e5dc0cd2825adc60ef693c56f0da6696406")
  }

  /// In Python:
  ///
  ///     h = np.arange(65536, dtype=np.uint16).view(np.float16); h = h[~np.isnan(h)]
  ///     hashlib.sha256(h.astype('<f4').tobytes()).hexdigest()
  @Test func widensAsNumPyDoes() {
    let halves = (UInt16.min...UInt16.max).filter { !isNaN(half: $0) }
    let bytes = halves.flatMap { half in
      let bits = HalfPrecision.widened(half).bitPattern
      return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    }
    #expect(
      ContentDigest.hexadecimal(SHA256.hash(data: bytes))
        == "680bbc22915f61aa1bbfc7265bc3882a6aa42d299bfd2c571807196e5544de2e")
  }
}

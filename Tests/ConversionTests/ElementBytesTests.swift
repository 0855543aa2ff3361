import Checkpoint
import SourceFormats
import Testing

@testable import Conversion

@Suite struct ElementBytesTests {
  @Test(
    arguments: [
      (1, [1, 2, 3], [1, 2, 3]),
      (2, [1, 2, 3, 4], [2, 1, 4, 3]),
      (4, [1, 2, 3, 4, 5, 6, 7, 8], [4, 3, 2, 1, 8, 7, 6, 5]),
      (8, [1, 2, 3, 4, 5, 6, 7, 8], [8, 7, 6, 5, 4, 3, 2, 1]),
      (4, [], []),
    ] as [(Int, [UInt8], [UInt8])])
  func `bytes are reversed unit by unit`(_ unit: Int, _ bytes: [UInt8], _ expected: [UInt8]) {
    var buffer = bytes
    ElementBytes.reverse(&buffer, unit: unit)
    #expect(buffer == expected)
  }

  @Test(
    arguments: [
      (.float32, [1.5, -2, 0, .infinity], [-1.5, 2, -0.0, -.infinity])
    ] as [(ElementType, [Float], [Float])])
  func `numbers are negated by their sign`(_ type: ElementType, _ values: [Float], _ expected: [Float]) {
    var buffer = values.flatMap(\.bitPattern.littleEndianBytes)
    ElementBytes.apply(.negate, to: &buffer, elementType: type)
    #expect(buffer == expected.flatMap(\.bitPattern.littleEndianBytes))
  }

  @Test(
    arguments: [
      (.int8, [1, 0xFF, 0, 0x80], [0xFF, 1, 0, 0x80]),
      (.int16, [1, 0, 0, 1, 0, 0x80], [0xFF, 0xFF, 0, 0xFF, 0, 0x80]),
      (.float16, [0, 0x3C], [0, 0xBC]),
      (.bfloat16, [0x80, 0x3F], [0x80, 0xBF]),
      (.float64, [0, 0, 0, 0, 0, 0, 0xF0, 0x3F], [0, 0, 0, 0, 0, 0, 0xF0, 0xBF]),
      (.complex64, [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0], [0, 0, 0x80, 0xBF, 0, 0, 0, 0x40]),
    ] as [(ElementType, [UInt8], [UInt8])])
  func `every type is negated in its own way`(_ type: ElementType, _ bytes: [UInt8], _ expected: [UInt8]) {
    var buffer = bytes
    ElementBytes.apply(.negate, to: &buffer, elementType: type)
    #expect(buffer == expected)
  }

  @Test func `conjugation changes the sign of imaginary parts alone`() {
    let numbers: [Float] = [1, 2, -3, -4, 5, 0]
    var buffer = numbers.flatMap(\.bitPattern.littleEndianBytes)
    ElementBytes.apply(.conjugate, to: &buffer, elementType: .complex64)
    #expect(buffer == [1, -2, -3, 4, 5, -0.0].map { Float($0) }.flatMap(\.bitPattern.littleEndianBytes))
    ElementBytes.apply([.conjugate, .negate], to: &buffer, elementType: .complex64)
    #expect(buffer == [-1, -2, 3, 4, -5, -0.0].map { Float($0) }.flatMap(\.bitPattern.littleEndianBytes))
  }

  @Test func `real numbers are their own conjugates`() {
    var buffer = Float(1.5).bitPattern.littleEndianBytes
    ElementBytes.apply(.conjugate, to: &buffer, elementType: .float32)
    #expect(buffer == Float(1.5).bitPattern.littleEndianBytes)
  }

  /// Bit patterns from IEEE 754 and, where rounding is involved, from torch: `torch.tensor(x).to(dtype)`.
  @Test(
    arguments: [
      (1, 0x3C00, 0x3F80),
      (-2, 0xC000, 0xC000),
      (0, 0, 0),
      (-0.0, 0x8000, 0x8000),
      (65504, 0x7BFF, 0x4780),
      (65520, 0x7C00, 0x4780),
      (1e-8, 0, 0x322C),
      (6e-8, 1, 0x3381),
      (1.000_488_281_25, 0x3C00, 0x3F80),
      (1.001_464_843_75, 0x3C02, 0x3F80),
      (1.003_906_25, 0x3C04, 0x3F80),
      (1.011_718_75, 0x3C0C, 0x3F82),
      (.infinity, 0x7C00, 0x7F80),
      (-.infinity, 0xFC00, 0xFF80),
      (3.4e38, 0x7C00, 0x7F80),
    ] as [(Float, UInt16, UInt16)])
  func `single precision becomes half precision, rounded to nearest even`(
    _ value: Float, _ half: UInt16, _ bfloat: UInt16
  ) {
    let bytes = value.bitPattern.littleEndianBytes
    #expect(ElementBytes.convert(bytes, from: .float32, to: .float16) == half.littleEndianBytes)
    #expect(ElementBytes.convert(bytes, from: .float32, to: .bfloat16) == bfloat.littleEndianBytes)
  }

  @Test func `what is no number stays so`() {
    let bytes = Float.nan.bitPattern.littleEndianBytes
    let half = ElementBytes.convert(bytes, from: .float32, to: .float16)
    #expect(half[1] & 0x7C == 0x7C && (half[1] & 3 != 0 || half[0] != 0))
    let bfloat = ElementBytes.convert(bytes, from: .float32, to: .bfloat16)
    #expect(bfloat[1] & 0x7F == 0x7F && bfloat[0] & 0x80 == 0x80 && bfloat[0] & 0x7F != 0)
  }

  @Test(arguments: [.float16, .bfloat16] as [ElementType])
  func `half precision comes back from single and double precision unchanged`(_ type: ElementType) {
    // Every finite number of the type, and the infinities.
    let limit: UInt16 = type == .float16 ? 0x7C00 : 0x7F80
    let bytes = stride(from: 0, through: limit, by: 7).flatMap { [$0, $0 | 0x8000] }.flatMap(
      \.littleEndianBytes)
    for wide in [ElementType.float32, .float64] {
      let widened = ElementBytes.convert(bytes, from: type, to: wide)
      #expect(widened.count == bytes.count / 2 * (wide == .float32 ? 4 : 8))
      #expect(ElementBytes.convert(widened, from: wide, to: type) == bytes)
    }
  }

  @Test func `double precision keeps all digits where it stays, and rounds once to single`() {
    let value = 1 + Double.ulpOfOne
    let bytes = value.bitPattern.littleEndianBytes
    #expect(ElementBytes.convert(bytes, from: .float64, to: .float64) == bytes)
    #expect(
      ElementBytes.convert(bytes, from: .float64, to: .float32) == Float(1).bitPattern.littleEndianBytes)
    #expect(
      ElementBytes.convert(Float(1.5).bitPattern.littleEndianBytes, from: .float32, to: .float64)
        == 1.5.bitPattern.littleEndianBytes)
  }
}

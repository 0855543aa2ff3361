import Checkpoint
import Testing

@Suite struct ElementTypeTests {
  /// Names and sizes in bits, in the order of `safetensors/src/tensor.rs` (`enum Dtype`).
  static let specification = [
    ("BOOL", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("U8", 8), ("I8", 8), ("F8_E5M2", 8),
    ("F8_E4M3", 8), ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8), ("I16", 16), ("U16", 16),
    ("F16", 16), ("BF16", 16), ("I32", 32), ("U32", 32), ("F32", 32), ("C64", 64), ("F64", 64),
    ("I64", 64), ("U64", 64),
  ]

  @Test func agreesWithTheSpecification() {
    #expect(ElementType.allCases.map(\.rawValue) == Self.specification.map(\.0))
    #expect(ElementType.allCases.map(\.bitCount) == Self.specification.map(\.1))
    #expect(ElementType.allCases.map(\.alignmentRank) == Array(Self.specification.indices))
  }

  @Test(
    arguments: [
      (.float32, [], 4), (.float32, [2, 3], 24), (.float16, [7], 14), (.complex64, [2], 16),
      (.bool, [0], 0), (.float32, [3, 0, 5], 0), (.float4, [2], 1), (.float4, [3], nil),
      (.float6E2M3, [4], 3), (.float6E3M2, [3], nil), (.float4, [0], 0), (.uint8, [-1], nil),
      (.uint8, [-1, 0], nil), (.uint8, [-1, -1], nil), (.uint8, [.max], nil),
      (.uint8, [1 << 59], 1 << 59), (.uint64, [1 << 56], 1 << 59), (.uint64, [1 << 57], nil),
      (.uint8, [1 << 62, 4], nil), (.uint8, [0, 1 << 62, 4], nil), (.uint8, [1 << 62, 4, 0], nil),
    ] as [(ElementType, [Int], Int?)])
  func countsTheBytesOfAShape(_ type: ElementType, _ shape: [Int], _ expected: Int?) {
    #expect(type.byteCount(shape: shape) == expected)
  }

  @Test func convertsOnlyTheFourCommonFloats() {
    #expect(ElementType.allCases.filter(\.isConvertibleFloat) == [.float16, .bfloat16, .float32, .float64])
  }

  @Test func reversesTheHalvesOfAComplexNumberOneByOne() {
    #expect(ElementType.complex64.byteOrderUnit == 4)
    #expect(ElementType.float64.byteOrderUnit == 8)
    #expect(ElementType.bfloat16.byteOrderUnit == 2)
    #expect(ElementType.float4.byteOrderUnit == 1)
    #expect(ElementType.float4.byteCount == nil)
    #expect(ElementType.float32.byteCount == 4)
  }
}

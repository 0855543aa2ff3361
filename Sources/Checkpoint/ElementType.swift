/// The element types of a safetensors file, in the alignment order that its specification declares.
///
/// Raw values are the names in the file. Source: huggingface/safetensors, `safetensors/src/tensor.rs`.
public enum ElementType: String, CaseIterable, Hashable, Sendable {
  case bool = "BOOL"
  case float4 = "F4"
  case float6E2M3 = "F6_E2M3"
  case float6E3M2 = "F6_E3M2"
  case uint8 = "U8"
  case int8 = "I8"
  case float8E5M2 = "F8_E5M2"
  case float8E4M3 = "F8_E4M3"
  case float8E8M0 = "F8_E8M0"
  case float8E4M3FNUZ = "F8_E4M3FNUZ"
  case float8E5M2FNUZ = "F8_E5M2FNUZ"
  case int16 = "I16"
  case uint16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case uint32 = "U32"
  case float32 = "F32"
  case complex64 = "C64"
  case float64 = "F64"
  case int64 = "I64"
  case uint64 = "U64"

  /// The number of bits of one element.
  public var bitCount: Int {
    switch self {
    case .float4: 4
    case .float6E2M3, .float6E3M2: 6
    case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0, .float8E4M3FNUZ, .float8E5M2FNUZ: 8
    case .int16, .uint16, .float16, .bfloat16: 16
    case .int32, .uint32, .float32: 32
    case .complex64, .float64, .int64, .uint64: 64
    }
  }

  /// The number of bytes of one element, or `nil` for types smaller than a byte.
  public var byteCount: Int? { bitCount % 8 == 0 ? bitCount / 8 : nil }

  /// The size of the units that a change of byte order reverses: a complex number is two of them.
  public var byteOrderUnit: Int { self == .complex64 ? 4 : max(1, bitCount / 8) }

  /// Whether values are floating-point numbers that half, bfloat16 and single precision can stand for.
  public var isConvertibleFloat: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }

  /// The place in the specification's order; a writer puts larger ones first.
  public var alignmentRank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// The byte count of a tensor of a shape, or `nil` where it overflows or is no whole number of bytes.
  ///
  /// A dimension of 0 does not hide an overflow of the others: whether a shape is accepted must not depend on
  /// the order of its dimensions.
  public func byteCount(shape: [Int]) -> Int? {
    var elements = 1
    for dimension in shape where dimension != 0 {
      guard dimension > 0 else { return nil }
      let (product, overflow) = elements.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      elements = product
    }
    if shape.contains(0) { elements = 0 }
    let (bits, overflow) = elements.multipliedReportingOverflow(by: bitCount)
    guard !overflow, bits % 8 == 0 else { return nil }
    return bits / 8
  }
}

import CHDF5
import Checkpoint
import SourceFormats

extension HDF5Object.ElementKind {
  /// What the elements of a datatype are; only those that are exactly a type of safetensors count as numbers.
  init(_ library: Library, _ type: hid_t) {
    let functions = library.functions
    let size = functions.typeSize(type)
    let kind = functions.typeClass(type)
    switch kind {
    case H5T_FLOAT: self = Self.float(library, type, size: size)
    case H5T_INTEGER: self = Self.integer(library, type, size: size)
    case H5T_OPAQUE: self = size == 2 ? .twoBytes : .other("opaque elements of \(size) bytes")
    case H5T_STRING: self = .other("texts")
    case H5T_COMPOUND: self = .other("compound records")
    case H5T_ENUM: self = .other("enumerated values")
    case H5T_VLEN: self = .other("lists of varying length")
    case H5T_REFERENCE: self = .other("references")
    case H5T_ARRAY: self = .other("arrays")
    default: self = .other("elements of datatype class \(kind.rawValue)")
    }
  }

  /// The fields of each IEEE 754 type: sign, exponent and mantissa, as `H5Tget_fields` gives them, and the bias.
  private struct Fields: Equatable {
    var sign = 0
    var exponent = 0
    var exponentSize = 0
    var mantissa = 0
    var mantissaSize = 0
    var bias = 0
  }

  private static let floats: [(ElementType, Int, Fields)] = [
    (.float16, 2, Fields(sign: 15, exponent: 10, exponentSize: 5, mantissaSize: 10, bias: 15)),
    (.bfloat16, 2, Fields(sign: 15, exponent: 7, exponentSize: 8, mantissaSize: 7, bias: 127)),
    (.float32, 4, Fields(sign: 31, exponent: 23, exponentSize: 8, mantissaSize: 23, bias: 127)),
    (.float64, 8, Fields(sign: 63, exponent: 52, exponentSize: 11, mantissaSize: 52, bias: 1023)),
  ]

  private static func float(_ library: Library, _ type: hid_t, size: Int) -> Self {
    var values: (sign: Int, exponent: Int, exponentSize: Int, mantissa: Int, mantissaSize: Int) = (
      0, 0, 0, 0, 0
    )
    guard
      unsafe library.functions.floatFields(
        type, &values.sign, &values.exponent, &values.exponentSize, &values.mantissa, &values.mantissaSize)
        >= 0
    else { return .other("floating-point numbers without a form") }
    let fields = Fields(
      sign: values.sign, exponent: values.exponent, exponentSize: values.exponentSize,
      mantissa: values.mantissa,
      mantissaSize: values.mantissaSize, bias: library.functions.exponentBias(type))
    guard let known = floats.first(where: { $0.1 == size && $0.2 == fields }),
      library.functions.normalization(type) == H5T_NORM_IMPLIED,
      let isBigEndian = isBigEndian(library, type, size: size)
    else { return .other("floating-point numbers of \(size) bytes that are not IEEE 754") }
    return .numbers(known.0, isBigEndian: isBigEndian)
  }

  private static func integer(_ library: Library, _ type: hid_t, size: Int) -> Self {
    let isSigned = library.functions.sign(type) == H5T_SGN_2
    let types: [Int: ElementType] =
      isSigned
      ? [1: .int8, 2: .int16, 4: .int32, 8: .int64] : [1: .uint8, 2: .uint16, 4: .uint32, 8: .uint64]
    guard let known = types[size], let isBigEndian = isBigEndian(library, type, size: size) else {
      return .other("integers of \(size) bytes that do not fill them")
    }
    return .numbers(known, isBigEndian: isBigEndian)
  }

  /// The byte order of a type whose bits fill its bytes; `nil` for any other.
  private static func isBigEndian(_ library: Library, _ type: hid_t, size: Int) -> Bool? {
    guard library.functions.precision(type) == size * 8, library.functions.bitOffset(type) == 0
    else { return nil }
    switch library.functions.byteOrder(type) {
    case H5T_ORDER_LE: return false
    case H5T_ORDER_BE: return true
    default: return nil
    }
  }
}

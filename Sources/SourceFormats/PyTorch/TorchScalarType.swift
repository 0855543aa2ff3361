import Checkpoint

/// The element types of PyTorch. Raw values are the names after `torch.`.
///
/// Source: `c10/core/ScalarType.h` and `torch/storage.py` (`_dtype_to_storage_type_map`, `_new_dtypes`).
enum TorchScalarType: String, CaseIterable, Sendable {
  case uint8, int8, int16, int32, int64
  case uint16, uint32, uint64
  case float16, float32, float64, bfloat16
  case complex32, complex64, complex128, bcomplex32
  case bool
  case float8E4M3FN = "float8_e4m3fn"
  case float8E5M2 = "float8_e5m2"
  case float8E4M3FNUZ = "float8_e4m3fnuz"
  case float8E5M2FNUZ = "float8_e5m2fnuz"
  case float8E8M0FNU = "float8_e8m0fnu"
  case float4E2M1FNx2 = "float4_e2m1fn_x2"
  case qint8, quint8, qint32, quint4x2, quint2x4
  case bits1x8, bits2x4, bits4x2, bits8, bits16
  case uint1, uint2, uint3, uint4, uint5, uint6, uint7
  case int1, int2, int3, int4, int5, int6, int7

  /// Finds the type of a name, also of its second name (`torch.half`).
  init?(torchName name: String) {
    if let type = TorchScalarType(rawValue: name) {
      self = type
      return
    }
    switch name {
    case "float": self = .float32
    case "double": self = .float64
    case "half": self = .float16
    case "long": self = .int64
    case "int": self = .int32
    case "short": self = .int16
    case "chalf": self = .complex32
    case "cfloat": self = .complex64
    case "cdouble": self = .complex128
    default: return nil
    }
  }

  /// The number of bytes of one element of a storage (`torch._utils._element_size`).
  var byteCount: Int {
    switch self {
    case .int16, .uint16, .float16, .bfloat16, .bits16: 2
    case .int32, .uint32, .float32, .complex32, .bcomplex32, .qint32: 4
    case .int64, .uint64, .float64, .complex64: 8
    case .complex128: 16
    default: 1
    }
  }

  /// The element type of the canonical format, or `nil` where it has none.
  var elementType: ElementType? {
    switch self {
    case .uint8: .uint8
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .float16: .float16
    case .float32: .float32
    case .float64: .float64
    case .bfloat16: .bfloat16
    case .complex64: .complex64
    case .bool: .bool
    case .float8E4M3FN: .float8E4M3
    case .float8E5M2: .float8E5M2
    case .float8E4M3FNUZ: .float8E4M3FNUZ
    case .float8E5M2FNUZ: .float8E5M2FNUZ
    case .float8E8M0FNU: .float8E8M0
    default: nil
    }
  }
}

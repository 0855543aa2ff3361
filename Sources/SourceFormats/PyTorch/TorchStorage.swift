/// A storage that a pickle refers to by its key; its bytes lie elsewhere in the file.
struct TorchStorage: Hashable, Sendable {
  /// The key: a decimal number as text.
  var key: String
  /// The type of one element as the first reference says it, or `nil` for a class that is not known.
  var scalarType: TorchScalarType?
  /// The number of elements of that type.
  var elementCount: Int
  /// The number of bytes, or `nil` where the type is not known.
  var byteCount: Int?
}

/// A storage, or a part of one that a legacy file shares between tensors.
struct TorchStorageView: Hashable, Sendable {
  /// The place in ``PickleGraph/storages``.
  var storage: Int
  /// The type of one element, or `nil` where the class is not known.
  var scalarType: TorchScalarType?
  /// Whether the storage has no type of its own (`torch.UntypedStorage`) and counts bytes.
  var isUntyped: Bool
  /// The offset of the first byte in the storage.
  var byteOffset: Int
  /// The number of bytes.
  var byteCount: Int
}

/// A storage class by which a persistent id gives the type of its elements.
enum TorchStorageClass: Hashable, Sendable {
  case typed(TorchScalarType)
  /// Bytes without a type; tensors of types newer than the storage classes live in these.
  case untyped

  /// Finds the class of a name such as `torch.FloatStorage` or `torch.cuda.HalfStorage`.
  ///
  /// Source: `torch/storage.py`, `_dtype_to_storage_type_map`. PyTorch looks at the class name alone; here
  /// the module has to be one of PyTorch's too.
  init?(name: String) {
    guard name.hasSuffix("Storage"), name.hasPrefix("torch."), let dot = name.lastIndex(of: ".") else {
      return nil
    }
    switch name[name.index(after: dot)...] {
    case "DoubleStorage": self = .typed(.float64)
    case "FloatStorage": self = .typed(.float32)
    case "HalfStorage": self = .typed(.float16)
    case "BFloat16Storage": self = .typed(.bfloat16)
    case "LongStorage": self = .typed(.int64)
    case "IntStorage": self = .typed(.int32)
    case "ShortStorage": self = .typed(.int16)
    case "CharStorage": self = .typed(.int8)
    case "ByteStorage": self = .typed(.uint8)
    case "BoolStorage": self = .typed(.bool)
    case "ComplexFloatStorage": self = .typed(.complex64)
    case "ComplexDoubleStorage": self = .typed(.complex128)
    case "QInt8Storage": self = .typed(.qint8)
    case "QUInt8Storage": self = .typed(.quint8)
    case "QInt32Storage": self = .typed(.qint32)
    case "QUInt4x2Storage": self = .typed(.quint4x2)
    case "QUInt2x4Storage": self = .typed(.quint2x4)
    case "UntypedStorage", "_UntypedStorage": self = .untyped
    default: return nil
    }
  }
}

import Checkpoint
import SourceFormats

/// Writes the pickle of a state dict, protocol 2, as `torch.save` does.
///
/// Only what `torch.load(weights_only=True)` allows is used: an `OrderedDict` of tensors, each rebuilt from a
/// storage of its own. Opcodes: CPython, `Lib/pickletools.py`. Signatures: PyTorch, `torch/_utils.py`.
struct PickleWriter {
  private(set) var bytes: [UInt8] = [0x80, 0x02]  // PROTO 2

  /// Begins an `OrderedDict`; entries follow.
  init() {
    global("collections", "OrderedDict")
    bytes += [0x29, 0x52]  // EMPTY_TUPLE, REDUCE
    bytes.append(0x28)  // MARK
  }

  /// Adds a tensor whose storage is the record `data/<key>`.
  ///
  /// - Throws: ``ConversionError`` with code `unsupportedElementType` where PyTorch has no such type.
  mutating func append(
    name: String, elementType: ElementType, shape: [Int], storageKey: String
  ) throws(ConversionError) {
    guard let type = TorchType(elementType), let width = elementType.byteCount else {
      throw ConversionError(
        .unsupportedElementType, "PyTorch has no type for \(elementType.rawValue) (tensor \"\(name)\")",
        hint: "export with --to safetensors, or convert with --dtype")
    }
    let count = shape.reduce(1, *)
    text(name)
    global("torch._utils", type.storageClass == nil ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2")
    bytes.append(0x28)  // MARK of the arguments
    bytes.append(0x28)  // MARK of the persistent id
    text("storage")
    if let storageClass = type.storageClass {
      global("torch", storageClass)
    } else {
      global("torch.storage", "UntypedStorage")
    }
    text(storageKey)
    text("cpu")
    // An untyped storage counts bytes, a typed one elements.
    integer(type.storageClass == nil ? count * width : count)
    bytes += [0x74, 0x51]  // TUPLE, BINPERSID
    integer(0)
    tuple(shape)
    tuple(SourceTensor.contiguousStrides(shape))
    bytes.append(0x89)  // NEWFALSE: requires_grad
    global("collections", "OrderedDict")
    bytes += [0x29, 0x52]  // backward_hooks: an empty OrderedDict
    if type.storageClass == nil { global("torch", type.name) }
    bytes += [0x74, 0x52]  // TUPLE, REDUCE
  }

  /// Ends the dictionary and the pickle.
  mutating func finish() {
    bytes += [0x75, 0x2E]  // SETITEMS, STOP
  }

  private mutating func global(_ module: String, _ name: String) {
    bytes += [0x63] + Array("\(module)\n\(name)\n".utf8)  // GLOBAL
  }

  private mutating func text(_ text: String) {
    let utf8 = Array(text.utf8)
    bytes += [0x58] + Self.littleEndian(UInt32(utf8.count)) + utf8  // BINUNICODE
  }

  private mutating func integer(_ value: Int) {
    switch value {
    case 0...0xFF: bytes += [0x4B, UInt8(value)]  // BININT1
    case 0x100...0xFFFF: bytes += [0x4D] + Self.littleEndian(UInt16(value))  // BININT2
    case 0x10000...Int(Int32.max): bytes += [0x4A] + Self.littleEndian(UInt32(value))  // BININT
    default: bytes += [0x8A, 8] + Self.littleEndian(UInt64(value))  // LONG1 of eight bytes
    }
  }

  private mutating func tuple(_ values: [Int]) {
    bytes.append(0x28)  // MARK
    for value in values { integer(value) }
    bytes.append(0x74)  // TUPLE
  }

  static func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<MemoryLayout<Value>.size).map { UInt8(truncatingIfNeeded: value >> Value(8 * $0)) }
  }
}

/// The names that PyTorch has for an element type.
struct TorchType {
  /// The dtype: `torch.float32`.
  let name: String

  /// The class of typed storages; `nil` for newer types, which have only untyped ones.
  let storageClass: String?

  init?(_ type: ElementType) {
    switch type {
    case .float64: self.init("float64", "DoubleStorage")
    case .float32: self.init("float32", "FloatStorage")
    case .float16: self.init("float16", "HalfStorage")
    case .bfloat16: self.init("bfloat16", "BFloat16Storage")
    case .int64: self.init("int64", "LongStorage")
    case .int32: self.init("int32", "IntStorage")
    case .int16: self.init("int16", "ShortStorage")
    case .int8: self.init("int8", "CharStorage")
    case .uint8: self.init("uint8", "ByteStorage")
    case .bool: self.init("bool", "BoolStorage")
    case .complex64: self.init("complex64", "ComplexFloatStorage")
    case .uint16: self.init("uint16", nil)
    case .uint32: self.init("uint32", nil)
    case .uint64: self.init("uint64", nil)
    case .float8E4M3: self.init("float8_e4m3fn", nil)
    case .float8E5M2: self.init("float8_e5m2", nil)
    case .float8E4M3FNUZ: self.init("float8_e4m3fnuz", nil)
    case .float8E5M2FNUZ: self.init("float8_e5m2fnuz", nil)
    case .float8E8M0: self.init("float8_e8m0fnu", nil)
    case .float4, .float6E2M3, .float6E3M2: return nil
    }
  }

  private init(_ name: String, _ storageClass: String?) {
    self.name = name
    self.storageClass = storageClass
  }
}

/// The allow-list: every class and function that the pickle machine knows the meaning of.
///
/// Nothing is ever called. A known global tells how to read its arguments as data; every other global
/// becomes an inert placeholder.
///
/// Source: `torch/_weights_only_unpickler.py` (`_get_allowed_globals`), with the names of Python 2
/// (`_compat_pickle.NAME_MAPPING`) and of the TorchScript pickler (`torch/csrc/jit/serialization/pickler.cpp`).
enum KnownGlobal: Hashable, Sendable {
  case orderedDictionary
  case defaultDictionary
  case set
  case list
  case tuple
  /// `_codecs.encode`: how Python 3 writes bytes into protocol 2.
  case encode
  case byteArray
  /// A class of plain data that is only named, or whose objects are listed and not rebuilt.
  case plainData
  /// `copyreg.__newobj__`: `NEWOBJ` as a function.
  case newObject
  /// `copyreg._reconstructor`: how protocols 0 and 1 write objects.
  case reconstructor
  case size
  case device
  case layout
  case parameter
  case tensorClass
  case storageClass(TorchStorageClass)
  case scalarType(TorchScalarType)
  /// TorchScript wraps a typed container in a call that gives back its first argument.
  case firstArgument
  case rebuild(TorchRebuild)
  case rebuildFromType

  /// Finds a global by module and name, joined by a dot.
  init?(name: String) {
    if let known = Self.table[name] {
      self = known
    } else if let storageClass = TorchStorageClass(name: name) {
      self = .storageClass(storageClass)
    } else if name.hasPrefix("torch._utils."),
      let rebuild = TorchRebuild(rawValue: String(name.dropFirst("torch._utils.".count)))
    {
      self = .rebuild(rebuild)
    } else if name.hasPrefix("torch.") {
      let last = String(name.dropFirst("torch.".count))
      if let scalarType = TorchScalarType(torchName: last) {
        self = .scalarType(scalarType)
      } else if Self.isTensorClass(last) {
        self = .tensorClass
      } else {
        return nil
      }
    } else {
      return nil
    }
  }

  private static let table: [String: KnownGlobal] = {
    var table: [String: KnownGlobal] = [
      "collections.OrderedDict": .orderedDictionary,
      "collections.Counter": .orderedDictionary,
      "collections.UserDict": .plainData,
      "UserDict.UserDict": .plainData,
      "collections.defaultdict": .defaultDictionary,
      "_codecs.encode": .encode,
      "copyreg.__newobj__": .newObject,
      "copy_reg.__newobj__": .newObject,
      "copyreg._reconstructor": .reconstructor,
      "copy_reg._reconstructor": .reconstructor,
      "torch.Size": .size,
      "torch.device": .device,
      "torch.serialization._get_layout": .layout,
      "torch.nn.parameter.Parameter": .parameter,
      "torch.nn.parameter.Buffer": .parameter,
      // PyTorch 0.1.10 to 0.3, where a parameter was a variable around a tensor.
      "torch.autograd.variable.Variable": .parameter,
      "torch.tensor._rebuild_from_type_v2": .rebuildFromType,
      "torch._tensor._rebuild_from_type_v2": .rebuildFromType,
      "torch.tensor._rebuild_from_type": .rebuildFromType,
      "torch._tensor._rebuild_from_type": .rebuildFromType,
      "torch.jit._pickle.build_intlist": .firstArgument,
      "torch.jit._pickle.build_tensorlist": .firstArgument,
      "torch.jit._pickle.build_doublelist": .firstArgument,
      "torch.jit._pickle.build_boollist": .firstArgument,
      "torch.jit._pickle.restore_type_tag": .firstArgument,
    ]
    for module in ["builtins", "__builtin__"] {
      table["\(module).set"] = .set
      table["\(module).frozenset"] = .set
      table["\(module).list"] = .list
      table["\(module).tuple"] = .tuple
      table["\(module).dict"] = .orderedDictionary
      table["\(module).bytearray"] = .byteArray
      for name in [
        "complex", "int", "long", "float", "bool", "str", "unicode", "bytes", "object", "slice", "range",
      ] {
        table["\(module).\(name)"] = .plainData
      }
    }
    for scheme in [
      "per_tensor_affine", "per_tensor_symmetric", "per_channel_affine", "per_channel_symmetric",
      "per_channel_affine_float_qparams", "strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr",
      "sparse_bsc", "contiguous_format", "channels_last", "preserve_format",
    ] {
      table["torch.\(scheme)"] = .plainData
    }
    return table
  }()

  /// `torch.Tensor`, `torch.FloatTensor`, `torch.cuda.FloatTensor`, `torch.sparse.FloatTensor`, ...
  private static func isTensorClass(_ name: String) -> Bool {
    guard name.hasSuffix("Tensor") else { return false }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let last = parts.last else { return false }
    let modules: Set<Substring> = ["cuda", "sparse", "_tensor"]
    return parts.dropLast().allSatisfy(modules.contains) && tensorClassNames.contains(String(last))
  }

  private static let tensorClassNames: Set<String> = [
    "Tensor", "FloatTensor", "DoubleTensor", "HalfTensor", "BFloat16Tensor", "LongTensor", "IntTensor",
    "ShortTensor", "CharTensor", "ByteTensor", "BoolTensor",
  ]
}

/// The functions of `torch._utils` that rebuild a tensor or parameter. Raw values are their names.
enum TorchRebuild: String, CaseIterable, Sendable {
  case tensor = "_rebuild_tensor"
  case tensorV2 = "_rebuild_tensor_v2"
  case tensorV3 = "_rebuild_tensor_v3"
  case parameter = "_rebuild_parameter"
  case parameterWithState = "_rebuild_parameter_with_state"
  case quantized = "_rebuild_qtensor"
  case sparse = "_rebuild_sparse_tensor"
  case sparseRows = "_rebuild_sparse_csr_tensor"
  case nested = "_rebuild_nested_tensor"
  case deviceFromCPU = "_rebuild_device_tensor_from_cpu_tensor"
  case deviceFromNumPy = "_rebuild_device_tensor_from_numpy"
  case xla = "_rebuild_xla_tensor"
  case meta = "_rebuild_meta_tensor_no_storage"
  case wrapperSubclass = "_rebuild_wrapper_subclass"

  /// How many arguments the function takes (`torch/_utils.py`).
  var argumentCounts: ClosedRange<Int> {
    switch self {
    case .tensor: 4...4
    case .tensorV2: 6...7
    case .tensorV3: 7...8
    case .parameter: 3...3
    case .parameterWithState: 4...4
    case .deviceFromCPU: 4...4
    // These are refused by name where they are needed, whatever their arguments are.
    case .quantized, .sparse, .sparseRows, .nested, .deviceFromNumPy, .xla, .meta, .wrapperSubclass: 0...64
    }
  }

  /// Why a tensor of this function has no dense bytes, or `nil` where it has.
  var unreadableReason: String? {
    switch self {
    case .tensor, .tensorV2, .tensorV3, .parameter, .parameterWithState, .deviceFromCPU: nil
    case .quantized: "a quantized tensor"
    case .sparse, .sparseRows: "a sparse tensor"
    case .nested: "a nested tensor"
    case .deviceFromNumPy, .xla: "a device tensor that was saved as a NumPy array"
    case .meta: "a meta tensor, which has no data"
    case .wrapperSubclass: "a tensor of a wrapper subclass, which has no storage of its own"
    }
  }
}

// Storages and tensors: what the persistent ids and the rebuild functions of PyTorch stand for.

extension PickleMachine {
  /// `BINPERSID`: a storage by its key, or in legacy files a class with its source text.
  ///
  /// Source: `persistent_load` in `torch/serialization.py`; the location is ignored.
  mutating func load(persistentIdentifier handle: PickleHandle) throws(PickleFailure) -> PickleHandle {
    guard let items = graph.tuple(handle), let kind = items.first.flatMap(graph.name) else {
      throw PickleFailure(
        .malformed, "expected a persistent id that begins with 'storage', found \(graph.describe(handle))")
    }
    if kind == "module", persistentIdentifiers == .legacy, items.count == 4 { return items[1] }
    let count = persistentIdentifiers == .zip ? 5 : 6
    guard kind == "storage", items.count == count else {
      throw PickleFailure(
        .malformed,
        "expected a persistent id ('storage', ...) of \(count) items, found \(items.count) items that begin with "
          + kind.prefix(40).debugDescription)
    }
    guard let className = graph.className(items[1]) else {
      throw PickleFailure(.malformed, "expected a storage class, found \(graph.describe(items[1]))")
    }
    let key = try storageKey(items[2])
    guard let elements = graph.integer(items[4]), elements >= 0 else {
      throw PickleFailure(.malformed, "expected a number of elements, found \(graph.describe(items[4]))")
    }
    let storageClass: TorchStorageClass? =
      if case .storageClass(let known) = graph.known(items[1]) { known } else { nil }
    let view = try storageView(key: key, className: className, storageClass, elementCount: elements)
    guard count == 6, items[5] != .none else { return try graph.addStorageView(view) }
    return try graph.addStorageView(try part(of: view, metadata: items[5]))
  }

  /// Keys are text in zip archives, and integers in some old files.
  private func storageKey(_ handle: PickleHandle) throws(PickleFailure) -> String {
    if let number = graph.integer(handle) { return String(number) }
    guard let key = graph.name(handle) else {
      if graph.isText(handle) {
        throw PickleFailure(
          .limitExceeded, "the key of a storage has more than \(PickleLimits.lineByteCount) bytes")
      }
      throw PickleFailure(.malformed, "expected a storage key, found \(graph.describe(handle))")
    }
    return key
  }

  /// The whole storage of a key, which all references must agree about.
  private mutating func storageView(
    key: String, className: String, _ storageClass: TorchStorageClass?, elementCount: Int
  ) throws(PickleFailure) -> TorchStorageView {
    var scalarType: TorchScalarType?
    var isUntyped = false
    var byteCount: Int?
    switch storageClass {
    case .typed(let type): scalarType = type
    case .untyped:
      scalarType = .uint8
      isUntyped = true
    case nil: break
    }
    if let scalarType {
      let (bytes, overflow) = elementCount.multipliedReportingOverflow(by: scalarType.byteCount)
      guard !overflow else {
        throw PickleFailure(.malformed, "the storage \(key) has \(elementCount) elements, too many to count")
      }
      byteCount = bytes
    }
    let index: Int
    if let known = graph.storageIndex(key: key) {
      index = known
      guard graph.storages[known].byteCount == byteCount else {
        throw PickleFailure(
          .malformed,
          "the storage \(key) has \(Self.show(byteCount)) bytes here and "
            + "\(Self.show(graph.storages[known].byteCount)) where it is first named")
      }
    } else {
      index = try graph.addStorage(
        TorchStorage(key: key, scalarType: scalarType, elementCount: elementCount, byteCount: byteCount))
    }
    return TorchStorageView(
      storage: index, scalarType: scalarType, isUntyped: isUntyped, byteOffset: 0, byteCount: byteCount ?? 0)
  }

  private static func show(_ byteCount: Int?) -> String {
    byteCount.map(String.init) ?? "an unknown number of"
  }

  /// `(view key, offset, count)` of a legacy file, in elements of the storage.
  private func part(
    of view: TorchStorageView, metadata: PickleHandle
  ) throws(PickleFailure) -> TorchStorageView {
    guard let items = graph.tuple(metadata), items.count == 3, let offset = graph.integer(items[1]),
      let count = graph.integer(items[2]), offset >= 0, count >= 0
    else {
      throw PickleFailure(
        .malformed, "expected view metadata (key, offset, count), found \(graph.describe(metadata))")
    }
    guard let size = view.scalarType?.byteCount else { return view }
    let available = view.byteCount / size
    guard offset <= available, count <= available - offset else {
      throw PickleFailure(
        .malformed,
        "a view of \(count) elements from element \(offset) reaches outside of its storage of \(available)")
    }
    var part = view
    part.byteOffset = offset * size
    part.byteCount = count * size
    return part
  }

  /// The functions of `torch/_utils.py` that rebuild tensors and parameters.
  mutating func rebuild(
    _ function: TorchRebuild, _ arguments: [PickleHandle]
  ) throws(PickleFailure) -> PickleHandle {
    let counts = function.argumentCounts
    guard counts.contains(arguments.count) else {
      let expected =
        counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) or \(counts.upperBound)"
      throw PickleFailure(
        .malformed,
        "torch._utils.\(function.rawValue) takes \(expected) arguments, found \(arguments.count)")
    }
    if let reason = function.unreadableReason { return try graph.addUnreadable(reason) }
    switch function {
    case .tensor: return try rebuildTensor(function, arguments, dtype: nil, metadata: nil)
    case .tensorV2:
      return try rebuildTensor(
        function, arguments, dtype: nil, metadata: arguments.count > 6 ? arguments[6] : nil)
    case .tensorV3:
      guard case .scalarType(let dtype) = graph.known(arguments[6]) else {
        throw unexpected(function, 7, "a dtype", arguments[6])
      }
      return try rebuildTensor(
        function, arguments, dtype: dtype, metadata: arguments.count > 7 ? arguments[7] : nil)
    case .deviceFromCPU:
      guard isTensor(arguments[0]) else { throw unexpected(function, 1, "a tensor", arguments[0]) }
      guard case .tensor(let index) = graph[arguments[0]],
        case .scalarType(let dtype) = graph.known(arguments[1]), graph.tensors[index].scalarType == dtype
      else { return try graph.addUnreadable("a device tensor that was saved in another type") }
      return arguments[0]
    default:
      // Parameters: the tensor itself. An object stands for a tensor that was not rebuilt.
      guard isTensor(arguments[0]) || graph.className(arguments[0]) != nil else {
        throw unexpected(function, 1, "a tensor", arguments[0])
      }
      return arguments[0]
    }
  }

  /// `_rebuild_from_type_v2(function, type, arguments, state)`: a tensor with attributes or of a subclass.
  ///
  /// The arguments can hold another such call, so this is a loop with a limit and not a recursion.
  mutating func rebuildFromType(
    _ callable: PickleHandle, _ arguments: PickleHandle
  ) throws(PickleFailure) -> PickleHandle {
    var arguments = arguments
    for _ in 0..<PickleLimits.rebuildNesting {
      guard let values = graph.tuple(arguments), values.count == 4 else {
        throw PickleFailure(
          .malformed,
          "torch._tensor._rebuild_from_type_v2 takes a tuple of 4 arguments, found "
            + graph.describe(arguments))
      }
      guard let inner = graph.tuple(values[2]) else {
        throw PickleFailure(
          .malformed,
          "torch._tensor._rebuild_from_type_v2: expected a tuple as argument 3, found "
            + graph.describe(values[2]))
      }
      switch graph.known(values[0]) {
      case .rebuild(let function): return try rebuild(function, inner)
      case .rebuildFromType: arguments = values[2]
      default: return try makeObject(values[0], arguments: values[2])
      }
    }
    throw PickleFailure(
      .limitExceeded, "_rebuild_from_type_v2 is nested more than \(PickleLimits.rebuildNesting) times")
  }

  private func unexpected(
    _ function: TorchRebuild, _ position: Int, _ expected: String, _ found: PickleHandle
  ) -> PickleFailure {
    PickleFailure(
      .malformed,
      "torch._utils.\(function.rawValue): expected \(expected) as argument \(position), found "
        + graph.describe(found))
  }

  /// Arguments: storage, offset, size, stride, ... ; offset and strides count elements.
  private mutating func rebuildTensor(
    _ function: TorchRebuild, _ arguments: [PickleHandle], dtype: TorchScalarType?, metadata: PickleHandle?
  ) throws(PickleFailure) -> PickleHandle {
    guard let offset = graph.integer(arguments[1]) else {
      throw unexpected(function, 2, "an offset", arguments[1])
    }
    let shape = try integers(function, 3, "a size", arguments[2])
    let strides = try integers(function, 4, "a stride", arguments[3])
    guard case .storage(let index) = graph[arguments[0]] else {
      if let name = graph.className(arguments[0]), case .object = graph[arguments[0]] {
        return try graph.addUnreadable("a tensor whose storage is an object of \(name.prefix(100))")
      }
      throw unexpected(function, 1, "a storage", arguments[0])
    }
    let view = graph.storageViews[index]
    guard let storageType = view.scalarType else {
      return try graph.addUnreadable("a tensor over a storage of an unknown class")
    }
    if let dtype, !view.isUntyped, dtype != storageType {
      throw PickleFailure(
        .malformed,
        "a tensor of torch.\(dtype.rawValue) over a storage of torch.\(storageType.rawValue)")
    }
    let outcome = try TorchTensor.check(
      view, dtype ?? storageType, shape: shape, strides: strides, offset: offset,
      conversion: try conversion(function, metadata))
    switch outcome {
    case .unreadable(let reason): return try graph.addUnreadable(reason)
    case .tensor(let tensor):
      return try graph.addTensor(tensor)
    }
  }

  private func integers(
    _ function: TorchRebuild, _ position: Int, _ what: String, _ handle: PickleHandle
  ) throws(PickleFailure) -> [Int] {
    guard let items = graph.items(handle) else {
      throw unexpected(function, position, what + " of integers", handle)
    }
    // A list longer than any rank is not copied; the length alone makes it an error.
    guard items.count <= PickleLimits.rank else {
      throw PickleFailure(
        .limitExceeded, "\(what) of \(items.count) dimensions; at most \(PickleLimits.rank) are read")
    }
    var numbers: [Int] = []
    numbers.reserveCapacity(items.count)
    for item in items {
      guard let number = graph.integer(item) else {
        var failure = unexpected(function, position, what + " of integers", handle)
        failure.message += " with \(graph.describe(item)) in it"
        throw failure
      }
      numbers.append(number)
    }
    return numbers
  }

  /// `{'conj': bool, 'neg': bool}`: views that keep their change of sign as a flag.
  private func conversion(
    _ function: TorchRebuild, _ metadata: PickleHandle?
  ) throws(PickleFailure) -> SourceTensor.ElementConversion {
    guard let metadata, metadata != .none else { return [] }
    guard let pairs = graph.pairs(metadata) else {
      throw PickleFailure(
        .malformed,
        "torch._utils.\(function.rawValue): expected a dict of metadata, found \(graph.describe(metadata))")
    }
    guard pairs.count <= 64 else {
      throw PickleFailure(
        .limitExceeded, "tensor metadata of \(pairs.count / 2) entries; at most 32 are read")
    }
    var conversion: SourceTensor.ElementConversion = []
    func isSet(_ key: String) -> Bool { graph.value(pairs, forKey: key).flatMap(graph.bool) ?? false }
    if isSet("conj") { conversion.insert(.conjugate) }
    if isSet("neg") { conversion.insert(.negate) }
    return conversion
  }
}

/// The tree of named things under the root of a pickle, flattened: tensors, and what lies beside them.
///
/// The walk keeps its own stack, so depth costs no recursion, and it is bounded: containers that are
/// reached on several paths are listed on each, up to a budget; containers that hold themselves are noted.
struct TorchTree {
  /// A tensor with its path.
  struct Entry: Sendable {
    var path: [String]
    /// The place in ``PickleGraph/tensors``.
    var tensor: Int
  }

  private(set) var entries: [Entry] = []
  private(set) var extras: [SourceExtra] = []
  private(set) var notes: [String] = []

  private let graph: PickleGraph
  private let isTorchScript: Bool
  private let visitBudget: Int
  private var visitsLeft: Int
  private var nameBytesLeft = PickleLimits.nameByteCount
  private var path: [String] = []
  private var frames: [TorchTreeFrame] = []
  private var latin1Counts: [PickleHandle: Int] = [:]
  private var unreadableCount = 0
  private var unlistedExtras = 0
  private var unlistedNotes = 0

  /// Walks from the value of a pickle.
  ///
  /// - Parameters:
  ///   - graph: the values.
  ///   - root: the one to begin with.
  ///   - isTorchScript: whether objects of the archive's own classes are modules.
  /// - Throws: ``SourceError`` with code `limitExceeded` where sharing multiplies what there is to visit, or
  ///   `malformed` where two tensors have the same path.
  init(_ graph: PickleGraph, root: PickleHandle, isTorchScript: Bool = false) throws(SourceError) {
    self.graph = graph
    self.isTorchScript = isTorchScript
    visitBudget = PickleLimits.visitBase + PickleLimits.visitsPerValue * graph.valueCount
    visitsLeft = visitBudget
    try enter(root, label: nil, tensorsOnly: false)
    while !frames.isEmpty {
      if let child = frames[frames.count - 1].next() {
        try enter(child.value, label: child.label, tensorsOnly: child.tensorsOnly)
      } else {
        frames.removeLast()
      }
    }
    if unlistedExtras > 0 { notes.append("\(unlistedExtras) more values beside the tensors are not listed") }
    if unlistedNotes > 0 { notes.append("\(unlistedNotes) more such places are not listed") }
    try checkPaths()
  }

  private mutating func enter(
    _ handle: PickleHandle, label: TorchTreeFrame.Label?, tensorsOnly: Bool
  ) throws(SourceError) {
    try charge(1)
    switch graph[handle] {
    case .tensor(let tensor):
      try setPath(label)
      try chargeTensor()
      entries.append(Entry(path: path, tensor: tensor))
    case .unreadableTensor(let index):
      try setPath(label)
      try chargeTensor()
      unreadableCount += 1
      // Listed beyond the limit of extras too: a conversion that needs it must be able to name it.
      extras.append(SourceExtra(path: path, value: .unreadableTensor(reason: graph.unreadableReasons[index])))
    case .list, .tuple, .set, .dictionary, .object:
      try setPath(label)
      try enterContainer(handle, tensorsOnly: tensorsOnly)
    default:
      guard !tensorsOnly else { return }
      // Looked at before the path is made: lists of millions of numbers are only counted.
      guard canListExtra else { return unlistedExtras += 1 }
      try setPath(label)
      addExtra(scalar(handle))
    }
  }

  private mutating func enterContainer(
    _ handle: PickleHandle, tensorsOnly: Bool
  ) throws(SourceError) {
    guard !frames.contains(where: { $0.handle == handle }) else {
      return addNote("\(shownPath) holds itself and is not followed")
    }
    guard frames.count < PickleLimits.treeDepth else {
      return addNote("\(shownPath) lies \(PickleLimits.treeDepth) levels deep and is not looked into")
    }
    try charge(graph.childCount(handle))
    if let module = TorchModule(graph, handle, isTorchScript: isTorchScript) {
      return try enterModule(module, handle, tensorsOnly: tensorsOnly)
    }
    let children: TorchTreeFrame.Children
    switch graph[handle] {
    case .list(let items), .tuple(let items), .set(let items):
      children = .items(items)
      if items.isEmpty, !tensorsOnly { addExtra(.empty) }
    case .dictionary(let pairs):
      children = .pairs(TorchKeys.merge(pairs, in: graph))
      if pairs.isEmpty, !tensorsOnly { addExtra(.empty) }
    case .object(let index):
      children = .named(self.children(of: graph.objects[index]))
      if !tensorsOnly { addExtra(.object(className: graph.className(handle) ?? "")) }
    default: return
    }
    frames.append(
      TorchTreeFrame(handle: handle, pathCount: path.count, tensorsOnly: tensorsOnly, children: children))
  }

  /// A submodule extends the name that its parent began; a module anywhere else begins one.
  private mutating func enterModule(
    _ module: TorchModule, _ handle: PickleHandle, tensorsOnly: Bool
  ) throws(SourceError) {
    try charge(module.cost)
    var prefix = ""
    if frames.last?.modulePrefix != nil, let name = path.popLast() {
      prefix = name + "."
    } else {
      let name = graph.className(handle) ?? ""
      if !tensorsOnly { addExtra(.object(className: name)) }
      addNote("\(shownPath) is a whole module of class \(name); its parameters are read as data")
    }
    frames.append(
      TorchTreeFrame(
        handle: handle, pathCount: path.count, modulePrefix: prefix, tensorsOnly: tensorsOnly,
        children: .named(module.children)))
  }

  /// What an object of an unknown class holds: attributes by name, items by number, entries by key, and of
  /// the arguments of its call the tensors.
  private func children(of object: PickleObject) -> [TorchTreeFrame.Child] {
    var children: [TorchTreeFrame.Child] = []
    func append(_ pairs: [PickleHandle]) {
      let merged = TorchKeys.merge(pairs, in: graph)
      for index in stride(from: 0, to: merged.count - 1, by: 2) {
        children.append(TorchTreeFrame.Child(label: .key(merged[index], index / 2), value: merged[index + 1]))
      }
    }
    if let state = object.state {
      if let attributes = graph.pairs(state) {
        append(attributes)
      } else if let parts = graph.tuple(state), parts.count == 2, let slots = graph.pairs(parts[1]) {
        // `(__dict__ or None, slots)`, as copyreg writes it (PEP 307).
        append((graph.pairs(parts[0]) ?? []) + slots)
      } else {
        children.append(TorchTreeFrame.Child(label: .text("(state)"), value: state, tensorsOnly: true))
      }
    }
    for (index, item) in object.items.enumerated() {
      children.append(TorchTreeFrame.Child(label: .index(index), value: item))
    }
    append(object.pairs)
    for (index, argument) in (graph.tuple(object.arguments) ?? []).enumerated() {
      children.append(
        TorchTreeFrame.Child(label: .text("(\(index))"), value: argument, tensorsOnly: true))
    }
    return children
  }

  private mutating func scalar(_ handle: PickleHandle) -> SourceExtra.Value {
    switch graph[handle] {
    case .none: .none
    case .bool(let value): .bool(value)
    case .integer(let value): .integer(value)
    case .bigInteger(let range): .bigInteger(PickleDecimal.text(graph.input[range]))
    case .decimal(let digits): .bigInteger(digits)
    case .number(let value): .number(value)
    case .text(let text): .text(text)
    case .bytes(let range): .bytes(range.count)
    case .encodedText(let text): .bytes(latin1Count(text))
    case .global(let index):
      if case .scalarType(let type) = graph.globals[index].known {
        .text("torch.\(type.rawValue)")
      } else {
        .object(className: graph.globals[index].name)
      }
    case .storage: .object(className: "torch.storage")
    case .list, .tuple, .set, .dictionary, .object, .tensor, .unreadableTensor: .empty
    }
  }

  /// The number of characters, counted once for each text however often it is shared.
  private mutating func latin1Count(_ handle: PickleHandle) -> Int {
    if let count = latin1Counts[handle] { return count }
    guard case .text(let text) = graph[handle] else { return 0 }
    let count = text.unicodeScalars.count
    latin1Counts[handle] = count
    return count
  }
}

// MARK: - Paths and budgets

extension TorchTree {
  /// Makes `path` the path of a child of the container on top.
  private mutating func setPath(_ label: TorchTreeFrame.Label?) throws(SourceError) {
    guard let frame = frames.last, let label else { return }
    path.removeLast(path.count - frame.pathCount)
    var component =
      switch label {
      case .index(let index): String(index)
      case .key(let key, let place): TorchKeys.text(key, place: place, in: graph)
      case .text(let text): text
      }
    if let prefix = frame.modulePrefix, !prefix.isEmpty {
      try chargeName(prefix.utf8.count + component.utf8.count)
      component = prefix + component
    }
    path.append(component)
  }

  private mutating func charge(_ visits: Int) throws(SourceError) {
    visitsLeft -= visits
    guard visitsLeft > 0 else {
      throw SourceError(
        .limitExceeded, "values are shared so often that they stand in more than \(visitBudget) places",
        hint: "save the state dict alone: torch.save(model.state_dict(), \"weights.pth\")")
    }
  }

  private mutating func chargeTensor() throws(SourceError) {
    guard entries.count + unreadableCount < PickleLimits.tensorCount else {
      throw SourceError(.limitExceeded, "found more than \(PickleLimits.tensorCount) tensors")
    }
    // A path is an array of texts of 16 bytes each, whatever their length.
    var byteCount = 32
    for component in path { byteCount += 16 + component.utf8.count }
    try chargeName(byteCount)
  }

  private mutating func chargeName(_ byteCount: Int) throws(SourceError) {
    nameBytesLeft -= byteCount
    guard nameBytesLeft > 0 else {
      throw SourceError(.limitExceeded, "the names take more than \(PickleLimits.nameByteCount) bytes")
    }
  }

  private var canListExtra: Bool { extras.count - unreadableCount < PickleLimits.extraCount }

  private mutating func addExtra(_ value: SourceExtra.Value) {
    guard canListExtra else { return unlistedExtras += 1 }
    extras.append(SourceExtra(path: path, value: value))
  }

  private mutating func addNote(_ note: String) {
    if notes.count < PickleLimits.placeNoteCount { notes.append(note) } else { unlistedNotes += 1 }
  }

  private var shownPath: String {
    if path.isEmpty { return "the top level" }
    // Of a deep place the beginning tells where it is.
    guard path.count > 8 else { return path.joined(separator: "/") }
    return path.prefix(3).joined(separator: "/") + "/... (\(path.count) keys)"
  }

  /// Paths are names, so two tensors must not share one: `{1: a, '1': b}` would make either unreachable.
  private func checkPaths() throws(SourceError) {
    var paths = Set<[String]>()
    paths.reserveCapacity(entries.count)
    for entry in entries where !paths.insert(entry.path).inserted {
      throw SourceError(
        .malformed,
        "two tensors have the name \(entry.path.joined(separator: "/")): different keys with the same text",
        hint: "rename one of the keys and save the file again")
    }
  }
}

// What calls mean. No class or function is looked up, let alone called: a global on the allow-list says how
// its arguments become data, and every other one becomes an object that only remembers them.

extension PickleMachine {
  func globalName(module: String, name: String) throws(PickleFailure) -> String {
    guard module.utf8.count + name.utf8.count <= PickleLimits.lineByteCount else {
      throw PickleFailure(
        .limitExceeded, "the name of a global has more than \(PickleLimits.lineByteCount) bytes")
    }
    return "\(module).\(name)"
  }

  mutating func pushGlobal(module: String, name: String) throws(PickleFailure) {
    try push(try graph.globalNode(try globalName(module: module, name: name)))
  }

  mutating func pushStackGlobal() throws(PickleFailure) {
    let names = try pop(2)
    guard let module = graph.name(names[0]), let name = graph.name(names[1]) else {
      if graph.isText(names[0]), graph.isText(names[1]) {
        throw PickleFailure(
          .limitExceeded, "the name of a global has more than \(PickleLimits.lineByteCount) bytes")
      }
      throw PickleFailure(
        .malformed,
        "expected a module and a name, found \(graph.describe(names[0])) and \(graph.describe(names[1]))")
    }
    try pushGlobal(module: module, name: name)
  }

  /// A number of the `copyreg` extension registry, which every program fills for itself.
  mutating func pushExtension(_ code: UInt64) throws(PickleFailure) {
    try push(try graph.globalNode("copyreg.extension_\(code)"))
  }

  /// `REDUCE`, `NEWOBJ` and their relatives.
  mutating func call(
    _ callable: PickleHandle, arguments: PickleHandle
  ) throws(PickleFailure) -> PickleHandle {
    guard let values = graph.tuple(arguments) else {
      throw PickleFailure(.malformed, "expected a tuple of arguments, found \(graph.describe(arguments))")
    }
    guard let known = graph.known(callable) else {
      return try makeObject(callable, arguments: arguments)
    }
    switch known {
    case .orderedDictionary: return try makeDictionary(values.first)
    case .defaultDictionary: return try makeDictionary(values.dropFirst().first)
    case .set: return try makeContainer(values.first) { .set($0) }
    case .list: return try makeContainer(values.first) { .list($0) }
    case .tuple, .size: return try makeContainer(values.first) { .tuple($0) }
    case .encode:
      guard let first = values.first, case .text = graph[first] else { break }
      return try graph.add(.encodedText(first))
    case .byteArray:
      guard let first = values.first else { return try graph.add(.bytes(0..<0)) }
      switch graph[first] {
      case .bytes, .encodedText: return first
      case .text: return try graph.add(.encodedText(first))
      default: break
      }
    case .device, .layout, .firstArgument:
      // `device('cuda', 0)` loses its index here, which nothing needs.
      if let first = values.first { return first }
    case .parameter:
      if let first = values.first, isTensor(first) { return first }
    case .newObject:
      guard let first = values.first, graph.className(first) != nil else { break }
      try graph.chargeCopy(values.count)
      let rest = try graph.add(.tuple(Array(values.dropFirst())))
      // A class named `__newobj__` again would only go round in circles.
      guard graph.known(first) != .newObject else { break }
      return try call(first, arguments: rest)
    case .reconstructor:
      guard values.count == 3, graph.className(values[0]) != nil else { break }
      if graph.known(values[0]) == .orderedDictionary { return try makeDictionary(values[2]) }
      return try makeObject(values[0], arguments: arguments)
    case .rebuild(let function): return try rebuild(function, values)
    case .rebuildFromType: return try rebuildFromType(callable, arguments)
    case .plainData, .tensorClass, .storageClass, .scalarType: break
    }
    return try makeObject(callable, arguments: arguments)
  }

  func isTensor(_ handle: PickleHandle) -> Bool {
    switch graph[handle] {
    case .tensor, .unreadableTensor: true
    default: false
    }
  }

  /// An object that remembers what the pickle says about it.
  mutating func makeObject(
    _ callable: PickleHandle, arguments: PickleHandle
  ) throws(PickleFailure) -> PickleHandle {
    let global: Int
    switch graph[callable] {
    case .global(let index): global = index
    case .object(let index): global = graph.objects[index].global
    default:
      throw PickleFailure(.malformed, "expected a class or function, found \(graph.describe(callable))")
    }
    graph.globals[global].objectCount += 1
    return try graph.addObject(PickleObject(global: global, arguments: arguments))
  }

  /// A dictionary from nothing, another dictionary, or a list of pairs, as Python 2 writes an OrderedDict.
  private mutating func makeDictionary(_ content: PickleHandle?) throws(PickleFailure) -> PickleHandle {
    guard let content, content != .none else { return try graph.add(.dictionary([])) }
    if let pairs = graph.pairs(content) {
      try graph.chargeCopy(pairs.count)
      return try graph.add(.dictionary(pairs))
    }
    guard let items = graph.items(content) else {
      throw PickleFailure(
        .malformed, "expected a dict or a list of pairs to fill a dict, found \(graph.describe(content))")
    }
    try graph.chargeCopy(2 * items.count)
    var pairs: [PickleHandle] = []
    pairs.reserveCapacity(2 * items.count)
    for item in items {
      guard let pair = graph.items(item), pair.count == 2 else {
        throw PickleFailure(
          .malformed, "expected a pair of key and value to fill a dict, found \(graph.describe(item))")
      }
      pairs += pair
    }
    return try graph.add(.dictionary(pairs))
  }

  private mutating func makeContainer(
    _ content: PickleHandle?, _ make: ([PickleHandle]) -> PickleNode
  ) throws(PickleFailure) -> PickleHandle {
    guard let content else { return try graph.add(make([])) }
    guard let items = graph.items(content) else {
      throw PickleFailure(.malformed, "expected a list or tuple, found \(graph.describe(content))")
    }
    try graph.chargeCopy(items.count)
    return try graph.add(make(items))
  }

  /// `BUILD`: an object remembers its state; the attributes of known values (`_metadata` of a state dict,
  /// attributes of a parameter) carry no weights and are dropped.
  mutating func build(_ target: PickleHandle, state: PickleHandle) throws(PickleFailure) {
    switch graph[target] {
    case .object(let index): graph.objects[index].state = state
    case .list, .set, .dictionary, .tensor, .unreadableTensor, .storage, .global, .tuple: break
    case .none, .bool, .integer, .bigInteger, .decimal, .number, .text, .bytes, .encodedText:
      throw PickleFailure(
        .malformed, "expected an object to give a state to, found \(graph.describe(target))")
    }
  }
}

extension PickleGraph {
  /// The node of a global; naming it is counted.
  mutating func globalNode(_ name: String) throws(PickleFailure) -> PickleNode {
    let index = try global(named: name)
    globals[index].mentionCount += 1
    return .global(index)
  }
}

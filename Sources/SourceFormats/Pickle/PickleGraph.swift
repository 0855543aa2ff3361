/// Everything that a pickle holds, in one flat arena.
struct PickleGraph: Sendable {
  /// The bytes that ranges of nodes refer to.
  let input: [UInt8]

  private(set) var nodes: [PickleNode] = [.none, .bool(true), .bool(false), .tuple([])]
  var globals: [PickleGlobal] = []
  var objects: [PickleObject] = []
  private(set) var storages: [TorchStorage] = []
  private(set) var storageViews: [TorchStorageView] = []
  private(set) var tensors: [TorchTensor] = []
  private(set) var unreadableReasons: [String] = []

  /// The most values; smaller in tests.
  var nodeLimit = PickleLimits.nodeCount

  private var globalIndexByName: [String: Int] = [:]
  private var storageIndexByKey: [String: Int] = [:]
  private var copiedItemCount = 0
  private var memoryByteCount: Int

  init(input: [UInt8]) {
    self.input = input
    memoryByteCount = input.count
  }

  subscript(handle: PickleHandle) -> PickleNode { nodes[Int(handle.index)] }

  /// Adds a value.
  mutating func add(_ node: PickleNode) throws(PickleFailure) -> PickleHandle {
    guard nodes.count < nodeLimit else {
      throw PickleFailure(.limitExceeded, "more than \(nodeLimit) values")
    }
    try chargeMemory(Self.nodeCost + node.heapCost)
    nodes.append(node)
    return PickleHandle(index: Int32(truncatingIfNeeded: nodes.count - 1))
  }

  /// What an opcode expects to be able to extend.
  enum Growth: String {
    case items = "a list"
    case members = "a set"
    case pairs = "a dict"
  }

  /// Adds elements to a list, set, or object, and keys and values to a dictionary or object.
  mutating func extend(
    _ handle: PickleHandle, with items: ArraySlice<PickleHandle>, as expected: Growth
  ) throws(PickleFailure) {
    try chargeMemory(Self.itemCost * items.count)
    if let object = object(handle) {
      if expected == .pairs { objects[object].pairs += items } else { objects[object].items += items }
      return
    }
    guard growth(handle) == expected else {
      throw PickleFailure(.malformed, "expected \(expected.rawValue), found \(describe(handle))")
    }
    // Nothing else may hold the node here, not even a pattern of a switch: the array would be copied.
    let place = Int(handle.index)
    var content = nodes[place].takeItems()
    content += items
    switch expected {
    case .items: nodes[place] = .list(content)
    case .members: nodes[place] = .set(content)
    case .pairs: nodes[place] = .dictionary(content)
    }
  }

  private func growth(_ handle: PickleHandle) -> Growth? {
    switch self[handle] {
    case .list: .items
    case .set: .members
    case .dictionary: .pairs
    default: nil
    }
  }

  private func object(_ handle: PickleHandle) -> Int? {
    if case .object(let index) = self[handle] { index } else { nil }
  }

  /// The place of a global, which is looked up on the allow-list when it is new.
  mutating func global(named name: String) throws(PickleFailure) -> Int {
    if let index = globalIndexByName[name] { return index }
    guard globals.count < PickleLimits.globalCount else {
      throw PickleFailure(.limitExceeded, "more than \(PickleLimits.globalCount) classes and functions")
    }
    try chargeMemory(Self.entryCost + name.utf8.count)
    globals.append(PickleGlobal(name: name, known: KnownGlobal(name: name)))
    globalIndexByName[name] = globals.count - 1
    return globals.count - 1
  }

  /// The place of the storage of a key.
  func storageIndex(key: String) -> Int? { storageIndexByKey[key] }

  mutating func addStorage(_ storage: TorchStorage) throws(PickleFailure) -> Int {
    try chargeMemory(Self.entryCost + storage.key.utf8.count)
    storages.append(storage)
    storageIndexByKey[storage.key] = storages.count - 1
    return storages.count - 1
  }

  mutating func addTensor(_ tensor: TorchTensor) throws(PickleFailure) -> PickleHandle {
    try checkTable(tensors.count, of: "tensors")
    try chargeMemory(Self.entryCost + 16 * (4 + tensor.shape.count))
    tensors.append(tensor)
    return try add(.tensor(tensors.count - 1))
  }

  mutating func addStorageView(_ view: TorchStorageView) throws(PickleFailure) -> PickleHandle {
    try checkTable(storageViews.count, of: "references to storages")
    storageViews.append(view)
    return try add(.storage(storageViews.count - 1))
  }

  private func checkTable(_ count: Int, of things: String) throws(PickleFailure) {
    guard count < PickleLimits.tableCount else {
      throw PickleFailure(.limitExceeded, "more than \(PickleLimits.tableCount) \(things)")
    }
  }

  mutating func addUnreadable(_ reason: String) throws(PickleFailure) -> PickleHandle {
    try checkTable(unreadableReasons.count, of: "tensors")
    unreadableReasons.append(reason)
    return try add(.unreadableTensor(unreadableReasons.count - 1))
  }

  /// Adds an object of a class that is not known.
  mutating func addObject(_ object: PickleObject) throws(PickleFailure) -> PickleHandle {
    try chargeMemory(Self.objectCost)
    objects.append(object)
    return try add(.object(objects.count - 1))
  }

  /// Counts bytes of memory that values take.
  private mutating func chargeMemory(_ byteCount: Int) throws(PickleFailure) {
    memoryByteCount += byteCount
    guard memoryByteCount <= PickleLimits.memoryByteCount else {
      throw PickleFailure(
        .limitExceeded, "the values take more than \(PickleLimits.memoryByteCount) bytes of memory")
    }
  }

  /// The bytes of a node, and of the room in which the array of nodes grows.
  private static let nodeCost = 40
  /// The bytes of a place in a container, which grows by doubling.
  private static let itemCost = 8
  /// The bytes of an object beside its node.
  private static let objectCost = 64
  /// The bytes of an entry of a table and its index, or of a tensor.
  private static let entryCost = 96

  /// Counts values that a call copies.
  mutating func chargeCopy(_ count: Int) throws(PickleFailure) {
    copiedItemCount += count
    guard copiedItemCount <= PickleLimits.copiedItemCount else {
      throw PickleFailure(
        .limitExceeded, "calls copy more than \(PickleLimits.copiedItemCount) values between containers")
    }
  }
}

extension PickleGraph {
  func integer(_ handle: PickleHandle) -> Int? {
    if case .integer(let value) = self[handle] { value } else { nil }
  }

  func bool(_ handle: PickleHandle) -> Bool? {
    if case .bool(let value) = self[handle] { value } else { nil }
  }

  /// The text of a text or, as Python 2 writes them, a byte string; `nil` where it is too long for a name.
  func name(_ handle: PickleHandle) -> String? {
    switch self[handle] {
    case .text(let text) where text.utf8.count <= PickleLimits.lineByteCount: text
    case .bytes(let range) where range.count <= PickleLimits.lineByteCount:
      PickleText.byteString(input[range])
    case .encodedText(let text): name(text)
    default: nil
    }
  }

  /// Whether a value is a text or a byte string, however long.
  func isText(_ handle: PickleHandle) -> Bool {
    switch self[handle] {
    case .text, .bytes, .encodedText: true
    default: false
    }
  }

  /// The elements of a list, tuple or set.
  func items(_ handle: PickleHandle) -> [PickleHandle]? {
    switch self[handle] {
    case .list(let items), .tuple(let items), .set(let items): items
    default: nil
    }
  }

  func tuple(_ handle: PickleHandle) -> [PickleHandle]? {
    if case .tuple(let items) = self[handle] { items } else { nil }
  }

  /// The keys and values of a dictionary.
  func pairs(_ handle: PickleHandle) -> [PickleHandle]? {
    if case .dictionary(let pairs) = self[handle] { pairs } else { nil }
  }

  /// The value of a text key; of equal keys the last counts, as in Python.
  func value(_ pairs: [PickleHandle], forKey key: String) -> PickleHandle? {
    for index in stride(from: pairs.count - 2, through: 0, by: -2) {
      switch self[pairs[index]] {
      case .text(let text) where text == key: return pairs[index + 1]
      case .bytes(let range) where range.count == key.utf8.count && input[range].elementsEqual(key.utf8):
        return pairs[index + 1]
      default: continue
      }
    }
    return nil
  }

  /// The number of values and of places in containers; linear in the size of the pickle.
  var valueCount: Int {
    var count = nodes.count
    for node in nodes {
      switch node {
      case .list(let items), .tuple(let items), .set(let items), .dictionary(let items):
        count += items.count
      default: break
      }
    }
    // Not the states of objects: those are values themselves, and may be shared by many objects.
    for object in objects { count += object.items.count + object.pairs.count }
    return count
  }

  /// The number of values that walking a container or object looks at, equal keys counted each.
  func childCount(_ handle: PickleHandle) -> Int {
    switch self[handle] {
    case .list(let items), .tuple(let items), .set(let items): return items.count
    case .dictionary(let pairs): return pairs.count
    case .object(let index):
      let object = objects[index]
      var count = object.items.count + object.pairs.count + (tuple(object.arguments)?.count ?? 0)
      if let state = object.state {
        count += pairs(state)?.count ?? 0
        if let parts = tuple(state), parts.count == 2 {
          count += (pairs(parts[0])?.count ?? 0) + (pairs(parts[1])?.count ?? 0)
        }
      }
      return count
    default: return 0
    }
  }

  func known(_ handle: PickleHandle) -> KnownGlobal? {
    if case .global(let index) = self[handle] { globals[index].known } else { nil }
  }

  /// The name of a class or of the class of an object.
  func className(_ handle: PickleHandle) -> String? {
    switch self[handle] {
    case .global(let index): globals[index].name
    case .object(let index): globals[objects[index].global].name
    default: nil
    }
  }

  /// What a value is, with its article, for messages.
  func describe(_ handle: PickleHandle) -> String {
    switch self[handle] {
    case .none: "None"
    case .bool: "a bool"
    case .integer(let value): "the integer \(value)"
    case .bigInteger, .decimal: "a large integer"
    case .number: "a float"
    case .text: "a string"
    case .bytes, .encodedText: "a byte string"
    case .list: "a list"
    case .tuple(let items): "a tuple of \(items.count)"
    case .set: "a set"
    case .dictionary: "a dict"
    case .global(let index): "the global \(globals[index].name)"
    case .object(let index): "an object of \(globals[objects[index].global].name)"
    case .storage: "a storage"
    case .tensor, .unreadableTensor: "a tensor"
    }
  }
}

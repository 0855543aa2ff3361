/// Pickles for tests, put together from opcodes (`Lib/pickletools.py`).
enum PickleBytes {
  static let stop: [UInt8] = [0x2E]
  static let mark: [UInt8] = [0x28]
  static let none: [UInt8] = [0x4E]
  static let reduce: [UInt8] = [0x52]
  static let build: [UInt8] = [0x62]
  static let emptyTuple: [UInt8] = [0x29]
  static let emptyDictionary: [UInt8] = [0x7D]
  static let emptyList: [UInt8] = [0x5D]

  /// `PROTO 2`, a value, `STOP`.
  static func file(_ value: [UInt8]) -> [UInt8] { [0x80, 2] + value + stop }

  static func text(_ text: String) -> [UInt8] {
    [0x58] + little(UInt32(text.utf8.count)) + Array(text.utf8)
  }

  static func int(_ value: Int) -> [UInt8] {
    if let small = UInt8(exactly: value) { return [0x4B, small] }
    if let word = Int32(exactly: value) { return [0x4A] + little(word) }
    return [0x8A, 8] + little(Int64(value))
  }

  static func bool(_ value: Bool) -> [UInt8] { [value ? 0x88 : 0x89] }

  static func global(_ module: String, _ name: String) -> [UInt8] {
    [0x63] + Array("\(module)\n\(name)\n".utf8)
  }

  static func tuple(_ items: [UInt8]...) -> [UInt8] { tuple(items) }

  static func tuple(_ items: [[UInt8]]) -> [UInt8] { mark + items.flatMap { $0 } + [0x74] }

  static func list(_ items: [UInt8]...) -> [UInt8] { emptyList + mark + items.flatMap { $0 } + [0x65] }

  static func dictionary(_ pairs: ([UInt8], [UInt8])...) -> [UInt8] {
    emptyDictionary + mark + pairs.flatMap { $0 + $1 } + [0x75]
  }

  static func dictionary(_ pairs: KeyValuePairs<String, [UInt8]>) -> [UInt8] {
    emptyDictionary + mark + pairs.flatMap { text($0) + $1 } + [0x75]
  }

  static func call(_ module: String, _ name: String, _ arguments: [UInt8]...) -> [UInt8] {
    global(module, name) + tuple(arguments) + reduce
  }

  /// An object of an unknown class with attributes.
  static func object(_ module: String, _ name: String, _ state: [UInt8]) -> [UInt8] {
    global(module, name) + emptyTuple + [0x81] + state + build
  }

  static func put(_ index: UInt8) -> [UInt8] { [0x71, index] }
  static func get(_ index: UInt8) -> [UInt8] { [0x68, index] }

  /// A storage by its key, as zip archives have it.
  static func storage(
    _ key: String = "0", count: Int, class name: String = "FloatStorage", module: String = "torch"
  ) -> [UInt8] {
    tuple(text("storage"), global(module, name), text(key), text("cpu"), int(count)) + [0x51]
  }

  /// A storage as legacy files have it.
  static func legacyStorage(
    _ key: String, count: Int, class name: String = "FloatStorage", view: [UInt8] = none
  ) -> [UInt8] {
    tuple(text("storage"), global("torch", name), text(key), text("cuda:0"), int(count), view) + [0x51]
  }

  /// `_rebuild_tensor_v2` of a storage.
  static func tensor(
    _ storage: [UInt8], offset: Int = 0, shape: [Int], strides: [Int], metadata: [UInt8]? = nil
  ) -> [UInt8] {
    var arguments = [
      storage, int(offset), tuple(shape.map(int)), tuple(strides.map(int)), bool(false),
      call("collections", "OrderedDict"),
    ]
    if let metadata { arguments.append(metadata) }
    return global("torch._utils", "_rebuild_tensor_v2") + tuple(arguments) + reduce
  }

  /// A tensor of four elements over storage 0.
  static let four = tensor(storage(count: 4), shape: [4], strides: [1])

  /// A legacy file: five pickles and the storages.
  static func legacy(
    _ object: [UInt8], storages: [(key: String, count: Int, bytes: [UInt8])], keys: [UInt8]? = nil,
    isLittleEndian: Bool = true
  ) -> [UInt8] {
    let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    let system = dictionary(
      (text("protocol_version"), int(1001)), (text("little_endian"), bool(isLittleEndian)))
    let list = emptyList + mark + storages.flatMap { text($0.key) } + [0x65]
    return file([0x8A, 10] + magic) + file(int(1001)) + file(system) + file(object) + file(keys ?? list)
      + storages.flatMap { little(Int64($0.count)) + $0.bytes }
  }
}

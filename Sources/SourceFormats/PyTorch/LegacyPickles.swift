/// The five pickles at the start of a legacy file.
struct LegacyPickles {
  /// The object, the fourth pickle.
  var graph: PickleGraph
  var root: PickleHandle
  /// The keys of the storages in the order in which they follow, the fifth pickle.
  var keys: [String]
  var isLittleEndian: Bool
  /// The number of bytes of all five.
  var byteCount: Int

  /// `MAGIC_NUMBER` 0x1950a86a20f9469cfc6c of `torch/serialization.py`.
  static let magic = "119547037146038801333356"

  /// `PROTOCOL_VERSION` of `torch/serialization.py`.
  static let protocolVersion = 1001

  /// The pickle of the magic number has 15 bytes in protocol 2 and at most 27 in any other.
  static let magicByteLimit = 64

  /// Reads the pickles from the first bytes of a file.
  ///
  /// - Throws: ``SourceError`` with code `truncated` where the bytes end before the fifth pickle does.
  init(_ bytes: [UInt8], file: String) throws(SourceError) {
    try Self.checkMagic(Array(bytes.prefix(Self.magicByteLimit)), file: file)
    let place = PickleMachine.Place(file: file, record: nil, baseOffset: 0)
    func next(after position: Int) throws(SourceError) -> (PickleMachine, PickleHandle) {
      var machine = PickleMachine(
        bytes, position: position, place: place, persistentIdentifiers: .legacy)
      let value = try machine.run()
      return (machine, value)
    }

    let (first, _) = try next(after: 0)
    let (second, version) = try next(after: first.cursor.position)
    guard second.graph.integer(version) == Self.protocolVersion else {
      throw SourceError(
        .unsupported,
        "found \(second.graph.describe(version)) as the version of the file format, expected "
          + "\(Self.protocolVersion)",
        offset: UInt64(first.cursor.position))
    }
    let (third, system) = try next(after: second.cursor.position)
    guard let information = third.graph.pairs(system) else {
      throw SourceError(
        .malformed,
        "found \(third.graph.describe(system)) as the system information, expected a dict",
        offset: UInt64(second.cursor.position))
    }
    let endian = third.graph.value(information, forKey: "little_endian")
    isLittleEndian = endian.flatMap(third.graph.bool) ?? true

    let (fourth, object) = try next(after: third.cursor.position)
    graph = fourth.graph
    root = object
    let (fifth, list) = try next(after: fourth.cursor.position)
    guard let items = fifth.graph.items(list) else {
      throw SourceError(
        .malformed, "found \(fifth.graph.describe(list)) after the object, expected the list of storage keys",
        offset: UInt64(fourth.cursor.position))
    }
    keys = []
    for item in items {
      guard let key = fifth.graph.integer(item).map(String.init) ?? fifth.graph.name(item) else {
        throw SourceError(
          .malformed, "found \(fifth.graph.describe(item)) in the list of storage keys",
          offset: UInt64(fourth.cursor.position))
      }
      keys.append(key)
    }
    byteCount = fifth.cursor.position
  }

  /// Whether a value is the magic number.
  static func isMagic(_ graph: PickleGraph, _ value: PickleHandle) -> Bool {
    switch graph[value] {
    case .bigInteger(let range): PickleDecimal.text(graph.input[range]) == magic
    case .decimal(let digits): digits == magic
    default: false
    }
  }

  private static func checkMagic(_ bytes: [UInt8], file: String) throws(SourceError) {
    var machine = PickleMachine(
      bytes, place: PickleMachine.Place(file: file, record: nil, baseOffset: 0),
      persistentIdentifiers: .legacy)
    let value: PickleHandle
    do throws(SourceError) {
      value = try machine.run()
    } catch {
      // Only a file that is shorter than the header can still be a beginning of one.
      if error.code == .truncated, bytes.count < 15, bytes.elementsEqual(header.prefix(bytes.count)) {
        throw error
      }
      throw bare
    }
    guard isMagic(machine.graph, value) else { throw bare }
  }

  /// The pickle of the magic number as protocol 2 writes it.
  private static let header: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  private static let bare = SourceError(
    .notACheckpoint, "found a Python pickle with no PyTorch header, expected a checkpoint", offset: 0,
    hint: "in Python, if you trust the file, load it and write its state dict with torch.save")
}

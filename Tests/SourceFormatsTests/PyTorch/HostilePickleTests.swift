import Testing

@testable import SourceFormats

private typealias P = PickleBytes

/// Files that are cheap to make and would be expensive or fatal to read.
@Suite struct HostilePickleTests {
  private func run(_ bytes: [UInt8]) throws -> TorchTree {
    var machine = PickleMachine(
      bytes, place: PickleMachine.Place(file: "x.pth", record: nil, baseOffset: 0),
      persistentIdentifiers: .zip)
    let root = try machine.run()
    return try TorchTree(machine.graph, root: root)
  }

  private static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
    Array([[UInt8]](repeating: bytes, count: count).joined())
  }

  static let nests: [[UInt8]] = [
    P.emptyList + repeated([0x85], 100_000),
    repeated(P.emptyList, 100_000) + repeated([0x61], 99_999),
    repeated(P.mark, 100_000) + repeated([0x74], 100_000),
    repeated(P.mark, 100_000) + P.none + repeated([0x6C], 100_000),
  ]

  /// Neither reading, walking nor freeing may recurse: each would overflow the stack of a thread.
  @Test(arguments: nests.indices)
  func survivesDeepNesting(_ index: Int) throws {
    let tree = try run(P.file(Self.nests[index]))
    #expect(tree.notes.count == 1)
    #expect(tree.notes[0].hasSuffix("lies 64 levels deep and is not looked into"))
  }

  @Test func survivesDeeplyNestedObjects() throws {
    let open: [UInt8] = P.global("m", "C") + P.emptyTuple + [0x81]
    let value: [UInt8] = Self.repeated(open, 50_000) + P.none + Self.repeated(P.build, 50_000)
    let tree = try run(P.file(value))
    #expect(tree.extras == [SourceExtra(path: [], value: .object(className: "m.C"))])
    #expect(tree.notes.count == 1)
  }

  /// Each level holds the one below ten times: 10^9 leaves in 200 bytes.
  @Test(arguments: [P.four, P.none])
  func stopsAtSharingThatMultiplies(_ leaf: [UInt8]) {
    var value = P.list(leaf) + P.put(0)
    for level in 1..<10 {
      let below = P.get(UInt8(level - 1))
      value += P.emptyList + P.mark + Self.repeated(below, 10) + [0x65]
      value += P.put(UInt8(level))
    }
    let error = #expect(throws: SourceError.self) { try run(P.file(value)) }
    #expect(error?.code == .limitExceeded)
  }

  /// Size alone is no attack: a long list of values that pickles share, such as labels.
  @Test func readsLongListsOfSharedValues() throws {
    let labels =
      P.text("label") + P.put(0) + [0x30] + P.emptyList + P.mark + Self.repeated(P.get(0), 700_000) + [0x65]
    let tree = try run(P.file(P.tuple(labels, P.four)))
    #expect(tree.entries.map(\.path) == [["1"]])
  }

  /// A dict of one key, set 5000 times, in 5000 places: merging its entries is work that shows nowhere.
  @Test func stopsAtEntriesThatVanishWhenMerged() {
    let entries = Self.repeated(P.get(0) + P.none, 5000)
    let dictionary = P.text("k") + P.put(0) + P.emptyDictionary + P.mark + entries + [0x75] + P.put(1)
    let places = P.emptyList + P.mark + Self.repeated(P.get(1), 5000) + [0x65]
    let error = #expect(throws: SourceError.self) { try run(P.file(dictionary + places)) }
    #expect(error?.code == .limitExceeded)
  }

  @Test func stopsAtCopiesThatMultiply() {
    let large: [UInt8] = P.emptyList + P.mark + Self.repeated(P.none, 100_000) + [0x65] + P.put(0)
    let copy: [UInt8] = P.global("builtins", "set") + P.get(0) + [0x85] + P.reduce
    let value: [UInt8] = large + Self.repeated(copy, 500)
    let error = #expect(throws: SourceError.self) { try run(P.file(value)) }
    #expect(error?.code == .limitExceeded)
    #expect(error?.message.hasSuffix("calls copy more than 16777216 values between containers") == true)
  }

  /// Appending one by one must not copy the container each time.
  @Test func growsContainersInPlace() throws {
    let list: [UInt8] = P.emptyList + Self.repeated([0x4E, 0x61], 200_000)
    let dictionary: [UInt8] = P.emptyDictionary + Self.repeated([0x4E, 0x4E, 0x73], 200_000)
    #expect(try run(P.file(P.tuple(list, dictionary))).extras.count == PickleLimits.extraCount)
  }

  static let limits: [([UInt8], String)] = [
    (repeated(P.mark, (1 << 20) + 1), "more than 1048576 open marks"),
    (repeated(P.none, 1001), "more than 1000 values on the stack"),
    (repeated([0x5D, 0x30], 3000), "more than 2000 values"),
    ([0x54] + little(UInt32(1 << 24) + 1), "a text of 16777217 bytes; at most 16777216 are read"),
    ([0x63] + repeated([0x61], 5000), "found no end of a line within 4096 bytes"),
    (
      Array("L".utf8) + repeated(Array("9".utf8), 1000) + Array("\n".utf8),
      "an integer of 1000 digits; at most 614 are read"
    ),
  ]

  @Test(arguments: limits.indices)
  func namesTheLimitThatIsExceeded(_ index: Int) {
    var machine = PickleMachine(
      Self.limits[index].0 + P.stop, place: PickleMachine.Place(file: "x.pth", record: nil, baseOffset: 0),
      persistentIdentifiers: .zip)
    machine.stackLimit = 1000
    machine.graph.nodeLimit = 2000
    let error = #expect(throws: SourceError.self) { try machine.run() }
    #expect(error?.code == .limitExceeded)
    #expect(error?.message.hasSuffix(": " + Self.limits[index].1) == true, "\(error?.message ?? "")")
  }
}

import Testing

@testable import SourceFormats

private typealias P = PickleBytes

/// What the limits of the pickle machine stop, and what they let through. Whole files stand in `Fixtures/hostile`.
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

  /// Size alone is no attack: a long list of values that pickles share, such as labels.
  @Test func readsLongListsOfSharedValues() throws {
    let labels =
      P.text("label") + P.put(0) + [0x30] + P.emptyList + P.mark + Self.repeated(P.get(0), 700_000) + [0x65]
    let tree = try run(P.file(P.tuple(labels, P.four)))
    #expect(tree.entries.map(\.path) == [["1"]])
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

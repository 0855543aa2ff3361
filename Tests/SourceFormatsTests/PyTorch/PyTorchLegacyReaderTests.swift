import Bytes
import Checkpoint
import Testing

@testable import SourceFormats

private typealias P = PickleBytes

@Suite struct PyTorchLegacyReaderTests {
  private let input = TemporaryInput()

  private func read(_ bytes: [UInt8]) throws -> SourceIndex {
    try PyTorchLegacyReader.read(try input.holding(bytes))
  }

  private static func tensor(_ key: String, count: Int, view: [UInt8] = P.none) -> [UInt8] {
    P.tensor(P.legacyStorage(key, count: count, view: view), shape: [2], strides: [1])
  }

  private static let two = P.legacy(
    P.dictionary(["a": tensor("11", count: 2), "b": tensor("7", count: 3)]),
    storages: [("7", 3, Array(repeating: 1, count: 12)), ("11", 2, Array(repeating: 2, count: 8))])

  @Test func findsStoragesInTheOrderOfTheFile() throws {
    let index = try read(Self.two)
    #expect(index.container == .pytorchLegacy)
    let end = UInt64(Self.two.count)
    #expect(
      index.storages == [
        SourceStorage(name: "storage 7", file: 0, offset: end - 28, byteCount: 12),
        SourceStorage(name: "storage 11", file: 0, offset: end - 8, byteCount: 8),
      ])
    #expect(
      index.tensors == [
        SourceTensor(path: ["a"], elementType: .float32, shape: [2], strides: [1], storage: 1),
        SourceTensor(path: ["b"], elementType: .float32, shape: [2], strides: [1], storage: 0),
      ])
  }

  @Test func readsViewsOfStorages() throws {
    let view = P.tuple(P.text("99"), P.int(3), P.int(2))
    let bytes = P.legacy(
      P.dictionary(["a": Self.tensor("5", count: 6, view: view)]),
      storages: [("5", 6, Array(repeating: 0, count: 24))])
    #expect(try read(bytes).tensors.map(\.storageOffset) == [3])
  }

  @Test func readsWholeModulesWithTheirSource() throws {
    let type =
      P.tuple(P.text("module"), P.global("models", "Net"), P.text("net.py"), P.text("class Net: ...")) + [
        0x51
      ]
    let object =
      type + P.emptyTuple + [0x81]
      + P.dictionary([
        "_parameters": P.dictionary(["w": Self.tensor("1", count: 2)]), "_modules": P.emptyDictionary,
      ]) + P.build
    let index = try read(P.legacy(object, storages: [("1", 2, Array(repeating: 0, count: 8))]))
    #expect(index.tensors.map(\.path) == [["w"]])
    #expect(index.placeholders == [SourceIndex.Placeholder(name: "models.Net", count: 1)])
    #expect(
      index.notes == ["the top level is a whole module of class models.Net; its parameters are read as data"])
  }

  /// The bytes of storages are little-endian on every machine, lengths only since PyTorch 1.0.
  @Test(arguments: [false, true])
  func readsFilesOfBigEndianMachines(_ isLengthSwapped: Bool) throws {
    let count = isLengthSwapped ? 2.byteSwapped : 2
    let bytes = P.legacy(
      P.dictionary(["a": Self.tensor("1", count: 2)]),
      storages: [("1", count, Array(repeating: 0, count: 8))],
      isLittleEndian: false)
    let index = try read(bytes)
    #expect(index.storages.map(\.isBigEndian) == [false])
    #expect(
      index.notes == [
        "the file was written on a big-endian machine; its storages are little-endian all the same"
      ])
  }

  @Test func grownWindowReadsLargePickles() throws {
    let text = [0x58] + little(UInt32(3 << 20)) + [UInt8](repeating: 0x61, count: 3 << 20)
    let bytes = P.legacy(
      P.dictionary(["notes": text, "a": Self.tensor("1", count: 2)]),
      storages: [("1", 2, Array(repeating: 0, count: 8))])
    #expect(try read(bytes).tensors.map(\.path) == [["a"]])
  }

  @Test(arguments: [2, 0])
  func isToldByItsMagicNumber(_ proto: Int) {
    let text = Array("L119547037146038801333356L\n.".utf8)
    #expect(PyTorchLegacyReader.matches(prefix: proto == 2 ? Array(Self.two.prefix(15)) : text))
    #expect(!PyTorchLegacyReader.matches(prefix: Array(Self.two.prefix(14))))
    #expect(!PyTorchLegacyReader.matches(prefix: P.file(P.int(5))))
    #expect(!PyTorchLegacyReader.matches(prefix: []))
  }

  static let refusals: [([UInt8], SourceError)] = [
    (
      P.file(P.dictionary(["a": P.int(1)])),
      SourceError(
        .notACheckpoint, "found a Python pickle with no PyTorch header, expected a checkpoint", offset: 0,
        hint: "in Python, if you trust the file, load it and write its state dict with torch.save")
    ),
    (
      Array(two.prefix(8)),
      SourceError(
        .truncated,
        "the file stops at byte 8, inside of the pickles that say how long it is; LONG1 at byte 2: needed 10 more "
          + "bytes, found 4",
        offset: 8, hint: "download the file again and compare its size")
    ),
    (
      Array(two.prefix(15)),
      SourceError(
        .truncated,
        "the file stops at byte 15, inside of the pickles that say how long it is; the end at byte 15: "
          + "the pickle has no STOP",
        offset: 15, hint: "download the file again and compare its size")
    ),
    (
      Array(two.dropLast(30)),
      SourceError(
        .truncated, "30 bytes are missing: the file has \(two.count - 30) of \(two.count) bytes",
        offset: UInt64(two.count - 30), hint: "download the file again")
    ),
    (
      two + [0],
      SourceError(
        .malformed, "1 bytes follow the last storage", offset: UInt64(two.count),
        hint: "download or copy the file again")
    ),
    (
      P.legacy(
        P.dictionary(["a": tensor("1", count: 2)]), storages: [("1", 3, Array(repeating: 0, count: 8))]),
      SourceError(.malformed, "storage 1 has 3 elements here and 2 in the pickle", offset: 228)
    ),
    (
      P.legacy(P.dictionary(["a": tensor("1", count: 2)]), storages: [], keys: P.list(P.text("2"))),
      SourceError(
        .malformed, "the file holds a storage \"2\" that no tensor refers to, of unknown type")
    ),
    (
      P.legacy(
        P.dictionary(["a": tensor("1", count: 2)]), storages: [], keys: P.list(P.text("1"), P.text("1"))),
      SourceError(.malformed, "the list of storages names \"1\" twice")
    ),
    (
      P.legacy(P.dictionary(["a": tensor("1", count: 2)]), storages: []),
      SourceError(.malformed, "the list of storages does not name \"1\", which a tensor refers to")
    ),
    (
      P.legacy(P.none, storages: [], keys: P.int(3)),
      SourceError(
        .malformed, "found the integer 3 after the object, expected the list of storage keys", offset: 78)
    ),
    (
      Array(two.prefix(15)) + P.file(P.int(1002)),
      SourceError(
        .unsupported, "found the integer 1002 as the version of the file format, expected 1001", offset: 15)
    ),
    (
      Array(two.prefix(15)) + P.file(P.int(1001)) + P.file(P.none),
      SourceError(.malformed, "found None as the system information, expected a dict", offset: 23)
    ),
  ]

  @Test(arguments: refusals.indices)
  func refusesWhatIsNotWhole(_ index: Int) throws {
    var expected = Self.refusals[index].1
    expected.file = input.name
    #expect(throws: expected) { try read(Self.refusals[index].0) }
  }

  @Test func tellsTheTarFormatByItsMembers() throws {
    func header(_ name: String, _ size: Int) -> [UInt8] {
      var block = [UInt8](repeating: 0, count: 512)
      block.replaceSubrange(0..<name.utf8.count, with: name.utf8)
      let digits = String(size, radix: 8)
      block.replaceSubrange(124..<124 + digits.utf8.count, with: digits.utf8)
      block.replaceSubrange(257..<262, with: "ustar".utf8)
      return block
    }
    let block = [UInt8](repeating: 1, count: 512)
    let torch = header("sys_info", 3) + block + header("pickle", 512) + block + header("storages", 0)
    #expect(PyTorchTarFormat.matches(try input.holding(torch)))
    #expect(!PyTorchTarFormat.matches(try input.holding(header("pickle", 3) + block + header("notes", 0))))
    #expect(!PyTorchTarFormat.matches(try input.holding(header("pickle", 3) + block)))
    #expect(!PyTorchTarFormat.matches(try input.holding(block)))
    #expect(!PyTorchTarFormat.matches(try input.holding([])))
    #expect(PyTorchTarFormat.refusal.code == .unsupported)
  }
}

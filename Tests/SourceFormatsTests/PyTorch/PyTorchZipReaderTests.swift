import Bytes
import Checkpoint
import Testing

@testable import SourceFormats

private typealias P = PickleBytes

@Suite struct PyTorchZipReaderTests {
  private let input = TemporaryInput()

  private func read(_ archive: ZipBytes, ignoreChecksums: Bool = false) throws -> SourceIndex {
    try PyTorchZipReader.read(
      try input.holding(archive.bytes), options: SourceReaderOptions(ignoreChecksums: ignoreChecksums))
  }

  private static let stateDict = P.file(P.dictionary(["w": P.four]))
  private static let four: [UInt8] = (0..<16).map { $0 }
  private static let plain = ZipBytes.torch(pickle: stateDict, storages: [("0", four)])

  @Test func givesEveryRecordAsAStorage() throws {
    let index = try read(Self.plain)
    #expect(index.container == .pytorchZip)
    #expect(index.files.count == 1)
    #expect(
      index.storages.map(\.name) == [
        "archive/data.pkl", "archive/byteorder", "archive/data/0", "archive/version",
      ])
    #expect(
      index.tensors == [
        SourceTensor(path: ["w"], elementType: .float32, shape: [4], strides: [1], storage: 2)
      ])
    let storage = index.storages[2]
    #expect(try index.files[0].read(at: storage.offset, count: Int(storage.byteCount)) == Self.four)
    var checksum = CRC32()
    checksum.update(Self.four)
    #expect(storage.crc32 == checksum.value)
    #expect(index.storages.allSatisfy { !$0.isBigEndian })
    #expect(index.notes == [])
    #expect(index.placeholders == [])
  }

  @Test func takesTheByteOrderFromBelowTheTopDirectory() throws {
    let index = try read(
      .torch(pickle: Self.stateDict, storages: [("0", Self.four)], byteOrder: "big", top: "any name"))
    #expect(index.storages.filter(\.isBigEndian).map(\.name) == ["any name/data/0"])
    var stray = ZipBytes.torch(pickle: Self.stateDict, storages: [("0", Self.four)], byteOrder: nil)
    stray.records.append(ZipBytes.Record("byteorder", Array("big".utf8)))
    let strayIndex = try read(stray)
    #expect(strayIndex.storages.allSatisfy { !$0.isBigEndian })
    #expect(strayIndex.notes == ["1 records outside of archive/ are not part of the checkpoint"])
  }

  @Test func listsPlaceholdersWithHowOftenTheyAreUsed() throws {
    let pickle = P.file(
      P.dictionary([
        "a": P.object("argparse", "Namespace", P.emptyDictionary),
        "b": P.object("argparse", "Namespace", P.emptyDictionary), "c": P.global("m", "Class"), "w": P.four,
      ]))
    let index = try read(.torch(pickle: pickle, storages: [("0", Self.four)]))
    #expect(
      index.placeholders == [
        SourceIndex.Placeholder(name: "argparse.Namespace", count: 2),
        SourceIndex.Placeholder(name: "m.Class", count: 1),
      ])
    #expect(index.tensors.map(\.path) == [["w"]])
  }

  @Test func saysThatThereIsNoVersion() throws {
    var archive = Self.plain
    archive.records.removeLast()
    #expect(
      try read(archive).notes == ["the archive has no version record, which PyTorch needs to load it"])
  }

  @Test func ignoresAWrongChecksumOnlyOnRequest() throws {
    var archive = Self.plain
    archive.records[0].crc32 ^= 1
    #expect(
      throws: SourceError(
        .checksumMismatch, "the bytes of archive/data.pkl do not have the CRC-32 that the archive states",
        file: input.name, offset: 46,
        hint: "fetch the file again; where it was written with torch.serialization.set_crc32_options(False), "
          + "use --ignore-crc")
    ) { try read(archive) }
    let index = try read(archive, ignoreChecksums: true)
    #expect(index.notes == ["the wrong CRC-32 of archive/data.pkl is ignored"])
    #expect(index.tensors.count == 1)
  }

  @Test func readsTorchScriptParametersAsData() throws {
    let object = P.object(
      "__torch__.N", "Net",
      P.dictionary(["conv": P.object("__torch__.C", "Conv", P.dictionary(["weight": P.four]))]))
    var archive = ZipBytes.torch(pickle: P.file(object), storages: [("0", Self.four)])
    archive.records.append(ZipBytes.Record("archive/constants.pkl", P.file(P.emptyTuple)))
    let index = try read(archive)
    #expect(index.container == .torchScript)
    #expect(index.tensors.map(\.path) == [["conv.weight"]])
    #expect(index.placeholders == [])
  }

  private static func archive(_ names: String...) -> ZipBytes {
    ZipBytes(names.map { ZipBytes.Record($0, [1]) })
  }

  static let refusals: [(ZipBytes, SourceError)] = [
    (
      ZipBytes([]),
      SourceError(
        .notACheckpoint, "found an empty zip archive, expected a checkpoint", hint: "fetch the file again")
    ),
    (
      archive("a.npy", "b.npy"),
      SourceError(
        .notACheckpoint, "found a NumPy archive (.npz), expected a checkpoint",
        hint: "collect the arrays with their names in a safetensors file")
    ),
    (
      archive("[Content_Types].xml", "word/document.xml"),
      SourceError(.notACheckpoint, "found an Office document, expected a checkpoint")
    ),
    (
      archive("weights/resnet50.pth"),
      SourceError(
        .notACheckpoint, "found a zip archive around weights/resnet50.pth, expected a checkpoint",
        hint: "unpack it and name the checkpoint inside: unzip FILE")
    ),
    (
      archive("readme.txt"),
      SourceError(
        .notACheckpoint,
        "found a zip archive without data.pkl (its first record is readme.txt), expected a checkpoint",
        hint: "unpack it and name the checkpoint inside")
    ),
    (
      archive("data.pkl"),
      SourceError(
        .malformed, "found data.pkl, expected data.pkl in one directory at the top of the archive", offset: 0,
        hint: "a checkpoint that was unpacked and zipped again has to be saved anew")
    ),
    (
      archive("a/b/data.pkl"),
      SourceError(
        .malformed, "found a/b/data.pkl, expected data.pkl in one directory at the top of the archive",
        offset: 0,
        hint: "a checkpoint that was unpacked and zipped again has to be saved anew")
    ),
    (
      archive("a/data.pkl", "b/data.pkl"),
      SourceError(
        .malformed, "the archive holds 2 pickles, a/data.pkl and b/data.pkl", offset: 57,
        hint: "unpack the archive and name the checkpoint inside")
    ),
    (
      .torch(pickle: stateDict, byteOrder: "middle"),
      SourceError(
        .malformed, "archive/byteorder says \"middle\", expected little or big",
        offset: UInt64(46 + stateDict.count + 16 + 30 + 17))
    ),
    (
      .torch(pickle: stateDict),
      SourceError(
        .malformed, "the archive has no record archive/data/0, which data.pkl refers to",
        hint: "the file is incomplete; download or save it again")
    ),
    (
      .torch(pickle: stateDict, storages: [("0", [1, 2])], byteOrder: nil),
      SourceError(
        .malformed,
        "the record archive/data/0 has 2 bytes, but data.pkl refers to 4 elements of torch.float32, which are 16 "
          + "bytes",
        offset: UInt64(46 + stateDict.count + 16 + 30 + 14))
    ),
    (
      .torch(pickle: stateDict + [0, 0], storages: [("0", four)]),
      SourceError(
        .malformed,
        "the pickle in archive/data.pkl ends at byte \(stateDict.count) of \(stateDict.count + 2); nothing may follow it",
        offset: UInt64(46 + stateDict.count))
    ),
    (
      .torch(pickle: Array(stateDict.dropLast()), storages: [("0", four)]),
      SourceError(
        .malformed,
        "the end at byte \(stateDict.count - 1) of archive/data.pkl: the pickle has no STOP",
        offset: UInt64(46 + stateDict.count - 1))
    ),
    (
      .torch(pickle: P.file(P.object("models", "Net", P.dictionary(["lr": P.int(1)])))),
      SourceError(
        .unsupported,
        "the file holds a pickled object of models.Net, in which no tensor can be reached as data",
        hint:
          "loading the file in Python would run models.Net; only if you trust it, load it there and save its state "
          + "dict: torch.save(model.state_dict(), \"weights.pth\")")
    ),
  ]

  @Test(arguments: refusals.indices)
  func namesWhatIsNoCheckpoint(_ index: Int) throws {
    var expected = Self.refusals[index].1
    expected.file = input.name
    #expect(throws: expected) { try read(Self.refusals[index].0) }
  }
}

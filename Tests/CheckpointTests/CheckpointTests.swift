import Bytes
import Checkpoint
import JSON
import SystemPackage
import Testing
import TestSupport

@Suite struct CheckpointTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func open(_ file: CanonicalCheckpoint = .sample) throws -> Checkpoint {
    try Checkpoint(directory.create("sample.safetensors", file.bytes()))
  }

  @Test func listsItsTensorsByName() throws {
    let checkpoint = try open()
    #expect(checkpoint.path == directory.file("sample.safetensors"))
    #expect(
      checkpoint.names == [
        "head.bias", "head.weight", "stem.conv.weight", "stem.norm.bias", "stem.norm.num_batches_tracked",
        "stem.norm.weight",
      ])
    #expect(checkpoint.metadata.architecture == ["family": "resnet"])
    #expect(checkpoint.header.tensors.first?.name == "stem.norm.num_batches_tracked")
    #expect(checkpoint.header.dataOffset % 64 == 0)
  }

  @Test func opensAPathThatIsText() throws {
    let path = try open().path.string
    #expect(try Checkpoint(path).names.count == 6)
  }

  @Test func opensACheckpointWithoutTensors() throws {
    let checkpoint = try open(CanonicalCheckpoint([]))
    #expect(checkpoint.names == [])
    try checkpoint.checkIntegrity()
  }

  @Test func findsATensorByName() throws {
    let checkpoint = try open()
    let weight = try checkpoint.tensor("stem.conv.weight")
    #expect(weight.shape == [2, 2, 1, 1])
    #expect(weight.elementType == .float32)
    #expect(weight.elementCount == 4)
    #expect(weight.record == checkpoint["stem.conv.weight"]?.record)
    #expect(checkpoint["stem.conv"] == nil)
    #expect(checkpoint[""] == nil)
  }

  @Test(
    arguments: [
      ("stem.conv.wieght", "did you mean \"stem.conv.weight\"?"),
      ("stem.norm.beta", "did you mean \"stem.norm.bias\"?"),
      ("layer4.1.conv2.weight", nil),
    ])
  func suggestsTheNearestNameForAnUnknownOne(_ name: String, _ hint: String?) throws {
    let checkpoint = try open()
    #expect(
      throws: CheckpointError(
        .unknownTensor, "the checkpoint holds no tensor \"\(name)\"", file: checkpoint.path.string, hint: hint
      )
    ) { try checkpoint.tensor(name) }
  }

  @Test(
    arguments: [
      ("stem.", ["conv.weight", "norm.bias", "norm.num_batches_tracked", "norm.weight"]),
      ("stem.norm.", ["bias", "num_batches_tracked", "weight"]),
      ("head", [".bias", ".weight"]),
      ("head.bias", [""]),
      ("stage", []),
      (
        "",
        [
          "head.bias", "head.weight", "stem.conv.weight", "stem.norm.bias", "stem.norm.num_batches_tracked",
          "stem.norm.weight",
        ]
      ),
    ])
  func givesTheTensorsUnderAPrefixWithoutIt(_ prefix: String, _ expected: [String]) throws {
    let found = try open().tensors(under: prefix)
    #expect(found.map(\.name) == expected)
    #expect(found.map(\.tensor.record.name) == expected.map { prefix + $0 })
  }

  @Test func refusesAFileThatIsNotThere() {
    let path = directory.file("absent")
    #expect(
      throws: CheckpointError(
        BytesError(.cannotOpen, "no such file or directory", file: path.string, hint: "check the path"))
    ) { try Checkpoint(path) }
  }

  @Test func refusesASafetensorsFileOfSomeoneElse() throws {
    let path = try directory.create("other", SafetensorsBytes("{}").bytes)
    #expect(
      throws: CheckpointError(
        .notCanonical, "a safetensors file without attnconv.version, not a canonical checkpoint",
        file: path.string, hint: "run 'attnconv import' on it first")
    ) { try Checkpoint(path) }
  }

  @Test func refusesAnEmptyFile() throws {
    let path = try directory.create("empty", [])
    #expect(
      throws: CheckpointError(
        .truncated, "the file has 0 bytes, a safetensors file has at least 8", file: path.string, offset: 0)
    ) { try Checkpoint(path) }
  }

  @Test func findsEveryChangeOfAByteOfTheDataAndNamesTheTensor() throws {
    let whole = try CanonicalCheckpoint.sample.bytes()
    let intact = try open()
    try intact.checkIntegrity()
    let dataOffset = Int(intact.header.dataOffset)
    #expect(whole.count - dataOffset == 72)
    for index in dataOffset..<whole.count {
      var changed = whole
      changed[index] ^= 1
      let path = try directory.create("changed", changed)
      let checkpoint = try Checkpoint(path)
      let record = try #require(
        checkpoint.header.tensors.first { $0.begin..<$0.end ~= UInt64(index - dataOffset) })
      let found = try checkpoint.tensor(record.name).digest
      let recorded = try #require(checkpoint.metadata.digests[record.name])
      #expect(found != recorded)
      #expect(
        throws: CheckpointError(
          .digestMismatch,
          "tensor \"\(record.name)\" has SHA-256 \(found), the checkpoint records \(recorded)",
          file: path.string, offset: UInt64(dataOffset) + record.begin,
          hint: "the file was damaged or changed after it was written; import a.pth again")
      ) { try checkpoint.checkIntegrity() }
    }
  }

  @Test func listsAllTensorsThatChanged() throws {
    var whole = try CanonicalCheckpoint.sample.bytes()
    let dataOffset = try Int(CanonicalCheckpoint.sample.header().dataOffset)
    for index in dataOffset..<whole.count { whole[index] ^= 0xFF }
    let checkpoint = try Checkpoint(directory.create("changed", whole))
    let error = #expect(throws: CheckpointError.self) { try checkpoint.checkIntegrity() }
    #expect(
      error?.message.hasSuffix(
        "; so do not match \"head.weight\", \"stem.conv.weight\", \"stem.norm.bias\", \"stem.norm.weight\"")
        == true)
  }

  /// All are refused but changes that mean nothing: the name of the seal, which covers the rest, and its checksums of
  /// blocks, which say where damage is and are compared only when that is asked for.
  @Test func refusesEveryChangeOfTheMeaningOfTheHeader() throws {
    let whole = try CanonicalCheckpoint.sample.bytes()
    let intact = try open()
    let dataOffset = Int(intact.header.dataOffset)
    var unnoticed: Set<Int> = []
    for index in 0..<dataOffset {
      for mask in [0x01, 0x20, 0x80, 0xFF] as [UInt8] {
        var changed = whole
        changed[index] ^= mask
        guard let checkpoint = try? Checkpoint(directory.create("changed", changed)) else { continue }
        unnoticed.insert(index)
        #expect(checkpoint.header.tensors == intact.header.tensors)
        #expect(checkpoint.metadata.architecture == intact.metadata.architecture)
        #expect(checkpoint.metadata.source == intact.metadata.source)
        try checkpoint.checkIntegrity()
      }
    }
    let name = Array("attnconv.header".utf8)
    let place = try #require(whole.indices.first { whole[$0...].starts(with: name) })
    let digest = place + name.count + "\":\"".utf8.count
    let checksums = digest + 64..<digest + 64 + 8 * ((dataOffset + 1023) / 1024)
    #expect(unnoticed.isSubset(of: Set(place..<place + name.count).union(checksums)))
  }
}

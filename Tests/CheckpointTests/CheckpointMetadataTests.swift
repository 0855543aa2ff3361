import Checkpoint
import JSON
import Testing

@Suite struct CheckpointMetadataTests {
  private static let tensor = CanonicalCheckpoint.Tensor(
    name: "head.bias", elementType: .uint8, shape: [4], bytes: [1, 2, 3, 4])
  private static let valid = CanonicalCheckpoint([tensor])
  /// SHA-256 of the bytes 1, 2, 3, 4.
  private static let digest = "9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a"
  private static let content = ContentDigest.of([
    .init(name: "head.bias", elementType: .uint8, shape: [4], digest: digest)
  ])

  @Test func readsWhatItWrites() throws {
    let metadata = try CheckpointMetadata(Self.valid.header())
    #expect(
      metadata
        == CheckpointMetadata(
          architecture: ["family": "resnet"], source: ["file": "a.pth"], digests: ["head.bias": Self.digest],
          content: Self.content))
    #expect(metadata.members.map(\.name) == CheckpointMetadata.Key.allCases.map(\.rawValue))
    #expect(metadata.members.map(\.name) == Self.valid.metadata.map(\.name))
    #expect(metadata.members.map(\.value) == Self.valid.metadata.map(\.value))
  }

  @Test func writesEqualMembersWhateverTheOrderOfTheDigests() {
    let names = (0..<50).map { "layer\($0)" }
    func text(_ names: [String]) -> [String] {
      let digests = Dictionary(uniqueKeysWithValues: names.map { ($0, Self.digest) })
      return CheckpointMetadata(architecture: [:], source: [:], digests: digests, content: "").members.map(
        \.value)
    }
    #expect(text(names) == text(names.reversed()))
  }

  @Test func ignoresMembersItDoesNotKnow() throws {
    var file = Self.valid
    file.metadata.insert(("format", "pt"), at: 1)
    file.metadata.append(("attnconv.later", "anything"))
    #expect(try CheckpointMetadata(file.header()) == CheckpointMetadata(Self.valid.header()))
    #expect(try CheckpointMetadata.isPresent(in: file.header()))
  }

  static let refusals: [(CanonicalCheckpoint, CheckpointError)] = [
    (
      valid.with("attnconv.version", nil),
      CheckpointError(
        .notCanonical, "a safetensors file without attnconv.version, not a canonical checkpoint",
        hint: "run 'attnconv import' on it first")
    ),
    (
      valid.with("attnconv.version", "2"),
      CheckpointError(
        .unsupportedVersion, "checkpoint format version \"2\", this program knows \"1\"",
        hint: "use a newer attnconv")
    ),
    (
      valid.with("attnconv.version", "1.0"),
      CheckpointError(
        .unsupportedVersion, "checkpoint format version \"1.0\", this program knows \"1\"",
        hint: "use a newer attnconv")
    ),
    (valid.with("attnconv.architecture", nil), malformed("the metadata lacks attnconv.architecture")),
    (valid.with("attnconv.source", nil), malformed("the metadata lacks attnconv.source")),
    (valid.with("attnconv.digests", nil), malformed("the metadata lacks attnconv.digests")),
    (valid.with("attnconv.content", nil), malformed("the metadata lacks attnconv.content")),
    (
      valid.with("attnconv.architecture", "[]"),
      malformed("attnconv.architecture is array, expected an object")
    ),
    (valid.with("attnconv.source", "null"), malformed("attnconv.source is null, expected an object")),
    (valid.with("attnconv.digests", "\"\""), malformed("attnconv.digests is string, expected an object")),
    (
      valid.with("attnconv.source", ""),
      malformed("attnconv.source is not valid JSON: the text ended where a value was expected")
    ),
    (
      valid.with("attnconv.architecture", #"{"a":1,"\u0061":2}"#),
      malformed("attnconv.architecture is not valid JSON: the name \"a\" occurs twice in one object")
    ),
    (valid.with("attnconv.digests", "{}"), malformed("attnconv.digests lacks tensor \"head.bias\"")),
    (
      valid.with(
        "attnconv.digests", "{\"head.bias\":\"\(digest)\",\"z\":\"\(digest)\",\"fc.bias\":\"\(digest)\"}"),
      malformed("attnconv.digests names \"fc.bias\", which the file does not hold")
    ),
    (valid.with("attnconv.digests", "{\"head.bias\":null}"), shape("head.bias")),
    (valid.with("attnconv.digests", "{\"head.bias\":\"\(digest)\",\"stray\":1}"), shape("stray")),
    (valid.with("attnconv.digests", "{\"head.bias\":\"\(digest.dropLast())\"}"), shape("head.bias")),
    (valid.with("attnconv.digests", "{\"head.bias\":\"\(digest.uppercased())\"}"), shape("head.bias")),
    (
      valid.with("attnconv.content", digest),
      CheckpointError(
        .digestMismatch,
        "attnconv.content is \(digest), the names, types, shapes and digests give \(content)",
        hint: "the header was changed after the checkpoint was written; import a.pth again")
    ),
    (
      CanonicalCheckpoint([.init(name: "a\tU8", elementType: .uint8, shape: [0], bytes: [])]),
      CheckpointError(.malformed, "tensor \"a\\tU8\" has a control character in its name")
    ),
  ]

  private static func malformed(_ message: String) -> CheckpointError { CheckpointError(.malformed, message) }

  private static func shape(_ name: String) -> CheckpointError {
    malformed("attnconv.digests of \"\(name)\" is not a SHA-256 in lower-case hexadecimal digits")
  }

  @Test(arguments: refusals.indices)
  func refusesWhatIsNotExactlyRight(_ row: Int) throws {
    let (file, expected) = Self.refusals[row]
    let header = try file.header()
    #expect(throws: expected) { try CheckpointMetadata(header) }
  }

  @Test func tellsACheckpointFromAnyOtherFile() throws {
    #expect(try !CheckpointMetadata.isPresent(in: Self.valid.with("attnconv.version", nil).header()))
    #expect(try CheckpointMetadata.isPresent(in: Self.valid.with("attnconv.version", "9").header()))
  }

  /// The digests stay, what they belong to changes: another type or shape of the same size, another name.
  @Test(
    arguments: [
      CanonicalCheckpoint.Tensor(name: "head.bias", elementType: .int8, shape: [4], bytes: [1, 2, 3, 4]),
      CanonicalCheckpoint.Tensor(
        name: "head.bias", elementType: .uint8, shape: [2, 2], bytes: [1, 2, 3, 4]),
    ])
  func noticesThatATensorIsDescribedOtherwise(_ tensor: CanonicalCheckpoint.Tensor) throws {
    var file = CanonicalCheckpoint([tensor])
    let found = file.metadata[5].value
    file.metadata = Self.valid.metadata
    let header = try file.header()
    #expect(
      throws: CheckpointError(
        .digestMismatch,
        "attnconv.content is \(Self.content), the names, types, shapes and digests give \(found)",
        hint: "the header was changed after the checkpoint was written; import a.pth again")
    ) { try CheckpointMetadata(header) }
  }
}

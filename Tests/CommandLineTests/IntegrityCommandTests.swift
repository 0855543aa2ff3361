import JSON
import SystemPackage
import TestSupport
import Testing

/// `verify --integrity` as people call it: text, JSON and exit codes of the built binary.
@Suite struct IntegrityCommandTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func run(_ arguments: String...) async throws -> Program.Outcome {
    try await Program(in: directory).run(["verify", "--integrity"] + arguments)
  }

  /// What the source is called, and how to get the checkpoint once more.
  private static let again =
    "import module-se-c64.pth (SHA-256 fa319149c3d1871f08238691c12086229245ce29b9fb008c99d9384a03bc7b15) again"

  /// Imports a small module and gives the bytes of its checkpoint.
  private func checkpoint() async throws -> [UInt8] {
    let source = FixturePath.of("networks/module-se-c64.pth")
    let outcome = try await Program(in: directory).run(["import", source, "-o", "whole.safetensors"])
    #expect(outcome.status == 0, "\(outcome.messages)")
    return try directory.bytes(of: "whole.safetensors")
  }

  @Test func `an intact file ends with 0`() async throws {
    _ = try await checkpoint()
    let outcome = try await run("whole.safetensors")
    #expect(outcome.status == 0)
    #expect(outcome.messages == "")
    #expect(outcome.output == "whole.safetensors: intact: 2 tensors, 3,072 bytes\n")
  }

  @Test func `all files are checked, and the worst outcome counts`() async throws {
    let whole = try await checkpoint()
    var changed = whole
    changed[1024] ^= 1
    changed[3071] ^= 0x80
    _ = try directory.create("two.safetensors", changed)
    var header = whole
    let place = try #require(header.indices.first { header[$0...].starts(with: "senet".utf8) })
    header[place] = UInt8(ascii: "S")
    _ = try directory.create("header.safetensors", header)
    let outcome = try await run("two.safetensors", "whole.safetensors", "header.safetensors")
    #expect(outcome.status == 1)
    #expect(outcome.messages == "")
    let hash = #/[0-9a-f]{64}/#
    let output = outcome.output.replacing(Self.again, with: "AGAIN").replacing(hash, with: "DIGEST")
    #expect(
      output == """
        two.safetensors: damaged in 2 places
          data of tensor "attention.expand.weight": its SHA-256 is DIGEST, it was DIGEST
          data of tensor "attention.reduce.weight": its SHA-256 is DIGEST, it was DIGEST
          hint: AGAIN
        whole.safetensors: intact: 2 tensors, 3,072 bytes
        header.safetensors: damaged: metadata attnconv.source: byte \(place) is 0x53 'S', it was 0x73 's'
          hint: AGAIN
        1 of 3 files are intact

        """)
    let absent = try await run("two.safetensors", "absent.safetensors")
    #expect(absent.status == 2)
    #expect(
      absent.messages == "error: absent.safetensors: no such file or directory\nhint: check the path\n")
  }

  @Test func `a report for programs`() async throws {
    var bytes = try await checkpoint()
    let place = try #require(
      bytes.indices.first { bytes[$0...].starts(with: "attention.expand.weight\":{".utf8) })
    bytes[place] ^= 2
    _ = try directory.create("changed.safetensors", bytes)
    let outcome = try await run("changed.safetensors", "--json")
    #expect(outcome.status == 1)
    let report = try JSONParser.parse(outcome.output)
    #expect(report["status"] == "damaged")
    #expect(report["command"] == "verify")
    let file = report["files"]?.arrayValue?.first
    #expect(file?["status"] == "damaged")
    #expect(file?["hint"] == .string(Self.again))
    #expect(
      file?["damage"] == [
        [
          "bytes": 1, "field": "name",
          "message": .string("byte \(place) is 0x63 'c', it was 0x61 'a'"), "offset": .integer(place),
          "part": "entry", "tensor": "attention.expand.weight",
        ]
      ])
  }

  @Test func `files that digests tell nothing about end with 2`() async throws {
    let reference = FixturePath.of("references/module-cbam/reference.safetensors")
    let outcome = try await run(reference)
    #expect(outcome.status == 2)
    #expect(outcome.output == "")
    #expect(
      outcome.messages
        == "error: \(reference): a safetensors file without attnconv.version, not a canonical checkpoint\n"
        + "hint: run 'attnconv import' on it first\n")
  }

  /// What other commands do with a damaged header.
  @Test func `a network with a changed description is not run`() async throws {
    var bytes = try await checkpoint()
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: "1e-05".utf8) })
    bytes[place + 4] = UInt8(ascii: "4")
    _ = try directory.create("changed.safetensors", bytes)
    let outcome = try await Program(in: directory).run(["inspect", "changed.safetensors"])
    #expect(outcome.status == 2)
    #expect(
      outcome.messages == """
        error: changed.safetensors: the header is not as it was written: metadata attnconv.architecture: byte \
        \(place + 4) is 0x34 '4', it was 0x35 '5' (at byte \(place + 4))
        hint: the file was damaged or changed after it was written; \(Self.again)

        """)
  }

  @Test(
    arguments: [
      ([], "--integrity needs at least one checkpoint"),
      (
        ["a", "--reference", "b"],
        "--integrity runs no network and takes only checkpoints, --threads and --junit"
      ),
      (["a", "--oracle"], "--integrity runs no network and takes only checkpoints, --threads and --junit"),
      (
        ["a", "--self-test"], "--integrity runs no network and takes only checkpoints, --threads and --junit"
      ),
    ] as [([String], String)])
  func `options that mean nothing with it are refused`(_ arguments: [String], _ message: String) async throws
  {
    let outcome = try await Program(in: directory).run(["verify", "--integrity"] + arguments)
    #expect(outcome.status == 64)
    #expect(outcome.messages.hasPrefix("Error: \(message)\n"), "\(outcome.messages)")
  }

  @Test func `only integrity takes several checkpoints`() async throws {
    let outcome = try await Program(in: directory).run(["verify", "a", "b", "--reference", "c"])
    #expect(outcome.status == 64)
    #expect(outcome.messages.hasPrefix("Error: name one checkpoint; only --integrity takes several\n"))
  }
}

import Bytes
import Checkpoint
import Execution
import JSON
import SystemPackage
import TestSupport
import Testing
import Verification

/// `pin`, and `verify` of what is pinned, as people call them: text, JSON, exit codes and the file itself.
@Suite struct PinCommandTests {
  private let project: PinnedProject
  private let row = ReferenceCase("module-nam")

  init() throws {
    project = try PinnedProject()
    try project.add(row)
  }

  private func run(_ arguments: String...) async throws -> Program.Outcome {
    try await Program(in: project.directory).run(arguments)
  }

  private func pin(_ row: ReferenceCase, _ arguments: String...) async throws -> Program.Outcome {
    let files = ["\(row.name).safetensors", "--reference", "\(row.name).reference.safetensors"]
    return try await Program(in: project.directory).run(["pin"] + files + arguments)
  }

  /// Makes the checkpoint of the case another one.
  private func changeCheckpoint() throws {
    try project.change(row) { $0.change("attention.channel.norm.bias") { [$1[0] + 1] + $1.dropFirst() } }
  }

  private let files = "module-nam.safetensors against module-nam.reference.safetensors"

  @Test func `a checkpoint that passes is pinned`() async throws {
    let outcome = try await pin(row)
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.messages == "")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "pinned \(files) in attnconv.json")
    #expect(lines.dropFirst().first == "  architecture  nam-module")
    #expect(lines.last?.hasPrefix("  3 of 3 tensors agree; largest relative difference ") == true)
    #expect(try PinFile(project.pins).entries.map(\.pin) == [try project.found(row)])
  }

  @Test func `the same pin again changes nothing`() async throws {
    _ = try await pin(row)
    let before = try project.directory.bytes(of: "attnconv.json")
    let outcome = try await pin(row)
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("\(files) is pinned in attnconv.json already; nothing changed\n"))
    #expect(try project.directory.bytes(of: "attnconv.json") == before)
  }

  @Test func `a checkpoint that does not pass is not pinned`() async throws {
    try changeCheckpoint()
    let outcome = try await pin(row)
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("first diverging layer: attention.channel.norm\n"))
    #expect(outcome.output.hasSuffix("\nnot pinned in attnconv.json\n"))
    #expect(!project.pins.exists)
  }

  @Test func `a pin that differs is replaced by force only, and keeps its tolerance`() async throws {
    _ = try await pin(row, "--tolerance", "0.001")
    let before = try project.directory.bytes(of: "attnconv.json")
    let old = try project.found(row).content
    try project.change(row) { $0.change("attention.channel.norm.bias") { [$1[0].nextUp] + $1.dropFirst() } }
    let new = try project.found(row).content
    let refused = try await pin(row)
    #expect(refused.status == 2)
    #expect(
      refused.messages == """
        error: attnconv.json: \(files) is pinned otherwise: content: pinned \(old), found \(new)
        hint: use --force to replace the pin

        """)
    #expect(try project.directory.bytes(of: "attnconv.json") == before)
    let replaced = try await pin(row, "--force")
    #expect(replaced.status == 0)
    #expect(
      replaced.output.hasPrefix(
        "pinned \(files) in attnconv.json again\n  content: pinned \(old), found \(new)\n"))
    #expect(try PinFile(project.pins).entries.map(\.pin.tolerance) == [1e-3])
    #expect(try PinFile(project.pins).entries.map(\.pin.content) == [new])
  }

  @Test func `paths are relative to the pin file`() async throws {
    let name = try #require(project.directory.path.lastComponent).string
    let elsewhere = try TemporaryDirectory()
    let arguments = ["--pins", "\(project.directory.path.string)/attnconv.json"]
    let files = ["../\(name)/module-nam.safetensors", "--reference", row.referencePath.string]
    let outcome = try await Program(in: elsewhere).run(["pin"] + files + arguments)
    #expect(outcome.status == 0, "\(outcome.messages)")
    let pin = try #require(try PinFile(project.pins).entries.first?.pin)
    #expect(pin.checkpoint == "module-nam.safetensors")
    #expect(pin.reference == row.referencePath.string)
    #expect(try await Program(in: elsewhere).run(["verify"] + arguments).status == 0)
    #expect(try await run("verify").status == 0)
  }

  @Test func `a pin is removed, also that of a file that is gone`() async throws {
    _ = try await pin(row)
    try project.directory.remove("module-nam.safetensors")
    let outcome = try await run("pin", "--remove", "module-nam.safetensors")
    #expect(outcome.status == 0)
    #expect(outcome.output == "removed \(files) from attnconv.json\n")
    let again = try await run("pin", "--remove", "module-nam.safetensors", "--json")
    #expect(again.status == 2)
    #expect(try JSONParser.parse(again.output)["error"]?["identifier"] == "not-pinned")
    let verify = try await run("verify")
    #expect(verify.status == 2)
    #expect(
      verify.messages == """
        error: attnconv.json: the file pins nothing, so nothing was checked
        hint: add a pin with 'attnconv pin CHECKPOINT --reference FILE'

        """)
  }

  @Test func `everything that holds ends with 0`() async throws {
    let other = ReferenceCase("module-eca-ns")
    try project.add(other)
    _ = try await pin(row)
    _ = try await pin(other)
    let outcome = try await run("verify")
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.messages == "")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "attnconv.json")
    #expect(lines.last == "2 of 2 pins hold")
    #expect(lines.count { $0.hasSuffix("  holds") } == 2)
    #expect(lines.dropFirst(2).first?.hasPrefix("module-eca-ns.safetensors  ") == true)
  }

  @Test func `a changed checkpoint ends with 1 and both digests`() async throws {
    _ = try await pin(row)
    let old = try project.found(row).content
    try changeCheckpoint()
    let outcome = try await run("verify")
    #expect(outcome.status == 1)
    #expect(outcome.messages == "")
    #expect(
      outcome.output.hasSuffix(
        """
        -  CHANGED

        \(files): the checkpoint holds other weights than were pinned
          content: pinned \(old), found \(try project.found(row).content)
          hint: import the checkpoint again, or accept the change and pin again with --force

        0 of 1 pin holds

        """), "\(outcome.output)")
  }

  @Test func `a network that differs ends with 1 and the first layer`() async throws {
    try changeCheckpoint()
    _ = try PinFile.add(project.found(row), to: project.pins, replacing: false)
    let outcome = try await run("verify", "--json")
    #expect(outcome.status == 1)
    let report = try JSONParser.parse(outcome.output)
    #expect(report["status"] == "broken")
    #expect(report["holding"] == 0)
    let pin = try #require(report["pins"]?.arrayValue?.first)
    #expect(pin["status"] == "diverged")
    #expect(pin["verdict"]?["divergence"] == "attention.channel.norm")
    #expect(pin["verdict"]?["tensors"] == 3)
    #expect(
      try await run("verify").output.contains(
        "\(files): 3 of 3 tensors differ, first at attention.channel.norm; "))
  }

  @Test func `the likely cause is told`() async throws {
    let row = ReferenceCase("module-cbam-k49")
    try project.add(row)
    try project.change(row) { $0.swapPools("attention.spatial.conv.weight") }
    _ = try PinFile.add(project.found(row), to: project.pins, replacing: false)
    let cause = "the inputs maximum and mean of attention.spatial.conv are swapped"
    let outcome = try await run("verify", "--junit", "out.xml")
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("\n  likely cause: \(cause)\n"), "\(outcome.output)")
    let report = String(decoding: try project.directory.bytes(of: "out.xml"), as: UTF8.self)
    #expect(report.contains("\nlikely cause: \(cause)</failure>"))
    let pin = try JSONParser.parse(try await run("verify", "--json").output)["pins"]?.arrayValue?.first
    #expect(pin?["verdict"]?["causes"]?.arrayValue?.map { $0["identifier"] } == ["swapped-pool-order"])
  }

  @Test func `what cannot be checked ends with 2, and the rest is checked`() async throws {
    let (gone, other) = (ReferenceCase("module-eca-ns"), ReferenceCase("module-bam"))
    for row in [gone, other] {
      try project.add(row)
      _ = try await pin(row)
    }
    _ = try await pin(row)
    try project.directory.remove("module-eca-ns.reference.safetensors")
    try changeCheckpoint()
    let outcome = try await run("verify")
    #expect(outcome.status == 2)
    #expect(
      outcome.messages == """
        error: module-eca-ns.reference.safetensors: the pinned reference does not exist
        hint: record it again, or give the pin up with 'attnconv pin --remove'

        """)
    #expect(outcome.output.hasSuffix("\n1 of 3 pins hold\n"))
    let report = try JSONParser.parse(try await run("verify", "--json", "--threads", "2").output)
    #expect(report["status"] == "unchecked")
    #expect(report["pins"]?.arrayValue?.map { $0["status"] } == ["holds", "unchecked", "changed"])
    #expect(report["pins"]?.arrayValue?[1]["error"]?["identifier"] == "missing-reference")
  }

  @Test func `without a pin file, verify says how to begin`() async throws {
    let outcome = try await run("verify")
    #expect(outcome.status == 2)
    #expect(outcome.output == "")
    #expect(
      outcome.messages == """
        error: attnconv.json: found no pin file, expected attnconv.json in this folder or --pins
        hint: 'attnconv pin CHECKPOINT --reference FILE' begins one; 'attnconv verify CHECKPOINT --reference FILE' \
        needs none

        """)
  }

  /// A command line that does not make sense.
  private static let misuses: [[String]] = [
    ["verify", "--reference", "a"],
    ["verify", "--tolerance", "0.1"],
    ["verify", "a", "--pins", "b"],
    ["verify", "a", "--reference", "b", "--pins", "c"],
    ["pin"],
    ["pin", "a"],
    ["pin", "-", "--reference", "b"],
    ["pin", "a", "--reference", "-"],
    ["pin", "a", "--reference", "b", "--tolerance", "1"],
    ["pin", "--remove"],
    ["pin", "--remove", "a", "--force"],
    ["pin", "--remove", "a", "--tolerance", "0.1"],
  ]

  @Test(arguments: misuses) func `what makes no sense ends with 64`(_ arguments: [String]) async throws {
    let outcome = try await Program(in: project.directory).run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.output == "")
    #expect(!project.pins.exists)
  }

  @Test func `a broken pin file is told before the network runs`() async throws {
    _ = try project.directory.create("attnconv.json", Array(#"{"schemaVersion": 1, "pin": []}"#.utf8))
    for outcome in [try await pin(row), try await run("verify")] {
      #expect(outcome.status == 2)
      #expect(
        outcome.messages == """
          error: attnconv.json: the pin file: found unknown member "pin", expected only schemaVersion, pins
          hint: did you mean "pins"?

          """)
    }
  }

  @Test func `pins for programs`() async throws {
    let outcome = try await pin(row, "--json")
    let report = try JSONParser.parse(outcome.output)
    #expect(report["status"] == "added")
    #expect(report["pins"] == "attnconv.json")
    #expect(report["pin"]?["checkpoint"] == "module-nam.safetensors")
    #expect(report["changes"] == [])
    #expect(try JSONParser.parse(try await pin(row, "--json").output)["status"] == "unchanged")
    try changeCheckpoint()
    let diverged = try await pin(row, "--json")
    #expect(diverged.status == 1)
    #expect(try JSONParser.parse(diverged.output)["status"] == "diverged")
  }
}

import Foundation
import JSON
import SystemPackage
import Testing
import TestSupport

@Suite struct ImportCommandTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func run(_ arguments: String..., input: FilePath? = nil) async throws -> Program.Outcome {
    var program = Program(in: directory)
    program.input = input
    return try await program.run(arguments)
  }

  /// Copies a fixture under another name.
  private func copy(_ fixture: String, as name: String) throws {
    try FileManager.default.copyItem(atPath: fixture, toPath: directory.file(name).string)
  }

  @Test(
    arguments: [
      ("weights.pth", "weights.safetensors"),
      ("weights.pth.tar", "weights.safetensors"),
      ("weights.safetensors", "weights.canonical.safetensors"),
      ("weights", "weights.safetensors"),
      ("weights.zip", "weights.zip.safetensors"),
      ("weights.v2.pt", "weights.v2.safetensors"),
      (".pth", ".pth.safetensors"),
    ])
  func `the content decides, not the name, and the output lies beside`(_ name: String, _ output: String)
    async throws
  {
    try copy(FixturePath.seModule, as: name)
    let outcome = try await run("import", name)
    #expect(outcome.status == 0)
    #expect(outcome.messages == "")
    #expect(outcome.output.contains("  architecture  se-module\n"))
    #expect(outcome.output.contains("wrote \(output) ("))
    #expect(try directory.names() == [name, output].sorted())
  }

  @Test func `a file is not replaced without force`() async throws {
    let path = try directory.create("out.safetensors", Array("old".utf8))
    let refused = try await run("import", FixturePath.seModule, "-o", "out.safetensors")
    #expect(refused.status == 2)
    #expect(refused.output == "")
    #expect(
      refused.messages == """
        error: out.safetensors: the output file already exists
        hint: use --force to replace it, or -o to name another

        """)
    #expect(try directory.bytes(of: "out.safetensors") == Array("old".utf8))
    let forced = try await run("import", FixturePath.seModule, "-o", path.string, "--force")
    #expect(forced.status == 0)
    #expect(try directory.bytes(of: "out.safetensors").count > 100)
    #expect(try directory.names() == ["out.safetensors"])
  }

  @Test func `a dry run shows the plan and writes nothing`() async throws {
    let outcome = try await run(
      "import", "--dry-run", FixturePath.of("networks/external-attention-cbam-k7.pth"))
    #expect(outcome.status == 0)
    let lines = outcome.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines.contains { $0.starts(with: ["source", "change", "canonical", "type", "shape"]) })
    #expect(
      lines.contains { $0.first == "ca.se.0.weight" && $0.contains("attention.channel.reduce.weight") })
    #expect(try directory.names() == [])
  }

  @Test func `files that can be imported are, where others fail`() async throws {
    let outcome = try await run(
      "import", FixturePath.seModule, FixturePath.webPage, FixturePath.trainingRun, "--output-dir", ".")
    #expect(outcome.status == 2)
    #expect(outcome.messages.contains("error: \(FixturePath.webPage): found an HTML page"))
    #expect(
      outcome.messages.contains(
        "warning: the entry \"arch\" says \"resnet50\", the tensors are resnet18-cbam-cifar\n"))
    #expect(!outcome.output.contains("error:"))
    #expect(
      try directory.names() == ["cbam-resnet18-narrow.training.safetensors", "se-module-tiny.safetensors"])
  }

  @Test func `a deflated archive is imported to a relative path`() async throws {
    let outcome = try await run(
      "import", FixturePath.of("pytorch-zip/cbam-resnet18-narrow.deflated.pth"), "-o", "out.safetensors")
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(try directory.names() == ["out.safetensors"])
  }

  @Test func `standard input works where it comes from a file`() async throws {
    let input = FilePath(FixturePath.seModule)
    let inspected = try await run("inspect", "-", input: input)
    #expect(inspected.status == 0, "\(inspected.messages)")
    #expect(inspected.output.contains("  architecture  se-module\n"))
    let imported = try await run("import", "-", "-o", "out.safetensors", input: input)
    #expect(imported.status == 0, "\(imported.messages)")
    #expect(try directory.names() == ["out.safetensors"])
  }

  @Test func `standard input that is no file is refused`() async throws {
    let outcome = try await run("inspect", "-")
    #expect(outcome.status == 2)
    #expect(outcome.messages.hasSuffix("not a regular file\nhint: save the data to a file first\n"))
  }

  @Test func `wrong checksums are only noted where that is asked for`() async throws {
    let file = FixturePath.of("pytorch-zip/cbam-resnet18-narrow.wrong-crc.pth")
    let outcome = try await run("import", file, "-o", "out.safetensors", "--ignore-crc")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("(ignored as asked)"))
  }

  @Test func `what was imported can be inspected and exported`() async throws {
    #expect(try await run("import", FixturePath.trainingRun, "-o", "in.safetensors").status == 0)
    let inspected = try await run("inspect", "in.safetensors")
    #expect(inspected.status == 0)
    #expect(inspected.messages == "")
    #expect(inspected.output.contains("  container     canonical checkpoint, version 1\n"))
    #expect(inspected.output.contains("  state dict    at state_dict, prefix module. stripped\n"))
    let exported = try await run("export", "in.safetensors", "--to", "pytorch", "-o", "back.pth")
    #expect(exported.status == 0)
    #expect(
      exported.output.hasPrefix(
        "wrote back.pth: resnet18-cbam-cifar in the names of attention-module, 202 tensors\n"))
    let again = try await run("export", "in.safetensors", "--to", "pytorch", "-o", "back.pth")
    #expect(again.status == 2)
    #expect(again.messages.hasPrefix("error: back.pth: the output file already exists\n"))
    #expect(
      try await run("export", "in.safetensors", "--to", "pytorch", "-o", "back.pth", "--force").status == 0)
    #expect(try directory.names() == ["back.pth", "in.safetensors"])
  }

  @Test func `a network is exported in the names of another code base`() async throws {
    #expect(try await run("import", FixturePath.cbamNetwork, "-o", "in.safetensors").status == 0)
    let exported = try await run(
      "export", "in.safetensors", "--to", "safetensors", "--dialect", "pytorchcv", "-o", "other.safetensors")
    #expect(exported.status == 0)
    #expect(
      exported.messages == """
        warning: pytorchcv has headPool {"kernel":7,"kind":"fixed","stride":1} rather than \
        {"kernel":7,"kind":"fixed","stride":7}; the file loads there and may compute something else

        """)
    let inspected = try await run("inspect", "other.safetensors")
    #expect(inspected.output.contains("  dialect       pytorchcv (all of the names fit)\n"))
    let refused = try await run(
      "export", "in.safetensors", "--to", "safetensors", "--dialect", "nam", "-o", "nam.safetensors")
    #expect(refused.status == 2)
    #expect(
      refused.messages == """
        error: in.safetensors: dialect nam has no networks like resnet18-cbam
        hint: choose another dialect with --dialect

        """)
    #expect(try directory.names() == ["in.safetensors", "other.safetensors"])
  }
}

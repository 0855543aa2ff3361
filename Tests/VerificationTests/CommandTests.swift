import Checkpoint
import Execution
import JSON
import SystemPackage
import Testing
import Verification
import TestSupport

/// `verify` and `run` as people call them: text, JSON and exit codes of the built binary.
@Suite struct CommandTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func run(_ arguments: String...) async throws -> Program.Outcome {
    try await Program(in: directory).run(arguments)
  }

  private func report(_ outcome: Program.Outcome) throws -> JSONValue { try JSONParser.parse(outcome.output) }

  /// A checkpoint of a case with a fault.
  private func changed(_ row: ReferenceCase, _ change: (inout ChangedCheckpoint) -> Void) throws -> String {
    var changed = try ChangedCheckpoint(row.checkpoint())
    change(&changed)
    return try directory.create("changed.safetensors", changed.bytes()).string
  }

  @Test func `a network that agrees ends with 0`() async throws {
    let row = ReferenceCase("timm-cbam-resnet18")
    let outcome = try await run("verify", row.checkpointPath.string, "--reference", row.referencePath.string)
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.messages == "")
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.first.map(String.init) == row.checkpointPath.string)
    #expect(lines.count { $0.hasSuffix("  pass") } == 10)
    #expect(lines.contains("images: 2; top-1 agrees for 2, top-5 for 2"))
    #expect(lines.last == "passed: 10 of 10 tensors agree within 1e-05 of their largest magnitude")
  }

  @Test func `a network that differs ends with 1 and names the first layer`() async throws {
    let row = ReferenceCase("module-cbam-k49")
    let path = try changed(row) { $0.swapPools("attention.spatial.conv.weight") }
    let outcome = try await run("verify", path, "--reference", row.referencePath.string)
    #expect(outcome.status == 1)
    #expect(outcome.messages == "")
    #expect(
      outcome.output.hasSuffix(
        """
        failed: 2 of 4 tensors differ by more than 1e-05 of their largest magnitude
        first diverging layer: attention.spatial.conv
          agreeing before it: attention.spatial.statistics
          the other difference follows from it
        likely cause: the inputs maximum and mean of attention.spatial.conv are swapped (difference 8.08e-01 -> 4.82e-08)

        """), "\(outcome.output)")
  }

  @Test func `what is broken by itself is listed with what is known of it`() async throws {
    let row = ReferenceCase("timm-cbam-resnet18")
    let path = try changed(row) {
      $0.swapPools("stages.0.blocks.1.attention.spatial.conv.weight")
      $0.swapPools("stages.2.blocks.0.attention.spatial.conv.weight")
      $0.change("head.bias") { [$1[0] + 1] + $1.dropFirst() }
    }
    let outcome = try await run("verify", path, "--reference", row.referencePath.string)
    #expect(outcome.status == 1)
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.count { $0.hasSuffix("  FAIL") } == 3)
    #expect(lines.count { $0.hasSuffix("  FAIL, follows") } == 5)
    let begin = try #require(lines.firstIndex { $0.hasPrefix("3 parts are broken") })
    #expect(
      lines[begin...].map { $0.replacing(#/[0-9.]+e-0[0-9]/#, with: "N") } == [
        "3 parts are broken, each run on the recorded tensors before it:",
        "  stages.0.blocks.1.relu  differs by N",
        "  stages.2.blocks.0.relu  differs by N",
        "  head                    differs by N",
        "  the other 5 differences follow from them",
        "likely cause: the inputs maximum and mean of stages.0.blocks.1.attention.spatial.conv are swapped, "
          + "and likewise elsewhere (difference N -> N)",
        "  in 2 places: stages.0.blocks.1.attention.spatial.conv, stages.2.blocks.0.attention.spatial.conv",
        "no other likely cause in head: none of the 22 known faults tried restores agreement",
      ])
  }

  @Test func `numbers that are not finite end with 1 and are told`() async throws {
    let row = ReferenceCase("module-nam")
    let path = try changed(row) {
      $0.change("attention.channel.norm.weight") { [Float.infinity] + $1.dropFirst() }
    }
    let outcome = try await run("verify", path, "--reference", row.referencePath.string)
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("taps.attention.channel.norm: the network gives NaN or infinity in "))
    #expect(outcome.output.contains("first diverging layer: attention.channel.norm\n"))
  }

  @Test func `the tolerance decides`() async throws {
    let row = ReferenceCase("module-nam")
    let path = try changed(row) { $0.set("epsilon", .number(1.1e-5)) }
    let arguments = ["verify", path, "--reference", row.referencePath.string]
    #expect(try await Program(in: directory).run(arguments + ["--tolerance", "1e-3"]).status == 0)
    #expect(try await Program(in: directory).run(arguments + ["--tolerance", "1e-9"]).status == 1)
  }

  @Test func `a verdict for programs`() async throws {
    let row = ReferenceCase("module-cbam-k49")
    let path = try changed(row) { $0.swapPools("attention.spatial.conv.weight") }
    let outcome = try await run("verify", path, "--reference", row.referencePath.string, "--json")
    #expect(outcome.status == 1)
    let report = try report(outcome)
    #expect(report["status"] == "diverged")
    #expect(report["command"] == "verify")
    #expect(report["tolerance"]?.doubleValue == 1e-5)
    #expect(report["engine"] == .string(Engine.fastest.rawValue))
    #expect(
      report["divergence"] == [
        "agreeing": ["attention.spatial.statistics"], "node": "attention.spatial.conv",
        "suspects": ["attention.spatial.conv"], "tensor": "taps.attention.spatial.conv",
      ])
    #expect(report["tensors"]?.arrayValue?.map { $0["passed"]?.boolValue } == [true, true, false, false])
    #expect(report["local"]?.arrayValue?.map { $0["passed"]?.boolValue } == [true, true, false, true])
    #expect(
      report["brokenParts"] == [
        [
          "node": "attention.spatial.conv", "nodes": ["attention.spatial.conv"],
          "sources": ["attention.spatial.statistics"], "tensor": "taps.attention.spatial.conv",
        ]
      ])
    let cause = try #require(report["causes"]?.arrayValue?.first)
    #expect(cause["identifier"] == "swapped-pool-order")
    #expect(cause["modules"] == ["attention.spatial.conv"])
    #expect(cause["tensors"] == ["taps.attention.spatial.conv"])
    #expect(cause["restoresAgreement"] == true)
    #expect(report["unexplainedParts"] == [])
  }

  @Test func `parameters that the reference cannot see are listed, and the network passes`() async throws {
    let row = ReferenceCase("timm-legacy-seresnet18")
    let arguments = ["--reference", row.referencePath.string, "--sensitivity"]
    let program = Program(in: directory)
    let outcome = try await program.run(["verify", row.checkpointPath.string] + arguments)
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(
      outcome.messages == "warning: the reference cannot see 4 of 134 parameters: a fault in them passes\n")
    #expect(
      outcome.output.contains(
        """
          not seen in stages.1.blocks.1.attention: reduce.weight, reduce.bias, expand.weight
            relu is shut

        """), "\(outcome.output)")
    for text in [
      "\nsensitivity: 130 of 134 parameters are seen when moved by 10 %; 20 num_batches_tracked, ",
      "\n  not seen in stages.1.blocks.0.attention: reduce.bias\n    largest change of what was recorded: 3.",
      "\nweakest seen: stages.2.blocks.0.attention.expand.weight changes taps.stages.2.blocks.0.relu by 1.",
      ", 1.4 times the tolerance\n",
    ] { #expect(outcome.output.contains(text), "\(outcome.output)") }
    let passing = try report(
      try await program.run(["verify", row.checkpointPath.string] + arguments + ["--json"]))
    let sensitivity = try #require(passing["sensitivity"])
    #expect(sensitivity["parameters"] == 134)
    #expect(sensitivity["seen"] == 130)
    let expected = """
      {"parameter": "stages.1.blocks.1.attention.reduce.weight", "tensor": "output", "change": 0.0,
       "obstacles": [{"kind": "shut", "name": "stages.1.blocks.1.attention.relu",
         "explanation": "stages.1.blocks.1.attention.relu is shut"}]}
      """
    #expect(try sensitivity["blind"]?.arrayValue?[1].text() == JSONParser.parse(expected).text())
  }

  @Test func `what does not pass is not measured`() async throws {
    let row = Self.module
    let path = try changed(row) { $0.set("epsilon", .number(1e-3)) }
    let report = try report(
      try await run("verify", path, "--reference", row.referencePath.string, "--sensitivity", "--json"))
    #expect(report["status"] == "diverged")
    #expect(report["sensitivity"] == .null)
  }

  @Test(.enabled(if: Engine.oneDNN.isAvailable))
  func `the noise floor is a column`() async throws {
    let row = Self.module
    let arguments = [
      "verify", row.checkpointPath.string, "--reference", row.referencePath.string, "--oracle",
    ]
    let outcome = try await Program(in: directory).run(arguments)
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.output.contains("max rel     noise       cosine  verdict\n"))
    #expect(outcome.output.contains("\nnoise floor: "))
    let report = try report(try await Program(in: directory).run(arguments + ["--json"]))
    #expect(report["noiseFloor"]?["engine"] == "onednn")
    let noises =
      report["noiseFloor"]?["nodes"]?.arrayValue?.compactMap { $0["relativeDifference"]?.doubleValue } ?? []
    #expect(noises.count == 3)
    #expect(noises.allSatisfy { (0..<1e-6).contains($0) })
  }

  /// A command line that cannot be carried out.
  struct Row: CustomTestStringConvertible, Sendable {
    var status: Int32
    var error: String
    var arguments: [String]

    var testDescription: String { arguments.joined(separator: " ") }

    init(_ status: Int32, _ error: String, _ arguments: String...) {
      self.status = status
      self.error = error
      self.arguments = arguments
    }
  }

  private static let module = ReferenceCase("module-nam")
  private static let checkpoint = module.checkpointPath.string
  private static let reference = module.referencePath.string

  private static let rows: [Row] = [
    .init(2, "cannot-open", "verify", "nowhere.safetensors", "--reference", reference),
    .init(2, "cannot-open", "verify", checkpoint, "--reference", "nowhere.safetensors"),
    .init(2, "not-canonical", "verify", reference, "--reference", reference),
    .init(2, "malformed-reference", "verify", checkpoint, "--reference", checkpoint),
    .init(
      2, "unsuitable-reference", "verify", checkpoint, "--reference",
      ReferenceCase("module-eca-ns").referencePath.string),
    .init(
      2, "unsuitable-input", "verify", checkpoint, "--reference",
      ReferenceCase("cifar-resnet18-bam").referencePath.string),
    .init(2, "cannot-open", "run", checkpoint, "--input", "nowhere.safetensors", "-o", "out"),
    .init(2, "malformed-input", "run", checkpoint, "--input", checkpoint, "-o", "out"),
    .init(2, "cannot-write", "run", checkpoint, "--input", reference, "-o", "nowhere/out"),
    .init(2, "exists", "run", checkpoint, "--input", reference, "-o", reference),
    .init(64, "", "verify", checkpoint),
    .init(64, "", "verify", checkpoint, "--reference", reference, "--tolerance", "1"),
    .init(64, "", "verify", checkpoint, "--reference", reference, "--tolerance=-1e-5"),
    .init(64, "", "verify", checkpoint, "--reference", reference, "--tolerance", "nan"),
    .init(64, "", "verify", checkpoint, "--reference", reference, "--threads", "0"),
    .init(64, "", "verify", "--oracle"),
    .init(64, "", "verify", "--sensitivity", "--pins", "pins.json"),
    .init(64, "", "run", checkpoint, "--input", reference),
    .init(64, "", "run", checkpoint, "-o", "out"),
  ]

  @Test(arguments: rows)
  func `what cannot be done says why and writes nothing`(_ row: Row) async throws {
    let outcome = try await Program(in: directory).run(row.arguments + ["--json"])
    #expect(outcome.status == row.status, "\(outcome.messages)")
    #expect(try directory.names() == [])
    if row.status == 2 {
      let report = try report(outcome)
      #expect(report["status"] == "failed")
      #expect(report["error"]?["identifier"] == .string(row.error))
      #expect(outcome.messages.hasPrefix("error: "))
    } else {
      #expect(outcome.output == "")
    }
  }

  @Test func `run writes what verify compares`() async throws {
    let row = ReferenceCase("timm-cbam-resnet18")
    let reference = try row.reference()
    let outcome = try await run(
      "run", row.checkpointPath.string, "--input", row.referencePath.string, "-o", "y")
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.output == "wrote y: output 2x10 of resnet18-cbam for input 2x3x40x48\n")
    let file = try TensorFile(directory.file("y"))
    #expect(file.names == ["output"])
    let expected = try reference.file.tensor(reference.output)
    let comparison = Comparison(
      "output", node: "head", actual: try file.tensor(try #require(file.record("output"))),
      expected: expected,
      tolerance: 1e-6)
    #expect(comparison.passes)
  }

  @Test func `run replaces a file only by force, and gives the same bytes`() async throws {
    let row = Self.module
    let arguments = ["run", row.checkpointPath.string, "--input", row.referencePath.string, "-o", "y"]
    #expect(try await Program(in: directory).run(arguments).status == 0)
    let bytes = try directory.bytes(of: "y")
    #expect(try await Program(in: directory).run(arguments).status == 2)
    let again = try await Program(in: directory).run(arguments + ["--force", "--threads", "1", "--json"])
    #expect(again.status == 0)
    #expect(try directory.bytes(of: "y") == bytes)
    let report = try report(again)
    #expect(report["status"] == "ran")
    #expect(report["outputShape"] == [2, 64, 4, 3])
    #expect(report["bytesWritten"]?.integerValue == bytes.count)
  }
}

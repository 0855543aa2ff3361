import JSON
import Testing
import TestSupport

/// `verify --self-test` as people call it.
@Suite struct SelfTestCommandTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func run(_ arguments: String...) async throws -> Program.Outcome {
    try await Program(in: directory).run(["verify", "--self-test"] + arguments)
  }

  @Test func `a verifier that lets faults pass ends with 1 and lists them`() async throws {
    let outcome = try await run("--engine", "reference", "--tolerance", "0.9")
    #expect(outcome.status == 1)
    #expect(outcome.messages == "")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.first?.split(separator: " ") == ["network", "engine", "max", "rel", "verdict"])
    #expect(lines.contains { $0.hasPrefix("resnet-cbam  ") && $0.contains("  swapped-pool-order  ") })
    #expect(lines.count { $0.hasPrefix("not caught in resnet-") } == 20)
    #expect(lines.contains("not caught in resnet-bam: norm-epsilon 1.001e-05 in stem.norm"))
    #expect(lines.contains { $0.hasPrefix("and ") && $0.hasSuffix(" more; --json lists all") })
    #expect(lines.last?.hasPrefix("failed: ") == true)
  }

  @Test func `a program is told of every fault`() async throws {
    let outcome = try await run("--engine", "reference", "--json")
    #expect(outcome.status == 0)
    let report = try JSONParser.parse(outcome.output)
    #expect(report["status"]?.stringValue == "passed")
    #expect(report["engine"]?.stringValue == "reference")
    let faults = report["faults"]?.arrayValue ?? []
    let poolOrder = faults.filter { $0["fault"]?.stringValue == "swapped-pool-order" }
    #expect(
      poolOrder.map { $0["module"]?.stringValue } == [
        "stages.0.blocks.0.attention.spatial.conv", "stages.1.blocks.0.attention.spatial.conv",
        "the whole network",
      ])
    #expect(faults.allSatisfy { $0["caught"] == .bool(true) && $0["located"] == .bool(true) })
  }

  @Test(arguments: [
    ["x.safetensors"], ["--reference", "x"], ["--pins", "x"], ["--junit", "x.xml"], ["--oracle"],
  ])
  func `files and measurements beside a self-test are a mistake`(_ arguments: [String]) async throws {
    let outcome = try await Program(in: directory).run(["verify", "--self-test"] + arguments)
    #expect(outcome.status == 64)
    #expect(outcome.messages.contains("--self-test needs no files"))
  }
}

import JSON
import TestSupport
import Testing

/// `attnconv map` says by its exit code whether a person has something left to do.
@Suite struct MapCommandTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func run(_ arguments: String...) async throws -> Program.Outcome {
    try await Program(in: directory).run(arguments)
  }

  @Test func `a complete draft lies beside the output and is accepted as it is`() async throws {
    let outcome = try await run(
      "map", FixturePath.cbamNetwork, "--architecture", "resnet18-cbam", "-o", "mine.dialect.json")
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.output.contains("wrote mine.dialect.json: "))
    #expect(
      outcome.output.contains(
        "next: attnconv import \(FixturePath.cbamNetwork) --dialect-file mine.dialect.json\n"))
    let imported = try await run(
      "import", FixturePath.cbamNetwork, "--dialect", "mine", "--dialect-file", "mine.dialect.json", "-o",
      "out")
    #expect(imported.status == 0, "\(imported.messages)")
    #expect(imported.output.contains("  dialect       mine (all of the names fit"))
  }

  @Test func `a draft that lacks something is written, and the answer is no`() async throws {
    let outcome = try await run(
      "map", FixturePath.cbamNetwork, "--architecture", "resnet18-bam", "-o", "mine.json", "--json")
    #expect(outcome.status == 1)
    let report = try JSONParser.parse(outcome.output)
    #expect(report["status"] == "unfinished")
    #expect(report["dialect"] == "mine")
    #expect(report["missing"]?.arrayValue?.isEmpty == false)
    #expect(try directory.names() == ["mine.json"])
  }

  @Test func `what cannot be drafted writes nothing`() async throws {
    let page = try await run("map", FixturePath.webPage, "--architecture", "resnet18", "-o", "mine.json")
    #expect(page.status == 2)
    let network = try await run("map", FixturePath.seModule, "--architecture", "resnet19", "-o", "mine.json")
    #expect(network.status == 2)
    #expect(network.messages.contains("hint: did you mean \"resnet18\"?"))
    #expect(try directory.names() == [])
  }

  @Test func `a file is not replaced without force`() async throws {
    _ = try directory.create("mine.json", Array("old".utf8))
    let arguments = ["map", FixturePath.cbamNetwork, "--architecture", "resnet18-cbam", "-o", "mine.json"]
    let refused = try await Program(in: directory).run(arguments)
    #expect(refused.status == 2)
    #expect(try directory.bytes(of: "mine.json") == Array("old".utf8))
    let forced = try await Program(in: directory).run(arguments + ["--force"])
    #expect(forced.status == 0, "\(forced.messages)")
  }
}

import JSON
import Testing
import TestSupport

/// `--json` gives programs one object, whatever happens.
@Suite struct JSONOutputTests {
  /// A command line and what its report must say.
  struct Row: CustomTestStringConvertible, Sendable {
    var arguments: [String]
    var exitCode: Int32
    var status: JSONValue?
    /// The identifier of the error.
    var error: JSONValue?

    var testDescription: String { arguments.joined(separator: " ") }

    init(_ arguments: [String], _ exitCode: Int32, _ status: JSONValue?, error: JSONValue? = nil) {
      self.arguments = arguments
      self.exitCode = exitCode
      self.status = status
      self.error = error
    }
  }

  private static let rows: [Row] = [
    .init(["dialects"], 0, "listed"),
    .init(["inspect", FixturePath.seModule], 0, "recognized"),
    .init(["inspect", FixturePath.of("pytorch-zip/views.pth")], 0, "unrecognized", error: "unrecognized"),
    .init(["inspect", FixturePath.webPage], 2, "failed", error: "not-a-checkpoint"),
    .init(["inspect", "nowhere.pth"], 2, "failed", error: "cannot-open"),
    .init(["inspect", FixturePath.seModule, "--dialect", "x"], 2, "failed", error: "unknown-name"),
    .init(["import", FixturePath.seModule, "--dialect-file", "x"], 2, "failed", error: "cannot-open"),
    .init(["export", FixturePath.seModule, "--to", "pytorch", "-o", "x"], 2, "failed", error: "malformed"),
  ]

  /// The report, after checking what all reports have in common.
  private func report(_ arguments: [String], _ exitCode: Int32) async throws -> JSONValue {
    let outcome = try await Program(in: TemporaryDirectory()).run(arguments + ["--json"])
    #expect(outcome.status == exitCode, "\(outcome.messages)")
    let report = try JSONParser.parse(outcome.output)
    #expect(report["schemaVersion"] == 1)
    #expect(report["command"]?.stringValue == arguments.first)
    #expect(Self.hasSortedKeys(report))
    #expect(outcome.output.hasPrefix("{\n") && outcome.output.hasSuffix("\n}\n"))
    return report
  }

  private static func hasSortedKeys(_ value: JSONValue) -> Bool {
    let names = value.objectValue?.map(\.name) ?? []
    let members = (value.objectValue?.map(\.value) ?? []) + (value.arrayValue ?? [])
    return names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      && members.allSatisfy(hasSortedKeys)
  }

  @Test(arguments: rows)
  func `a report is one sorted object with a status`(_ row: Row) async throws {
    let report = try await report(row.arguments, row.exitCode)
    #expect(report["status"] == row.status)
    #expect(report["error"]?["identifier"] == row.error)
    #expect(row.error == nil || report["error"]?["message"]?.stringValue?.isEmpty == false)
  }

  @Test func `an import reports every file`() async throws {
    let arguments = [
      "import", "--dry-run", FixturePath.seModule, FixturePath.webPage, FixturePath.trainingRun,
      "nowhere.pth",
    ]
    let imports = try #require(try await report(arguments, 2)["imports"]?.arrayValue)
    #expect(imports.map { $0["status"] } == ["planned", "failed", "planned", "failed"])
    #expect(
      imports.map { $0["error"]?["identifier"] } == [nil, "not-a-checkpoint", nil, "cannot-open"])
    #expect(imports[1]["error"]?["file"] == .string(FixturePath.webPage))
    #expect(imports[2]["architectureName"] == "resnet18-cbam-cifar")
    #expect(imports[2]["entries"] == 202)
    #expect(imports[2]["key"] == ["state_dict"])
    #expect(imports[2]["prefix"] == "module.")
  }

  @Test func `an import that does not fit lists all faults`() async throws {
    let arguments = ["import", FixturePath.cbamNetwork, "--architecture", "resnet34-cbam", "-o", "out"]
    let imports = try #require(try await report(arguments, 1)["imports"]?.arrayValue)
    #expect(imports.map { $0["status"] } == ["incomplete"])
    let faults = try #require(imports.first?["faults"]?.arrayValue)
    #expect(faults.count > 20)
    #expect(faults.allSatisfy { $0["kind"] == "missing" && $0["canonicalName"] != nil })
  }

  @Test func `what is no command is told on standard error alone`() async throws {
    let outcome = try await Program(in: TemporaryDirectory()).run(["import", "--json"])
    #expect(outcome.status == 64)
    #expect(outcome.output == "")
    #expect(outcome.messages.hasPrefix("Error: "))
  }
}

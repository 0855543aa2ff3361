import Bytes
import Checkpoint
import Execution
import JSON
import SystemPackage
import TestSupport
import Testing
import Verification

/// What continuous integration gets to see: JUnit XML and annotations on GitHub.
@Suite struct IntegrationReportTests {
  private let project: PinnedProject
  private let row = ReferenceCase("module-nam")

  init() throws {
    project = try PinnedProject()
    try project.add(row)
  }

  private func run(_ environment: [String: String] = [:], _ arguments: String...) async throws
    -> Program.Outcome
  {
    var program = Program(in: project.directory)
    program.environment = environment
    return try await program.run(["verify"] + arguments)
  }

  private func text(_ name: String) throws -> String {
    String(decoding: try project.directory.bytes(of: name), as: UTF8.self)
  }

  private let checkpoint = "module-nam.safetensors"
  private let reference = "module-nam.reference.safetensors"

  private func report(_ suite: String, _ counts: String, _ cases: String) -> String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="\(suite)" \(counts)>
      <testsuite name="\(suite)" \(counts) skipped="0">
    \(cases)
      </testsuite>
    </testsuites>

    """
  }

  @Test func `a passed check is a test case`() async throws {
    let outcome = try await run([:], checkpoint, "--reference", reference, "--junit", "out.xml")
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.messages == "")
    let report = try text("out.xml")
    let number = try #require(report.firstMatch(of: /difference ([0-9.e-]+), tolerance/)).output.1
    #expect(
      report.replacing(number, with: "X")
        == self.report(
          "\(checkpoint) against \(reference)", "tests=\"1\" failures=\"0\" errors=\"0\"",
          """
              <testcase classname="attnconv.verify" name="\(checkpoint) against \(reference)">
                <system-out>3 of 3 tensors agree; largest relative difference X, tolerance 1e-05</system-out>
              </testcase>
          """))
    _ = try await run([:], checkpoint, "--reference", reference, "--junit", "again.xml", "--threads", "1")
    #expect(try text("again.xml") == report)
  }

  @Test func `a failure and an error are told apart, and the report is written`() async throws {
    try project.pin(ReferenceCase("module-bam"))
    try project.pin(row)
    let old = try project.found(row).content
    try project.change(row) { $0.change("attention.channel.norm.bias") { [$1[0] + 1] + $1.dropFirst() } }
    try project.directory.remove("module-bam.safetensors")
    _ = try project.directory.create("out.xml", Array("<?xml older".utf8))
    let outcome = try await run([:], "--junit", "out.xml")
    #expect(outcome.status == 2)
    let bam = "module-bam.safetensors"
    #expect(
      try text("out.xml")
        == report(
          "attnconv.json", "tests=\"2\" failures=\"1\" errors=\"1\"",
          """
              <testcase classname="attnconv.verify" name="\(bam) against module-bam.reference.safetensors">
                <error type="missing-checkpoint" message="\(bam): the pinned checkpoint does not exist">\
          \(bam): the pinned checkpoint does not exist
          hint: import it again, or give the pin up with &#39;attnconv pin --remove&#39;</error>
              </testcase>
              <testcase classname="attnconv.verify" name="\(checkpoint) against \(reference)">
                <failure type="changed" message="the checkpoint holds other weights than were pinned">\
          the checkpoint holds other weights than were pinned
          content: pinned \(old), found \(try project.found(row).content)
          hint: import the checkpoint again, or accept the change and pin again with --force</failure>
              </testcase>
          """))
  }

  @Test(arguments: [[], ["nowhere.safetensors", "--reference", "nowhere"]])
  func `an error before anything ran is in the report`(_ arguments: [String]) async throws {
    let outcome = try await Program(in: project.directory).run(["verify", "--junit", "out.xml"] + arguments)
    #expect(outcome.status == 2)
    let report = try text("out.xml")
    #expect(report.contains(" tests=\"1\" failures=\"0\" errors=\"1\""))
    #expect(report.contains(arguments.isEmpty ? "type=\"not-pinned\"" : "type=\"cannot-open\""))
  }

  @Test func `names from files cannot break the report`() async throws {
    let name = "a<&>\"'\u{1}\u{1B}[31m\u{FFFE}\u{85}]]>.safetensors"
    _ = try project.directory.create(name, [1])
    let outcome = try await run([:], name, "--reference", reference, "--junit", "out.xml")
    #expect(outcome.status == 2)
    let escaped = "a&lt;&amp;&gt;&quot;&#39;\\u{1}\\u{1B}[31m\\u{FFFE}\\u{85}]]&gt;.safetensors"
    let report = try text("out.xml")
    #expect(report.contains("name=\"\(escaped) against \(reference)\""))
    #expect(report.unicodeScalars.allSatisfy { $0 == "\n" || 0x20..<0x7F ~= $0.value })
  }

  @Test func `a file that is no report is not replaced`() async throws {
    let before = try project.directory.bytes(of: checkpoint)
    let outcome = try await run([:], checkpoint, "--reference", reference, "--junit", checkpoint, "--json")
    #expect(outcome.status == 2)
    #expect(try JSONParser.parse(outcome.output)["error"]?["identifier"] == "exists")
    #expect(try project.directory.bytes(of: checkpoint) == before)
    let nowhere = try await run([:], checkpoint, "--reference", reference, "--junit", "nowhere/out.xml")
    #expect(nowhere.status == 2)
    #expect(nowhere.messages.contains("cannot create a file in this directory"))
  }

  @Test func `GitHub is told the line of the pin, on standard error`() async throws {
    try project.pin(ReferenceCase("module-bam"))
    try project.pin(row)
    let old = try project.found(row).content
    try project.change(row) { $0.change("attention.channel.norm.bias") { [$1[0] + 1] + $1.dropFirst() } }
    let plain = try await run([:], "--json")
    let outcome = try await run(
      ["GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": project.directory.path.removingLastComponent().string],
      "--json")
    #expect(outcome.status == 1)
    #expect(outcome.output == plain.output)
    #expect(plain.messages == "")
    let folder = try #require(project.directory.path.lastComponent).string
    let line = try PinFile(project.pins).entries[1].line
    #expect(
      outcome.messages
        == "::error file=\(folder)/attnconv.json,line=\(line),title=\(checkpoint) against \(reference)::"
        + "the checkpoint holds other weights than were pinned%0A"
        + "content: pinned \(old), found \(try project.found(row).content)%0A"
        + "hint: import the checkpoint again, or accept the change and pin again with --force\n")
  }

  @Test func `annotations are escaped, and name only files of the repository`() async throws {
    let name = "100%,a:b\n::error::c.safetensors"
    _ = try project.directory.create(name.replacing("\n", with: ""), [1])
    let environment = ["GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/usr"]
    let outcome = try await run(environment, name, "--reference", reference)
    let shown = "100%25,a:b\\u{A}::error::c.safetensors"
    let title = "100%25%2Ca%3Ab\\u{A}%3A%3Aerror%3A%3Ac.safetensors against \(reference)"
    #expect(outcome.status == 2)
    #expect(
      outcome.messages.hasPrefix(
        "::error title=\(title)::\(shown): no such file or directory%0Ahint: check the path\nerror: "))
    let lines = outcome.messages.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("::") } == 1)
  }

  @Test func `a warning is annotated, a pass is not`() async throws {
    let original = try row.reference()
    var file = PlainFile()
    for record in original.file.header.tensors {
      file[record.name] = (record.shape, try original.file.tensor(record).values)
    }
    file.metadata = [("attnconv.reference", #"{"sourceSha256": "\#(String(repeating: "0", count: 64))"}"#)]
    _ = try project.directory.create("other.safetensors", file.bytes())
    let environment = ["GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": project.directory.path.string]
    #expect(try await run(environment, checkpoint, "--reference", reference).messages == "")
    let outcome = try await run(environment, checkpoint, "--reference", "other.safetensors")
    #expect(outcome.status == 0)
    let prefix =
      "::warning file=\(checkpoint),title=\(checkpoint) against other.safetensors::the reference was "
    #expect(outcome.messages.split(separator: "\n").count { $0.hasPrefix(prefix) } == 1)
    #expect(
      try await run(["GITHUB_ACTIONS": "false"], checkpoint, "--reference", "other.safetensors").messages
        .hasPrefix("warning: "))
  }

  @Test func `no output can be mistaken for a command to a CI system`() async throws {
    let name = " ::warning::##[error]###vso[x"
    _ = try project.directory.create(name, try project.directory.bytes(of: checkpoint))
    let text = try await run([:], name, "--reference", reference)
    #expect(text.status == 0, "\(text.messages)")
    #expect(text.output.hasPrefix(" \\u{3A}:warning::#\\u{23}[error]#\\u{23}#vso[x\n"))
    let json = try await run([:], name, "--reference", reference, "--json")
    #expect(!json.output.contains("##"))
    #expect(try JSONParser.parse(json.output)["file"] == .string(name))
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

/// The hostile corpus, run with the built program. After a change of messages: `ATTNCONV_RECORD_GOLDEN=1 swift test
/// --filter HostileCorpusTests`, then read every `expected.txt` that changed as a stranger would.
@Suite struct HostileCorpusTests {
  /// What a payload would leave behind (`CANARY` of `Fixtures/hostile/case.py`).
  private static let canary = "/tmp/attnconv-canary"

  private static let isRecording = ProcessInfo.processInfo.environment["ATTNCONV_RECORD_GOLDEN"] == "1"

  /// A limit that nothing could reach would let every case pass.
  @Test func `the limits are real`() async throws {
    let program = Program(in: try TemporaryDirectory())
    let network = FixturePath.of("networks/attention-module-resnet50-bam.pth")
    let good = try await program.run(["import", "--dry-run", network], megabytes: 512, seconds: 10)
    #expect(good.outcome.status == 0)
    #expect(good.processorSeconds > 0)
    // A build with a sanitizer has no limit of memory; see `Program.run(_:megabytes:seconds:)`.
    #if !SANITIZED
      let starved = try await program.run(["--version"], megabytes: 1, seconds: 10)
      #expect(starved.outcome.status != 0)
    #endif
  }

  /// Classes whose cases must be refused, and how many of them there are at least.
  @Test func `the table in the README counts the cases`() throws {
    let large = try HostileCase.expectations(in: "hostile/large")
    var rows = ""
    for name in Set(HostileCase.all.map(\.className) + large.map(\.className)).sorted() {
      let counts = [HostileCase.all, large].map { cases in cases.count { $0.className == name } }
      rows += "| `\(name)` | \(counts[0]) | \(counts[1]) |\n"
    }
    let readme = try String(contentsOfFile: FixturePath.of("README.md"), encoding: .utf8)
    #expect(
      readme.contains("| class | cases | of more than 64 KiB |\n| --- | --- | --- |\n\(rows)\n"),
      "run Fixtures/hostile/generate.py, which writes the table")
    #expect((HostileCase.all + large).count { $0.expectation.exit != 0 } >= 200)
    for attack in large {
      #expect(FileManager.default.fileExists(atPath: attack.recording.path), "\(attack.testDescription)")
    }
  }

  // In two rows, each one after the other: the time of hundreds that wait for a core would run out together.
  @Test(.serialized, .timeLimit(.minutes(2)), arguments: HostileCase.all.filter(\.isOfPyTorch))
  func `a hostile file of PyTorch is answered in words, within bounds, and nothing of it runs`(
    _ attack: HostileCase
  ) async throws { try await check(attack) }

  @Test(.serialized, .timeLimit(.minutes(2)), arguments: HostileCase.all.filter { !$0.isOfPyTorch })
  func `any other hostile file is answered in words, within bounds, and nothing of it runs`(
    _ attack: HostileCase
  ) async throws { try await check(attack) }

  private func check(_ attack: HostileCase) async throws {
    let directory = try TemporaryDirectory()
    let inputs = try attack.inputs()
    for name in inputs {
      try FileManager.default.copyItem(
        atPath: attack.folder.appendingPathComponent(name).path, toPath: directory.file(name).string)
    }
    try #require(!FileManager.default.fileExists(atPath: Self.canary), "remove \(Self.canary) first")
    var program = Program(in: directory)
    program.environment = ["SWIFT_BACKTRACE": "enable=no", "HOME": directory.path.string]
    let expectation = attack.expectation
    let limited = try await program.run(expectation.arguments, megabytes: 512, seconds: 10)
    let outcome = limited.outcome

    #expect(outcome.status == expectation.exit, "\(outcome.messages)")
    #expect(limited.processorSeconds < 5)
    #expect(try directory.names() == (inputs + (expectation.writes ?? [])).sorted())
    for name in inputs {
      let original = Array(try Data(contentsOf: attack.folder.appendingPathComponent(name)))
      #expect(try directory.bytes(of: name) == original, "an input was changed")
    }
    #expect(!FileManager.default.fileExists(atPath: Self.canary), "a payload ran")
    if expectation.exit == 2 {
      #expect(outcome.output == "")
      #expect(outcome.messages.hasPrefix("error: "))
    }
    let said = outcome.output + outcome.messages
    for phrase in expectation.says { #expect(said.contains(phrase), "expected \(phrase.debugDescription)") }
    #expect(
      said.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control },
      "a name steers the terminal")

    if expectation.varies == true { return }
    if Self.isRecording { try Data(said.utf8).write(to: attack.recording) }
    let recorded = try? String(decoding: Data(contentsOf: attack.recording), as: UTF8.self)
    #expect(said == recorded, "see HostileCorpusTests for how to record it again")
  }
}

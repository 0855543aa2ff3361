import Foundation
import Testing
import TestSupport

/// Help is part of the interface: every change of it shows in a review.
///
/// After a wanted change, write the files of `Golden/` again with
/// `ATTNCONV_RECORD_GOLDEN=1 swift test --filter HelpTests`.
@Suite struct HelpTests {
  private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Golden")

  @Test(
    arguments: [
      ("attnconv", ["--help"]),
      ("import", ["import", "--help"]),
      ("inspect", ["inspect", "--help"]),
      ("export", ["export", "--help"]),
      ("verify", ["verify", "--help"]),
      ("pin", ["pin", "--help"]),
      ("run", ["run", "--help"]),
      ("map", ["map", "--help"]),
      ("dialects", ["dialects", "--help"]),
    ])
  func `help is as recorded`(_ name: String, _ arguments: [String]) async throws {
    let outcome = try await Program(in: TemporaryDirectory()).run(arguments)
    #expect(outcome.status == 0)
    #expect(outcome.messages == "")
    let file = Self.golden.appendingPathComponent("help-\(name).txt")
    if ProcessInfo.processInfo.environment["ATTNCONV_RECORD_GOLDEN"] == "1" {
      try Data(outcome.output.utf8).write(to: file)
    }
    let expected = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    #expect(outcome.output == expected, "see HelpTests for how to record it again")
  }

  @Test(arguments: [[], ["help"]])
  func `help is what the program says without a command`(_ arguments: [String]) async throws {
    let directory = try TemporaryDirectory()
    let outcome = try await Program(in: directory).run(arguments)
    #expect(outcome.status == 0)
    #expect(try await Program(in: directory).run(["--help"]).output == outcome.output)
  }

  @Test(arguments: [["help", "import"], ["import", "-h"]])
  func `help is found in every way`(_ arguments: [String]) async throws {
    let directory = try TemporaryDirectory()
    let outcome = try await Program(in: directory).run(arguments)
    #expect(outcome.status == 0)
    #expect(try await Program(in: directory).run(["import", "--help"]).output == outcome.output)
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `completions can be generated`(_ shell: String) async throws {
    let outcome = try await Program(in: TemporaryDirectory()).run(["--generate-completion-script", shell])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("attnconv"))
  }
}

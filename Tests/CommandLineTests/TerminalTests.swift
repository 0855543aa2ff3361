import Testing
import TestSupport

/// Colours, and readers that go away.
@Suite struct TerminalTests {
  private func messages(
    _ arguments: [String], _ environment: [String: String] = [:]
  ) async throws -> String {
    var program = try Program(in: TemporaryDirectory())
    program.environment = environment
    return try await program.run(["inspect", "nowhere.pth"] + arguments).messages
  }

  private static let plain = "error: nowhere.pth: no such file or directory\nhint: check the path\n"

  @Test(
    arguments: [
      ([], [:]), (["--color", "never"], [:]), (["--color", "auto"], ["TERM": "xterm-256color"]),
      ([], ["NO_COLOR": "1"]), ([], ["TERM": "dumb"]),
    ] as [([String], [String: String])])
  func `messages to a file have no colour`(_ arguments: [String], _ environment: [String: String])
    async throws
  {
    #expect(try await messages(arguments, environment) == Self.plain)
  }

  @Test(arguments: [[:], ["NO_COLOR": "1"], ["TERM": "dumb"]])
  func `messages have colour where it is asked for`(_ environment: [String: String]) async throws {
    #expect(
      try await messages(["--color", "always"], environment)
        == "\u{1B}[1;31merror:\u{1B}[0m nowhere.pth: no such file or directory\n"
        + "\u{1B}[1;36mhint:\u{1B}[0m check the path\n")
  }

  @Test func `results have no colour`() async throws {
    let outcome = try await Program(in: TemporaryDirectory()).run([
      "inspect", FixturePath.seModule, "--color", "always",
    ])
    #expect(!outcome.output.contains("\u{1B}"))
  }

  @Test(
    arguments: [
      ["inspect", FixturePath.cbamNetwork, "--layers", "--tensors"],
      ["inspect", FixturePath.cbamNetwork, "--json"],
      ["dialects"], ["--help"],
    ])
  func `a reader that goes away is no error`(_ arguments: [String]) async throws {
    var program = try Program(in: TemporaryDirectory())
    program.outputTarget = .closedPipe
    let outcome = try await program.run(arguments)
    #expect(outcome.status == 0)
    #expect(outcome.messages == "")
  }

  @Test func `an import is carried out where nobody reads its report`() async throws {
    let directory = try TemporaryDirectory()
    var program = Program(in: directory)
    program.outputTarget = .closedPipe
    let outcome = try await program.run(["import", FixturePath.cbamNetwork, "-o", "out.safetensors"])
    #expect(outcome.status == 0)
    #expect(try directory.names() == ["out.safetensors"])
  }
}

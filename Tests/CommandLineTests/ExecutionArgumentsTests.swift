import ArgumentParser
import Execution
import Testing

@testable import attnconv

/// Which engine runs, and when the other one is mentioned.
@Suite struct ExecutionArgumentsTests {
  @Test func `the fastest engine runs unless another is chosen`() throws {
    #expect(try ExecutionArguments.parse([]).engine == .fastest)
    #expect(try ExecutionArguments.parse(["--engine", "reference"]).engine == .reference)
    #expect(try ExecutionArguments.parse(["--engine", "onednn"]).engine == .oneDNN)
  }

  @Test func `a slow run without oneDNN says how to get it`() throws {
    let hint =
      Engine.oneDNN.isAvailable
      ? nil : "install libdnnl-dev and build again: networks run many times faster"
    #expect(try ExecutionArguments.parse([]).hint(afterSeconds: 2) == hint)
    #expect(try ExecutionArguments.parse([]).hint(afterSeconds: 1) == nil)
    #expect(try ExecutionArguments.parse(["--engine", "reference"]).hint(afterSeconds: 2) == nil)
  }
}

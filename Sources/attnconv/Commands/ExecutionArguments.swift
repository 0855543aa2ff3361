import ArgumentParser
import Execution

/// What runs a network, and on how many threads.
struct ExecutionArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Use at most so many threads; by default one per core.", valueName: "count"))
  var threads: Int?

  /// The one place where the engine of all commands is chosen.
  var engine: Engine { .reference }

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
  }
}

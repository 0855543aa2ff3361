import ArgumentParser
import Execution

/// What runs a network, and on how many threads.
struct ExecutionArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Use at most so many threads; by default one per core.", valueName: "count"))
  var threads: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What runs the network: reference (double precision) or onednn (single precision, fast; part of builds "
        + "that found libdnnl-dev).", valueName: "name"),
    transform: engine(named:))
  var engine: Engine = .reference

  private static func engine(named name: String) throws -> Engine {
    guard let engine = Engine(rawValue: name) else {
      let known = Engine.allCases.map(\.rawValue).joined(separator: " or ")
      throw ValidationError("expected \(known), found '\(name)'")
    }
    return engine
  }

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
  }
}

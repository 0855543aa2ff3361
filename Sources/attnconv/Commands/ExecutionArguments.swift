import ArgumentParser
import Execution

/// What runs a network, and on how many threads.
struct ExecutionArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Use at most so many threads; by default one per core.", valueName: "count"))
  var threads: Int?

  @Option(
    name: .customLong("engine"),
    help: ArgumentHelp(
      "What runs the network: reference (double precision) or onednn (single precision, fast; part of builds "
        + "that found libdnnl-dev); by default onednn where it is part of the build.", valueName: "name"),
    transform: engine(named:))
  private var choice: Engine?

  /// The engine that was chosen, or the fastest of this build.
  var engine: Engine { choice ?? .fastest }

  /// A run on the reference engine that took longer was slow enough to mention the other engine.
  private static let slowSeconds = 1.0

  /// What makes a run that took so long faster; `nil` where nothing does, or where the user chose the engine.
  func hint(afterSeconds seconds: Double) -> String? {
    guard choice == nil, engine == .reference, seconds > Self.slowSeconds else { return nil }
    return "install libdnnl-dev and build again: networks run many times faster"
  }

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

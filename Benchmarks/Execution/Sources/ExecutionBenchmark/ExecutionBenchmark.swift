import Checkpoint
import Execution
import Foundation

/// Measures the library for `execution.py` and `opening.py`; times are seconds, as JSON on standard output.
///
///     ExecutionBenchmark open CHECKPOINT                         the time until every name, type and shape is listed
///     ExecutionBenchmark run CHECKPOINT BATCH THREADS            answers each line COUNT with the times of so many runs
///     ExecutionBenchmark load CHECKPOINT BATCH THREADS           the time until the network can run
///     ExecutionBenchmark load-checked CHECKPOINT BATCH THREADS   the same, with the digest of every tensor
@main struct ExecutionBenchmark {
  static func main() throws {
    let arguments = CommandLine.arguments
    if arguments.count == 3, arguments[1] == "open" { return print([try open(arguments[2])]) }
    guard arguments.count == 5, ["run", "load", "load-checked"].contains(arguments[1]),
      let batch = Int(arguments[3]), let threads = Int(arguments[4])
    else {
      let usage =
        "usage: ExecutionBenchmark open CHECKPOINT, or run|load|load-checked CHECKPOINT BATCH THREADS\n"
      FileHandle.standardError.write(Data(usage.utf8))
      exit(64)
    }
    let shape = [batch, 3, 224, 224]
    // oneDNN keeps what it compiled: the time of loading is that of a new process.
    var model: AttentionModel?
    let loading = try time {
      model = try AttentionModel(
        Checkpoint(arguments[2]), engine: .oneDNN, threads: threads,
        checkingDigests: arguments[1] == "load-checked")
      try model?.prepare(input: shape)
    }
    guard arguments[1] == "run", let model else { return print([loading]) }
    let count = shape.reduce(1, *)
    let input = try Tensor<Float>(shape: shape, values: (0..<count).map { Float($0 % 1009) / 504.5 - 1 })
    while let line = readLine(), let runs = Int(line) {
      print(try (0..<runs).map { _ in try time { _ = try model(input) } })
      fflush(nil)
    }
  }

  private static func open(_ path: String) throws -> Double {
    var listing: [String] = []
    let seconds = try time {
      let checkpoint = try Checkpoint(path)
      listing = checkpoint.names.compactMap { name in
        checkpoint[name].map { "\(name) \($0.elementType.rawValue) \($0.shape)" }
      }
    }
    guard !listing.isEmpty else { throw CocoaError(.fileReadCorruptFile) }
    return seconds
  }

  private static func time(_ body: () throws -> Void) rethrows -> Double {
    let duration = try ContinuousClock().measure(body)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}

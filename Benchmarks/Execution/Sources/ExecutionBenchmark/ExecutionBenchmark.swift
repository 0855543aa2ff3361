import Checkpoint
import Execution
import Foundation

/// Measures the library for `Benchmarks/execution.py`; times are seconds, as JSON on standard output.
///
///     ExecutionBenchmark run CHECKPOINT BATCH THREADS            answers each line COUNT with the times of so many runs
///     ExecutionBenchmark load CHECKPOINT BATCH THREADS           the time until the network can run
///     ExecutionBenchmark load-checked CHECKPOINT BATCH THREADS   the same, with the digest of every tensor
@main struct ExecutionBenchmark {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 5, ["run", "load", "load-checked"].contains(arguments[1]),
      let batch = Int(arguments[3]), let threads = Int(arguments[4])
    else {
      let usage = "usage: ExecutionBenchmark run|load|load-checked CHECKPOINT BATCH THREADS\n"
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

  private static func time(_ body: () throws -> Void) rethrows -> Double {
    let duration = try ContinuousClock().measure(body)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}

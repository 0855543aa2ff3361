import Architectures
import Dispatch
import Execution
import Bytes
import Synchronization

/// A run of the reference engine on a thread of its own, whose observed values are taken one by one. It waits for each to be
/// taken, so that at most one is in memory.
final class SideBySide: Sendable {
  private struct State {
    /// The value that waits to be taken.
    var value: Tensor<Double>?
    /// What the whole run gave.
    var result: Result<Tensor<Double>, ExecutionError>?
    /// Nobody takes values any more.
    var isAbandoned = false
  }

  private let state = Lock(State())
  /// There is a value, or the run has ended.
  private let filled = DispatchSemaphore(value: 0)
  /// The value was taken, or none will be.
  private let taken = DispatchSemaphore(value: 0)
  private let ended = DispatchGroup()

  /// Starts the run.
  init(_ executor: ReferenceExecutor, _ input: Tensor<Float>, _ selection: NodeSelection) {
    DispatchQueue.global().async(group: ended) { [self] in
      let result = Result { () throws(ExecutionError) in
        try executor.run(input, observing: selection) { _, value in offer(value) }
      }
      state.withLock { $0.result = result }
      filled.signal()
    }
  }

  /// Takes the value of the next observed node; nothing where the run has failed before it.
  func next(_ body: (Tensor<Double>) -> Void) {
    filled.wait()
    let value = state.withLock { state in
      defer { state.value = nil }
      return state.value
    }
    guard let value else {
      // The run has ended, which later calls find out as well.
      filled.signal()
      return
    }
    taken.signal()
    body(value)
  }

  /// Lets the run go on without anybody taking its values.
  func abandon() {
    state.withLock { $0.isAbandoned = true }
    taken.signal()
  }

  /// Waits for the output of the run. All values have to be taken before.
  func output() throws(ExecutionError) -> Tensor<Double> {
    ended.wait()
    guard let result = state.withLock({ $0.result }) else {
      preconditionFailure("a run that ended has a result")
    }
    return try result.get()
  }

  private func offer(_ value: Tensor<Double>) {
    let isWanted = state.withLock { state in
      if !state.isAbandoned { state.value = value }
      return !state.isAbandoned
    }
    guard isWanted else { return }
    filled.signal()
    taken.wait()
  }
}

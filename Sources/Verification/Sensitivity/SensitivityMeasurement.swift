import Architectures
import Execution
import Bytes
import Synchronization

/// Moves the parameters of a network one after the other and watches its recorded tensors.
///
/// The changed network is compared with the unchanged one on the same engine, so that rounding cancels: where nothing
/// changes, the bits are the same.
struct SensitivityMeasurement: Sendable {
  /// What a recorded node gives without any change.
  private struct Baseline: Sendable {
    let tensor: String
    let values: [Float]
    let maximum: Double

    init(_ tensor: String, _ values: [Float]) {
      self.tensor = tensor
      self.values = values
      maximum = values.reduce(0) { max($0, abs(Double($1))) }
    }

    /// The largest difference relative to the largest magnitude. A tensor that is not finite, which fails anyway, shows
    /// nothing.
    func change(_ changed: [Float]) -> Double {
      guard maximum.isFinite else { return 0 }
      var largest = 0.0
      for (old, new) in zip(values, changed) {
        let difference = abs(Double(new) - Double(old))
        guard difference.isFinite else { return .infinity }
        largest = max(largest, difference)
      }
      return largest == 0 ? 0 : largest / maximum
    }
  }

  private let weights: ModelWeights
  private let input: Tensor<Float>
  private let chain: NetworkChain
  private let workers: Workers
  /// By the canonical names of the nodes.
  private var baselines: [String: Baseline] = [:]

  /// Runs the unchanged network. `tensors` are the names of the recorded tensors, by the canonical names of their nodes.
  init(
    _ weights: ModelWeights, input: Tensor<Float>, tensors: [String: String], engine: Engine, threads: Int?
  ) throws(ExecutionError) {
    self.weights = weights
    self.input = input
    workers = Workers(count: threads)
    chain = try NetworkChain(weights, input: input.shape, recorded: Set(tensors.keys), engine: engine)
    var value = input
    for link in chain.links {
      let trace = try link.run(value)
      for node in link.recorded {
        guard let tensor = tensors[node], let output = trace.outputs[node] else { continue }
        baselines[node] = Baseline(tensor, output.values)
      }
      value = trace.output
    }
  }

  /// Moves every parameter that carries a meaning, several at a time.
  func responses(
    _ progress: @Sendable (_ done: Int, _ total: Int) -> Void
  ) throws(ExecutionError) -> [Sensitivity.Response] {
    var responses: [String: Sensitivity.Response] = [:]
    let parameters = weights.graph.parameters.filter { $0.role != .batchCount }
    let done = Lock(0)
    var value = input
    for (position, link) in chain.links.enumerated() {
      let output = try link.run(value).output
      let own = parameters.filter { link.reads.contains($0.name) && responses[$0.name] == nil }
      let results = workers.map(own.count) { [value] index in
        let result = Result { () throws(ExecutionError) in
          try response(to: own[index], from: position, input: value, unchanged: output)
        }
        done.withLock { done in
          done += 1
          progress(done, parameters.count)
        }
        return result
      }
      for (parameter, result) in zip(own, results) { responses[parameter.name] = try result.get() }
      value = output
    }
    return parameters.compactMap { responses[$0.name] }
  }

  /// Moves one parameter, which the link at `position` is the first to read.
  private func response(
    to parameter: Parameter, from position: Int, input: Tensor<Float>, unchanged: Tensor<Float>
  ) throws(ExecutionError) -> Sensitivity.Response {
    let moved = try Tensor(
      shape: parameter.shape, values: Perturbation.moved(parameter, weights.floats(parameter.name)))
    var (tensor, change) = ("output", 0.0)
    var value = input
    for (index, link) in chain.links.enumerated().dropFirst(position) {
      let trace = try link.run(value, changing: parameter.name, to: moved)
      for node in link.recorded {
        guard let baseline = baselines[node], let output = trace.outputs[node] else { continue }
        let found = baseline.change(output.values)
        if found > change { (tensor, change) = (baseline.tensor, found) }
      }
      let isLast = !chain.links.dropFirst(index + 1).contains { $0.reads.contains(parameter.name) }
      if change == .infinity || (index == position && isLast && trace.output == unchanged) { break }
      value = trace.output
    }
    return Sensitivity.Response(parameter: parameter.name, tensor: tensor, change: change, obstacles: [])
  }
}

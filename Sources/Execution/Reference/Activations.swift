import Architectures

/// The outputs of nodes that later nodes still need.
struct Activations {
  private var input: Tensor<Double>?
  private var outputs: [Tensor<Double>?]
  private var inputUses = 0
  private var outputUses: [Int]

  /// Counts how often some nodes use each output; that of `result` is used by the caller. `given` outputs are there
  /// from the start.
  init(
    _ graph: Graph, nodes: [Int], result: Int, input: Tensor<Double>, given: [Int: Tensor<Double>] = [:]
  ) {
    outputs = Array(repeating: nil, count: graph.nodes.count)
    outputUses = Array(repeating: 0, count: graph.nodes.count)
    for source in nodes.lazy.flatMap({ graph.nodes[$0].inputs }) + [.node(result)] {
      switch source {
      case .input: inputUses += 1
      case .node(let index): outputUses[index] += 1
      }
    }
    self.input = inputUses > 0 ? input : nil
    for (index, output) in given { store(output, at: index) }
  }

  /// Keeps the output of a node until its last use; an output that nothing uses is not kept.
  mutating func store(_ output: consuming Tensor<Double>, at index: Int) {
    if outputUses[index] > 0 { outputs[index] = output }
  }

  /// A value for one of its uses. The last one takes it away, so that its storage can be changed in place.
  mutating func take(_ source: Node.Source) -> Tensor<Double> {
    let value: Tensor<Double>?
    switch source {
    case .input:
      value = input
      inputUses -= 1
      if inputUses == 0 { input = nil }
    case .node(let index):
      value = outputs[index]
      outputUses[index] -= 1
      if outputUses[index] == 0 { outputs[index] = nil }
    }
    guard let value else {
      preconditionFailure("a graph's nodes use only earlier ones, each as often as counted")
    }
    return value
  }
}

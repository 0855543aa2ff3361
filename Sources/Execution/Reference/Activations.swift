import Architectures

/// The outputs of nodes that later nodes still need.
struct Activations {
  private var input: Tensor<Double>?
  private var outputs: [Tensor<Double>?]
  private var inputUses = 0
  private var outputUses: [Int]

  /// Counts how often each output is used; the last node's is used by the caller.
  init(_ graph: Graph, input: Tensor<Double>) {
    self.input = input
    outputs = Array(repeating: nil, count: graph.nodes.count)
    outputUses = Array(repeating: 0, count: graph.nodes.count)
    for source in graph.nodes.lazy.flatMap(\.inputs) + [.node(graph.nodes.count - 1)] {
      switch source {
      case .input: inputUses += 1
      case .node(let index): outputUses[index] += 1
      }
    }
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

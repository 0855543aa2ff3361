/// Writes a network down node by node, in execution order.
struct GraphBuilder {
  /// What has been written so far.
  private(set) var nodes: [Node] = []
  /// The epsilon of every norm.
  let epsilon: Double

  init(epsilon: Double) {
    self.epsilon = epsilon
  }

  /// Adds a node with one input and returns its output.
  mutating func add(
    _ name: String, _ operation: Operation, _ input: Node.Source, module: String? = nil
  ) -> Node.Source {
    nodes.append(Node(name: name, module: module, operation: operation, inputs: [input]))
    return .node(nodes.count - 1)
  }

  /// Adds a sum or product of two inputs and returns its output.
  mutating func combine(
    _ name: String, _ operation: Operation, _ first: Node.Source, _ second: Node.Source
  ) -> Node.Source {
    nodes.append(Node(name: name, operation: operation, inputs: [first, second]))
    return .node(nodes.count - 1)
  }

  /// Adds a batch norm.
  mutating func norm(
    _ name: String, _ channels: Int, _ input: Node.Source, hasScale: Bool = true
  ) -> Node.Source {
    add(name, .batchNorm(BatchNorm(channels, epsilon: epsilon, hasScale: hasScale)), input)
  }

  /// Checks the nodes and makes them a graph.
  consuming func graph(inputChannels: Int?) throws(ArchitectureError) -> Graph {
    try Graph(nodes: nodes, inputChannels: inputChannels)
  }
}

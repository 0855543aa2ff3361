public import Architectures

/// The output of a network together with the outputs of some of its nodes.
public struct Trace<Element: TensorElement>: Hashable, Sendable {
  /// The network that ran.
  public let graph: Graph
  /// The output of the last node.
  public let output: Tensor<Element>
  /// The outputs of the observed nodes by canonical name.
  public let outputs: [String: Tensor<Element>]

  /// Creates a trace of what a run delivered.
  public init(graph: Graph, output: Tensor<Element>, outputs: [String: Tensor<Element>]) {
    self.graph = graph
    self.output = output
    self.outputs = outputs
  }

  /// The output of a node, or of a part of the network by its path; `nil` where it was not observed.
  public subscript(name: String) -> Tensor<Element>? {
    if let output = outputs[name] { return output }
    return graph.outputIndex(of: name).flatMap { outputs[graph.nodes[$0].name] }
  }
}

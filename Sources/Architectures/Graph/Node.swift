/// One named step of a network.
public struct Node: Hashable, Sendable {
  /// Where an input of a node comes from.
  public enum Source: Hashable, Sendable {
    /// The input of the network.
    case input
    /// The output of an earlier node, by its index.
    case node(Int)
  }

  /// The canonical name, unique in the graph, for example `stages.0.blocks.1.conv2`.
  public let name: String
  /// The layer whose parameters are used. It differs from the name only where a layer runs twice, as CBAM's
  /// shared perceptron does for its two pools.
  public let module: String
  /// What is computed.
  public let operation: Operation
  /// The inputs, in order.
  public let inputs: [Source]

  /// Creates a node; the module is the name unless a layer is used a second time.
  public init(name: String, module: String? = nil, operation: Operation, inputs: [Source]) {
    self.name = name
    self.module = module ?? name
    self.operation = operation
    self.inputs = inputs
  }

  /// The parameters of the layer behind this node.
  public var parameters: [Parameter] { operation.parameters(module: module) }
}

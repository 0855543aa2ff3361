import Architectures
import Execution

/// What lies between recorded tensors: the nodes that compute one of them from those nearest before it.
///
/// Every part runs on its own, on the recorded tensors before it, so that a broken one is told from those that
/// are only given wrong numbers. The parts of a network cover it, and only share what leads to several recorded
/// tensors. Without taps the whole network is one part.
public struct NetworkPart: Hashable, Sendable {
  /// The name of the tensor in the reference that the part computes: `output`, or `taps.` and a node or path.
  public let tensor: String
  /// The canonical name of the node that computes it.
  public let node: String
  /// The nodes of the part in the order of the network, ``node`` last.
  public let nodes: [String]
  /// The recorded nodes that the part is given, in the order of the network. Empty where it is given the input alone.
  public let sources: [String]

  /// The part that computes what was compared, where some nodes were recorded.
  init(of comparison: Comparison, in graph: Graph, recorded: Set<Int>) {
    guard let index = graph.index(of: comparison.node) else {
      preconditionFailure("comparisons are of nodes of the network")
    }
    let own = graph.nodes(leadingTo: index, from: recorded.subtracting([index]))
    var sources: Set<Int> = []
    for case .node(let source) in own.flatMap({ graph.nodes[$0].inputs }) where recorded.contains(source) {
      sources.insert(source)
    }
    tensor = comparison.tensor
    node = comparison.node
    nodes = own.map { graph.nodes[$0].name }
    self.sources = sources.sorted().map { graph.nodes[$0].name }
  }

  /// The parts that compute each of some comparisons.
  static func all(_ comparisons: [Comparison], in graph: Graph) -> [NetworkPart] {
    let recorded = Set(comparisons.compactMap { graph.index(of: $0.node) })
    return comparisons.map { NetworkPart(of: $0, in: graph, recorded: recorded) }
  }
}

import Architectures

/// Where a network begins to differ from its reference.
public struct Divergence: Hashable, Sendable {
  /// The first tensor of the reference, in the order of the network, that fails.
  public let tensor: String
  /// The canonical name of the node that computed it.
  public let node: String
  /// The nodes of which one must be at fault: all that lead to ``node`` without passing through a recorded node that
  /// agrees; in the order of the network, ``node`` last.
  public let suspects: [String]
  /// The recorded nodes nearest before the suspects that agree, in the order of the network; empty where none was
  /// recorded.
  public let agreeing: [String]

  /// Finds the first comparison that fails, of comparisons in the order of the network; `nil` where all pass.
  init?(_ comparisons: [Comparison], in graph: Graph) {
    guard let first = comparisons.first(where: { !$0.passes }), let index = graph.index(of: first.node) else {
      return nil
    }
    let failing = Set(comparisons.filter { !$0.passes }.map(\.node))
    let passing = Set(comparisons.map(\.node)).subtracting(failing)
    var suspects: Set<Int> = [index]
    var agreeing: Set<Int> = []
    var pending = [index]
    while let next = pending.popLast() {
      for case .node(let input) in graph.nodes[next].inputs {
        if passing.contains(graph.nodes[input].name) {
          agreeing.insert(input)
        } else if suspects.insert(input).inserted {
          pending.append(input)
        }
      }
    }
    tensor = first.tensor
    node = first.node
    self.suspects = suspects.sorted().map { graph.nodes[$0].name }
    self.agreeing = agreeing.sorted().map { graph.nodes[$0].name }
  }
}

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

  /// Finds the first comparison that fails, of comparisons in the order of the network and their parts; `nil` where all
  /// pass.
  init?(_ comparisons: [Comparison], _ parts: [NetworkPart]) {
    guard let index = comparisons.firstIndex(where: { !$0.passes }) else { return nil }
    // All recorded nodes before the first that fails agree.
    let part = parts[index]
    tensor = part.tensor
    node = part.node
    suspects = part.nodes
    agreeing = part.sources
  }
}

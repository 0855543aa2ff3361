import Architectures

/// How deep in a network each layer lies, by which Keras orders the layers of a file.
///
/// Source: `keras/src/engine/functional.py` (`_map_graph_network`, 2.15) and `keras/src/ops/function.py` (3).
enum LayerDepth {
  /// The most steps from each module to the end of the network.
  ///
  /// What Keras splits into more layers or fewer lies behind the modules of both ways through a block, so that their
  /// order is the same.
  static func of(_ nodes: [Node]) -> [String: Int] {
    var steps = [Int](repeating: 0, count: nodes.count)
    var depths: [String: Int] = [:]
    for (index, node) in nodes.enumerated().reversed() {
      for case .node(let earlier) in node.inputs { steps[earlier] = max(steps[earlier], steps[index] + 1) }
      depths[node.module] = max(depths[node.module] ?? 0, steps[index])
    }
    return depths
  }
}

import Architectures
import Execution

/// Weights whose elements are all different: 1, 2, 3, ... in the order of the parameters.
func numberedWeights(_ graph: Graph) throws -> ModelWeights {
  var tensors: [String: Tensor<Float>] = [:]
  var count = 0
  for parameter in graph.parameters where parameter.role != .batchCount {
    tensors[parameter.name] = try Tensor(
      shape: parameter.shape, values: (1...parameter.elementCount).map { Float(count + $0) })
    count += parameter.elementCount
  }
  return try ModelWeights(graph, tensors: tensors)
}

/// What tells two networks apart.
struct Difference: Hashable, CustomStringConvertible {
  /// Nodes that the second network has in another form, or has in addition, in its order.
  var nodes: [String: Operation] = [:]
  /// Nodes that the first network has and the second has not.
  var missing: [String] = []
  /// Parameters with other numbers.
  var tensors: [String: [Float]] = [:]

  var description: String { "nodes \(nodes), missing \(missing), tensors \(tensors)" }

  init() {}

  init(_ first: ModelWeights, _ second: ModelWeights) throws {
    let before = Dictionary(uniqueKeysWithValues: first.graph.nodes.map { ($0.name, $0.operation) })
    for node in second.graph.nodes where before[node.name] != node.operation {
      nodes[node.name] = node.operation
    }
    missing = before.keys.filter { second.graph.index(of: $0) == nil }.sorted()
    for parameter in second.graph.parameters where parameter.role != .batchCount {
      let values = try second.floats(parameter.name)
      if try first.floats(parameter.name) != values { tensors[parameter.name] = values }
    }
  }
}

import Architectures
import Execution

/// One place of a network where a mistake can be made, and what making it changes there.
struct FaultSite: Sendable {
  /// The canonical path of the layer, or of the block or attention module where it concerns several.
  let module: String
  /// What changes in the graph.
  var edit = GraphEdit()
  /// The layers whose numbers change.
  var layers: Set<String> = []
  /// The parameters that change, by canonical name.
  var tensors: @Sendable (ModelWeights) throws(ExecutionError) -> [String: Tensor<Float>] = { _ in [:] }

  /// A place where a node computes something else.
  init(_ module: String, _ index: Int, _ node: Node, becomes operation: Operation) {
    self.module = module
    edit.replaced[index] = node.computing(operation)
  }

  /// A place where the graph changes.
  init(_ module: String, _ edit: GraphEdit) {
    self.module = module
    self.edit = edit
  }

  /// A place where the numbers of layers change.
  init(
    _ module: String, layers: Set<String>,
    tensors: @escaping @Sendable (ModelWeights) throws(ExecutionError) -> [String: Tensor<Float>]
  ) {
    self.module = module
    self.layers = layers
    self.tensors = tensors
  }

  /// Whether the place is in an attention module.
  var isInAttention: Bool { module.isInAttention }

  /// The nodes that compute something else, or read what is inserted.
  func indices(in graph: Graph) -> Set<Int> {
    let own = graph.nodes.indices.filter { index in
      let node = graph.nodes[index]
      let readsInserted = node.inputs.contains { source in
        if case .node(let input) = source { edit.inserted[input] != nil } else { false }
      }
      return layers.contains(node.module) || readsInserted
    }
    return Set(edit.replaced.keys).union(edit.inserted.keys).union(own)
  }

  /// Whether the mistake makes a difference: a symmetric kernel may be flipped.
  func changes(_ weights: ModelWeights) -> Bool {
    if !edit.isEmpty { return true }
    // Unreadable numbers are for the executor to report.
    guard let tensors = try? tensors(weights) else { return false }
    return tensors.contains { name, tensor in (try? weights.floats(name)) != tensor.values }
  }
}

/// Changes of a graph's nodes, by their indices before any change.
struct GraphEdit: Sendable {
  /// Other nodes in place of these.
  var replaced: [Int: Node] = [:]
  /// Nodes behind these; what read the one before reads the new one.
  var inserted: [Int: Node] = [:]

  var isEmpty: Bool { replaced.isEmpty && inserted.isEmpty }

  mutating func merge(_ other: GraphEdit) {
    replaced.merge(other.replaced) { $1 }
    inserted.merge(other.inserted) { $1 }
  }

  /// The changed graph. Sources of all nodes are indices before the change.
  func applied(to graph: Graph) throws(ExecutionError) -> Graph {
    guard !isEmpty else { return graph }
    var nodes: [Node] = []
    /// Where what each node stands for is now computed.
    var positions: [Int] = []
    func moved(_ node: Node) -> Node {
      let inputs = node.inputs.map { source in
        if case .node(let index) = source { Node.Source.node(positions[index]) } else { source }
      }
      return Node(name: node.name, module: node.module, operation: node.operation, inputs: inputs)
    }
    for (index, node) in graph.nodes.enumerated() {
      nodes.append(moved(replaced[index] ?? node))
      positions.append(nodes.count - 1)
      guard let next = inserted[index] else { continue }
      nodes.append(moved(next))
      positions[index] = nodes.count - 1
    }
    do throws(ArchitectureError) {
      return try Graph(nodes: nodes, inputChannels: graph.inputChannels)
    } catch {
      throw ExecutionError(error)
    }
  }
}

extension Operation {
  /// What stands in for an operation that is left out: the names of all nodes stay.
  static let nothing = Operation.addScalar(0)
}

extension Node {
  /// The same node with another operation of as many inputs.
  func computing(_ operation: Operation) -> Node {
    Node(name: name, module: module, operation: operation, inputs: inputs)
  }

  /// Whether it is part of an attention module.
  var isInAttention: Bool { name.isInAttention }

  /// The path of the part of the network that the node is in: the name without its last component.
  var part: String { String(name[..<(name.lastIndex(of: ".") ?? name.startIndex)]) }
}

extension String {
  /// Whether a canonical path lies in an attention module, or is one.
  var isInAttention: Bool { split(separator: ".").contains("attention") }
}

import Architectures

/// Mistakes of attention modules.
extension KnownFault.Mistake {
  static func combination(_ combination: Attention.BAM.Combination, _ graph: Graph) -> [FaultSite] {
    let (from, to): (Operation, Operation) = combination == .sum ? (.multiply, .add) : (.add, .multiply)
    return sites(graph) { index, node in
      guard node.name.hasSuffix("attention.combine"), node.operation == from else { return nil }
      return FaultSite(node.part, index, node, becomes: to)
    }
  }

  static func channelPool(_ pool: Attention.BAM.ChannelPool, _ graph: Graph) -> [FaultSite] {
    let (from, to): (Operation, Operation) =
      pool == .global
      ? (.squareAveragePool, .globalAveragePool) : (.globalAveragePool, .squareAveragePool)
    return sites(graph) { index, node in
      guard node.name.hasSuffix("attention.channel.pool"), node.operation == from else { return nil }
      return FaultSite(String(node.part.dropLast(".channel".count)), index, node, becomes: to)
    }
  }

  static func channelEdge(_ edge: ChannelConvolution.Edge, _ graph: Graph) -> [FaultSite] {
    sites(graph) { index, node in
      guard case .channelConvolution(var layer) = node.operation, layer.edge != edge, layer.kernel > 1 else {
        return nil
      }
      layer.edge = edge
      return FaultSite(node.module, index, node, becomes: .channelConvolution(layer))
    }
  }

  static func activationBeforeAttention(_ isThere: Bool, _ graph: Graph) -> [FaultSite] {
    attentions(graph).compactMap { attention in
      guard attention.path.contains(".blocks."), case .node(let index) = attention.input else { return nil }
      let node = graph.nodes[index]
      let block = String(attention.path.dropLast(".attention".count))
      switch node.operation {
      case .batchNorm where isThere:
        var edit = GraphEdit()
        edit.inserted[index] = Node(
          name: node.part + ".relu" + node.name.dropFirst(node.part.count + ".norm".count), operation: .relu,
          inputs: [.node(index)])
        return FaultSite(block, edit)
      case .relu where !isThere: return FaultSite(block, index, node, becomes: .nothing)
      default: return nil
      }
    }
  }

  static func attentionResidual(_ isThere: Bool, _ graph: Graph) -> [FaultSite] {
    attentions(graph).compactMap { attention in
      guard graph.index(of: attention.path + ".channel.max_pool") != nil else { return nil }
      let node = graph.nodes[attention.output]
      var edit = GraphEdit()
      switch node.operation {
      case .multiply where isThere:
        edit.inserted[attention.output] = Node(
          name: attention.path + ".add", operation: .add, inputs: [.node(attention.output), attention.input])
      case .add where !isThere:
        edit.replaced[attention.output] = Node(
          name: node.name, operation: .nothing, inputs: [node.inputs[0]])
      default: return nil
      }
      return FaultSite(attention.path, edit)
    }
  }

  /// Where each attention module begins and ends.
  private static func attentions(_ graph: Graph) -> [(path: String, input: Node.Source, output: Int)] {
    var places: [(path: String, input: Node.Source, output: Int)] = []
    for (index, node) in graph.nodes.enumerated() {
      guard let path = node.attentionPath else { continue }
      if places.last?.path == path {
        places[places.count - 1].output = index
      } else {
        places.append((path, node.inputs[0], index))
      }
    }
    return places
  }
}

extension Node {
  /// The path of the attention module that the node is in: `stages.0.blocks.1.attention`.
  fileprivate var attentionPath: String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.lastIndex(of: "attention").map { parts[...$0].joined(separator: ".") }
  }
}

import Architectures
import Execution

/// Mistakes in the arrangement of weights.
extension KnownFault.Mistake {
  static func poolOrder(_ graph: Graph) -> [FaultSite] {
    weights(graph) { node in
      guard case .convolution = node.operation, case .node(let source)? = node.inputs.first,
        graph.nodes[source].operation == .channelStatistics
      else { return nil }
      return Rearrangement(reversing: [1])
    }
  }

  static func transposedKernels(_ graph: Graph) -> [FaultSite] {
    weights(graph) { node in
      guard case .convolution(let layer) = node.operation, layer.kernel.height == layer.kernel.width,
        layer.kernel.height > 1
      else { return nil }
      return Rearrangement(axes: [0, 1, 3, 2])
    }
  }

  static func swappedChannels(_ graph: Graph) -> [FaultSite] {
    weights(graph) { node in
      switch node.operation {
      case .convolution(let layer) where layer.groups == 1 && layer.inputChannels == layer.outputChannels:
        Rearrangement(axes: [1, 0, 2, 3])
      case .linear(let layer) where layer.inputs == layer.outputs: Rearrangement(axes: [1, 0])
      default: nil
      }
    }
  }

  static func flippedKernels(_ graph: Graph) -> [FaultSite] {
    weights(graph) { node in
      switch node.operation {
      case .convolution(let layer) where layer.kernel.height > 1 || layer.kernel.width > 1:
        Rearrangement(reversing: [2, 3])
      case .channelConvolution(let layer) where layer.kernel > 1: Rearrangement(reversing: [2])
      default: nil
      }
    }
  }

  /// Layers of a block that a mapping by order confuses. In the depth order of Keras, a shortcut's norm stands beside
  /// the last one of its block.
  static let exchangeable = [
    ("norm3", "shortcut.norm"), ("norm2", "shortcut.norm"), ("norm1", "norm2"), ("conv1", "conv2"),
    ("spatial.dilated.0", "spatial.dilated.1"), ("spatial.dilated_norm.0", "spatial.dilated_norm.1"),
  ]

  /// Two layers change places where their parameters have the same shapes.
  static func layers(_ first: String, _ second: String, _ graph: Graph) -> [FaultSite] {
    var nodes: [String: Node] = [:]
    for node in graph.nodes { nodes[node.name] = node }
    return sites(graph) { _, node in
      guard node.name.hasSuffix("." + first) else { return nil }
      let part = String(node.name.dropLast(first.count + 1))
      guard let other = nodes["\(part).\(second)"] else { return nil }
      let own = node.parameters.filter { $0.role != .batchCount }
      let others = other.parameters.filter { $0.role != .batchCount }
      guard !own.isEmpty, own.map(\.shape) == others.map(\.shape), own.map(\.role) == others.map(\.role)
      else {
        return nil
      }
      return FaultSite(part, layers: [node.module, other.module]) { weights throws(ExecutionError) in
        var tensors: [String: Tensor<Float>] = [:]
        for (left, right) in zip(own, others) {
          tensors[left.name] = try Tensor(shape: left.shape, values: weights.floats(right.name))
          tensors[right.name] = try Tensor(shape: right.shape, values: weights.floats(left.name))
        }
        return tensors
      }
    }
  }

  /// The layers whose weight can be rearranged.
  private static func weights(_ graph: Graph, _ rearrangement: (Node) -> Rearrangement?) -> [FaultSite] {
    sites(graph) { _, node in
      guard let rearrangement = rearrangement(node), let weight = node.parameters.first else { return nil }
      return FaultSite(node.module, layers: [node.module]) { weights throws(ExecutionError) in
        let values = rearrangement.applied(to: try weights.floats(weight.name), shape: weight.shape)
        return [weight.name: try Tensor(shape: weight.shape, values: values)]
      }
    }
  }
}

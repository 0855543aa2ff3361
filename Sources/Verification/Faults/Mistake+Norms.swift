import Architectures
import Execution

/// Mistakes of norms.
extension KnownFault.Mistake {
  static func epsilon(_ epsilon: Double, _ graph: Graph) -> [FaultSite] {
    sites(graph) { index, node in
      guard case .batchNorm(var norm) = node.operation, norm.epsilon != epsilon else { return nil }
      norm.epsilon = epsilon
      return FaultSite(node.module, index, node, becomes: .batchNorm(norm))
    }
  }

  /// Two parameters of a norm change places.
  static func exchange(_ first: String, _ second: String, _ graph: Graph) -> [FaultSite] {
    norms(graph, where: { $0.hasScale || first != "weight" }) {
      module, channels, weights throws(ExecutionError) in
      [
        "\(module).\(first)": try Tensor(shape: [channels], values: weights.floats("\(module).\(second)")),
        "\(module).\(second)": try Tensor(shape: [channels], values: weights.floats("\(module).\(first)")),
      ]
    }
  }

  static func freshStatistics(_ graph: Graph) -> [FaultSite] {
    norms(graph) { module, channels, _ throws(ExecutionError) in
      [
        "\(module).running_mean": try Tensor(
          shape: [channels], values: Array(repeating: 0, count: channels)),
        "\(module).running_var": try Tensor(shape: [channels], values: Array(repeating: 1, count: channels)),
      ]
    }
  }

  /// The norm n of NAM gives |gamma| / sum|gamma| * (gamma * x + beta). With |gamma| r for gamma and sign(gamma) beta r
  /// for beta, r = sum|gamma| / sum gamma, it gives gamma / sum gamma * (gamma * x + beta).
  static func signedNormWeights(_ graph: Graph) -> [FaultSite] {
    sites(graph) { _, node in
      guard case .normWeightScale(let scale) = node.operation else { return nil }
      return FaultSite(node.module, layers: [scale.norm]) { weights throws(ExecutionError) in
        let (gamma, beta) = (try weights.doubles(scale.weightName), try weights.doubles(scale.norm + ".bias"))
        let ratio = gamma.reduce(0) { $0 + abs($1) } / gamma.reduce(0, +)
        return [
          scale.weightName: try Tensor(
            shape: [scale.channels], values: gamma.map { Float(abs($0) * ratio) }),
          scale.norm + ".bias": try Tensor(
            shape: [scale.channels],
            values: zip(gamma, beta).map { Float(($0 < 0 ? -$1 : $1) * ratio) }),
        ]
      }
    }
  }

  /// Norms whose lack a re-implementation does not notice: those of CBAM's spatial gate and of NAM.
  static func missingNorm(_ graph: Graph) -> [FaultSite] {
    sites(graph) { index, node in
      guard case .batchNorm = node.operation else { return nil }
      let isGate =
        node.name.hasSuffix("attention.spatial.norm") || node.name.hasSuffix("attention.channel.norm")
      // The channel branch of BAM has a norm of the same name, between its linear layers.
      guard isGate, !graph.feeds(index, \.isReLU) else { return nil }
      return FaultSite(node.part, index, node, becomes: .nothing)
    }
  }

  private static func norms(
    _ graph: Graph, where isIncluded: (BatchNorm) -> Bool = { _ in true },
    _ tensors:
      @escaping @Sendable (String, Int, ModelWeights) throws(ExecutionError) -> [String: Tensor<Float>]
  ) -> [FaultSite] {
    sites(graph) { _, node in
      guard case .batchNorm(let norm) = node.operation, isIncluded(norm) else { return nil }
      let module = node.module
      return FaultSite(module, layers: [module]) { weights throws(ExecutionError) in
        try tensors(module, norm.channels, weights)
      }
    }
  }
}

extension Graph {
  /// Whether a node that satisfies a condition reads the output of a node.
  func feeds(_ index: Int, _ condition: (Operation) -> Bool) -> Bool {
    nodes.contains { $0.inputs.contains(.node(index)) && condition($0.operation) }
  }
}

extension Operation {
  /// Whether it is a ReLU without an upper end.
  var isReLU: Bool { self == .relu }
}

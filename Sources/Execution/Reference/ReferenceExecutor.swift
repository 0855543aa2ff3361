public import Architectures

/// Runs a network in double precision, in plain Swift: the oracle that faster engines are measured against.
///
/// It follows the operations as they are written down, one node at a time, without fusing or folding
/// anything. The order of all sums is fixed, so the result does not depend on the number of threads.
public struct ReferenceExecutor: Executor {
  /// The network and its weights.
  public let weights: ModelWeights

  private let workers: Workers

  /// Prepares to run a network on at most so many threads; `nil` for one per core. Weights stay where they
  /// are and are converted node by node.
  public init(_ weights: ModelWeights, threads: Int? = nil) throws(ExecutionError) {
    self.weights = weights
    workers = Workers(count: threads)
  }

  /// Runs the network on a batch, one node at a time; see ``Executor/run(_:observing:_:)``.
  public func run(
    _ input: Tensor<Float>, observing selection: NodeSelection, _ observe: (Node, Tensor<Double>) -> Void
  ) throws(ExecutionError) -> Tensor<Double> {
    let graph = weights.graph
    let shapes = try graph.activationShapes(input: input.shape)
    let observed = try selection.indices(in: graph)
    var activations = Activations(graph, input: Tensor(input))
    for (index, node) in graph.nodes.enumerated() {
      let output = try compute(node, shape: shapes[index], from: &activations)
      assert(output.shape == shapes[index], "\(node.name): \(output.shape) instead of \(shapes[index])")
      if observed.contains(index) { observe(node, output) }
      activations.store(output, at: index)
    }
    return activations.take(.node(graph.nodes.count - 1))
  }

  /// The output of one node. Inputs that no later node needs are taken away from `activations` and changed in
  /// place.
  private func compute(
    _ node: Node, shape: [Int], from activations: inout Activations
  ) throws(ExecutionError) -> Tensor<Double> {
    var input = activations.take(node.inputs[0])
    func parameter(_ leaf: String) throws(ExecutionError) -> [Double] {
      try weights.doubles(node.module + "." + leaf)
    }
    switch node.operation {
    case .convolution(let layer):
      return input.convolved(
        layer, weight: try parameter("weight"), bias: layer.hasBias ? try parameter("bias") : nil,
        shape: shape,
        workers: workers)
    case .linear(let layer):
      return input.connected(
        layer, weight: try parameter("weight"), bias: layer.hasBias ? try parameter("bias") : nil)
    case .channelConvolution(let layer):
      return input.convolvedOverChannels(
        layer, weight: try parameter("weight"), bias: layer.hasBias ? try parameter("bias") : nil)
    case .batchNorm(let layer):
      input.normalize(
        mean: try parameter("running_mean"), variance: try parameter("running_var"),
        weight: try parameter("weight"),
        bias: try parameter("bias"), epsilon: layer.epsilon)
    case .normWeightScale(let scale):
      input.scaleChannels(byNormWeight: try weights.doubles(scale.weightName))
    case .relu: input.update { $0 < 0 ? 0 : $0 }
    case .relu6: input.update { $0 < 0 ? 0 : $0 > 6 ? 6 : $0 }
    case .sigmoid: input.update(sigmoid)
    case .addScalar(let constant): input.update { $0 + constant }
    case .add: return input.combined(with: activations.take(node.inputs[1]), shape: shape, +)
    case .multiply: return input.combined(with: activations.take(node.inputs[1]), shape: shape, *)
    case .maxPool(let pool): return input.maxPooled(pool, shape: shape)
    case .averagePool(let pool): return input.averagePooled(pool, shape: shape)
    case .globalAveragePool: return input.reducedPerChannel(width: nil) { $0.sum / Double($0.count) }
    case .globalMaxPool: return input.reducedPerChannel(width: nil, \.maximum)
    case .squareAveragePool:
      return input.reducedPerChannel(width: input.shape[2]) { $0.sum / Double($0.count) }
    case .channelStatistics: return input.channelStatistics()
    case .flatten, .unflatten: return input.reshaped(shape)
    }
    return input
  }
}

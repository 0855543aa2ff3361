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

  /// Checks that the network runs on inputs of a shape [N, C, H, W]; there is nothing else to prepare.
  public func prepare(input shape: [Int]) throws(ExecutionError) {
    _ = try weights.graph.activationShapes(input: shape)
  }

  /// Runs the network on a batch, one node at a time; see ``Executor/run(_:observing:_:)``.
  public func run(
    _ input: Tensor<Float>, observing selection: NodeSelection, _ observe: (Node, Tensor<Double>) -> Void
  ) throws(ExecutionError) -> Tensor<Double> {
    try run(input, replacing: selection) { node, output in
      observe(node, output)
      return output
    }
  }

  /// Runs the network on a batch [N, C, H, W], putting other numbers in the place of the outputs of selected nodes:
  /// the nodes behind them compute from those.
  ///
  /// With outputs recorded elsewhere, each part of the network runs on a right input, so that a fault in it is told
  /// from one before it.
  ///
  /// - Parameters:
  ///   - input: a map [N, C, H, W].
  ///   - selection: the nodes whose outputs are replaced.
  ///   - replace: called with each selected node and its output, in the graph's order; gives what the nodes behind it
  ///     are given, in the same shape.
  /// - Returns: the output of the last node.
  /// - Throws: ``ExecutionError`` with code `unsuitableInput`, `tooLarge` or `unknownNode`.
  public func run(
    _ input: Tensor<Float>, replacing selection: NodeSelection,
    _ replace: (Node, Tensor<Double>) -> Tensor<Double>
  ) throws(ExecutionError) -> Tensor<Double> {
    let graph = weights.graph
    let selected = try selection.indices(in: graph)
    return try evaluate(Array(graph.nodes.indices), input, given: [:]) { index, output in
      selected.contains(index) ? replace(graph.nodes[index], output) : output
    }
  }

  /// The output of one node, computed from given outputs of others; only what lies between runs.
  ///
  /// - Parameters:
  ///   - name: a canonical name.
  ///   - input: the input of the network [N, C, H, W], used where a path from it to the node passes no given output.
  ///   - given: outputs by canonical name, in the shapes that the network has for `input`.
  ///   - observe: called with each node that runs and its output, in the graph's order.
  /// - Returns: the output of the node.
  /// - Throws: ``ExecutionError`` with code `unsuitableInput`, `tooLarge` or `unknownNode`.
  public func output(
    of name: String, input: Tensor<Float>, given: [String: Tensor<Double>],
    _ observe: (Node, Tensor<Double>) -> Void = { _, _ in }
  ) throws(ExecutionError) -> Tensor<Double> {
    let graph = weights.graph
    var outputs: [Int: Tensor<Double>] = [:]
    for (name, output) in given { outputs[try NodeSelection.index(of: name, in: graph)] = output }
    let target = try NodeSelection.index(of: name, in: graph)
    let nodes = graph.nodes(leadingTo: target, from: Set(outputs.keys))
    return try evaluate(nodes, input, given: outputs) { index, output in
      observe(graph.nodes[index], output)
      return output
    }
  }

  /// Computes some nodes, the last of which gives the result. What `finish` returns takes the place of an output.
  private func evaluate(
    _ nodes: [Int], _ input: Tensor<Float>, given: [Int: Tensor<Double>],
    _ finish: (Int, Tensor<Double>) -> Tensor<Double>
  ) throws(ExecutionError) -> Tensor<Double> {
    let graph = weights.graph
    let shapes = try graph.activationShapes(input: input.shape)
    for (index, output) in given where output.shape != shapes[index] {
      throw ExecutionError(
        .unsuitableInput,
        "\(graph.nodes[index].name): found an output of shape \(output.shape), expected \(shapes[index])")
    }
    let result = nodes[nodes.count - 1]
    var activations = Activations(graph, nodes: nodes, result: result, input: Tensor(input), given: given)
    for index in nodes {
      let node = graph.nodes[index]
      let output = finish(index, try compute(node, shape: shapes[index], from: &activations))
      precondition(
        output.shape == shapes[index], "\(node.name): \(output.shape) instead of \(shapes[index])")
      activations.store(output, at: index)
    }
    return activations.take(.node(result))
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
        weight: layer.hasScale
          ? try parameter("weight") : [Double](repeating: 1, count: layer.channels),
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

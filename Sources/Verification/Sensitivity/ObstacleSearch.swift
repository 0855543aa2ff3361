import Architectures
import Execution

/// Finds what keeps a change of a parameter from every recorded tensor, in a network as it computes for one input.
struct ObstacleSearch {
  private let graph: Graph
  private let recorded: Set<String>
  /// The nodes that read the output of each node.
  private let consumers: [[Int]]
  /// The parameters that are 0 everywhere.
  private var zeroParameters: Set<String> = []
  private var isInputZero: Bool
  /// For each node, whether its output is 0 everywhere.
  private var isZero: [Bool]
  /// For each activation, whether a small change of its input makes no difference anywhere.
  private var isShut: [Bool]

  /// Runs the network once, looking at every node.
  init(
    _ weights: ModelWeights, input: Tensor<Float>, recorded: Set<String>, tolerance: Double, engine: Engine,
    threads: Int?
  ) throws(ExecutionError) {
    graph = weights.graph
    self.recorded = recorded
    var consumers = [[Int]](repeating: [], count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      for case .node(let source) in node.inputs { consumers[source].append(index) }
    }
    self.consumers = consumers
    isInputZero = input.values.allSatisfy { $0 == 0 }
    isZero = []
    isShut = []
    for parameter in graph.parameters where parameter.role != .batchCount {
      if try weights.floats(parameter.name).allSatisfy({ $0 == 0 }) { zeroParameters.insert(parameter.name) }
    }
    try look(engine.executor(weights, threads: threads), input, tolerance)
  }

  private mutating func look(
    _ executor: some Executor, _ input: Tensor<Float>, _ tolerance: Double
  ) throws(ExecutionError) {
    var (zeros, shut) = ([Bool](), [Bool]())
    _ = try executor.run(input, observing: .all) { node, output in
      let values = output.floats
      let isZero = values.allSatisfy { $0 == 0 }
      zeros.append(isZero)
      let isClosed =
        switch node.operation {
        case .relu: isZero
        case .relu6: values.allSatisfy { $0 == 0 || $0 == 6 }
        case .sigmoid: values.allSatisfy { Double($0) * (1 - Double($0)) <= tolerance }
        default: false
        }
      shut.append(isClosed)
    }
    (isZero, isShut) = (zeros, shut)
  }

  /// The obstacles on all ways from a parameter to a recorded tensor, in the order of the network; empty where a way has
  /// none.
  func obstacles(of parameter: Parameter) -> [Obstacle] {
    var found: [Int: Obstacle] = [:]
    var reached: Set<Int> = []
    var pending: [Int] = []
    for (index, node) in graph.nodes.enumerated() where node.readNames.contains(parameter.name) {
      if let obstacle = obstacle(to: parameter, at: index) {
        found[index] = obstacle
      } else if reached.insert(index).inserted {
        pending.append(index)
      }
    }
    while let next = pending.popLast() {
      if recorded.contains(graph.nodes[next].name) { return [] }
      for consumer in consumers[next] {
        if let obstacle = obstacle(from: next, at: consumer) {
          found[consumer] = obstacle
        } else if reached.insert(consumer).inserted {
          pending.append(consumer)
        }
      }
    }
    var obstacles: [Obstacle] = []
    for (_, obstacle) in found.sorted(by: { $0.key < $1.key }) where !obstacles.contains(obstacle) {
      obstacles.append(obstacle)
    }
    return obstacles
  }

  /// What keeps a parameter from changing the output of the node that reads it.
  private func obstacle(to parameter: Parameter, at index: Int) -> Obstacle? {
    let node = graph.nodes[index]
    let mean = node.module + ".running_mean"
    switch parameter.role {
    case .convolutionWeight, .linearWeight, .channelConvolutionWeight:
      return zeroInput(of: node)
    case .runningMean: return zeroWeight(of: node)
    case .runningVariance:
      return zeroWeight(of: node) ?? (zeroParameters.contains(mean) ? zeroInput(of: node) : nil)
    case .normWeight:
      // NAM multiplies by the weight elsewhere, too, which a mean of 0 does not hide.
      guard case .batchNorm = node.operation, zeroParameters.contains(mean) else { return nil }
      return zeroInput(of: node)
    case .bias, .normBias, .batchCount: return nil
    }
  }

  /// What keeps a change of an input from changing the output of a node.
  private func obstacle(from source: Int, at index: Int) -> Obstacle? {
    let node = graph.nodes[index]
    switch node.operation {
    case .convolution, .linear, .channelConvolution, .batchNorm: return zeroWeight(of: node)
    case .relu, .relu6: return isShut[index] ? Obstacle(.shut, node.name) : nil
    case .sigmoid: return isShut[index] ? Obstacle(.saturated, node.name) : nil
    case .multiply:
      guard let factor = node.inputs.first(where: { $0 != .node(source) && isZero($0) }) else { return nil }
      return origin(of: factor) ?? Obstacle(.zeroFactor, node.name)
    default: return nil
    }
  }

  private func zeroWeight(of node: Node) -> Obstacle? {
    let weight = node.module + ".weight"
    return zeroParameters.contains(weight) ? Obstacle(.zeroWeight, weight) : nil
  }

  private func zeroInput(of node: Node) -> Obstacle? {
    isZero(node.inputs[0]) ? origin(of: node.inputs[0]) ?? Obstacle(.zeroInput, node.name) : nil
  }

  /// What makes a value 0 everywhere; `nil` where it is no obstacle.
  private func origin(of zero: Node.Source) -> Obstacle? {
    guard case .node(let index) = zero else { return nil }
    let node = graph.nodes[index]
    if let earlier = node.inputs.first(where: isZero) { return origin(of: earlier) }
    switch node.operation {
    case .relu, .relu6: return Obstacle(.shut, node.name)
    default: return zeroWeight(of: node)
    }
  }

  private func isZero(_ source: Node.Source) -> Bool {
    if case .node(let index) = source { isZero[index] } else { isInputZero }
  }
}

import Architectures

/// Gathers the nodes of a graph into as few passes over memory as the engine can make.
///
/// A norm disappears into the weights of the layer before it; activations, gates and the sum at the end of a block are
/// applied where a value is produced. A node whose output is wanted is never passed over: what follows it reads it.
struct GraphFusion {
  /// The passes, in the order of their first outputs.
  private(set) var steps: [FusedStep] = []

  private let graph: Graph
  private let inputShape: [Int]
  private let shapes: [[Int]]
  private let kept: Set<Int>
  private let consumers: [[Int]]
  /// The pass that would store each node's output; `nil` for a maximum that is pooled together with a mean.
  private var candidates: [FusedStep?] = []

  /// Fuses a graph whose nodes have outputs of given shapes; the outputs of `kept` nodes and of the last one are stored.
  init(_ graph: Graph, input: [Int], shapes: [[Int]], keeping kept: Set<Int>) {
    self.graph = graph
    inputShape = input
    self.shapes = shapes
    self.kept = kept.union([graph.nodes.count - 1])
    var consumers = [[Int]](repeating: [], count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      for case .node(let source) in node.inputs { consumers[source].append(index) }
    }
    self.consumers = consumers
    for index in graph.nodes.indices {
      let candidate = step(for: index)
      candidates.append(candidate)
    }
    removeUnread()
  }

  private mutating func step(for index: Int) -> FusedStep? {
    let node = graph.nodes[index]
    let source = node.inputs[0]
    func new(_ kind: FusedStep.Kind) -> FusedStep {
      FusedStep(kind: kind, anchor: index, source: source, output: index)
    }
    switch node.operation {
    case .convolution(let layer): return new(.convolution(layer, norm: nil))
    case .linear(let layer): return new(.linear(layer, norm: nil))
    case .maxPool(let pool): return new(.windowPool(pool, isMaximum: true))
    case .averagePool(let pool): return new(.windowPool(pool, isMaximum: false))
    case .globalAveragePool: return new(.channelPool(mean: index, maximum: nil, isSquare: false))
    case .squareAveragePool: return new(.channelPool(mean: index, maximum: nil, isSquare: true))
    case .globalMaxPool:
      return joinedWithMean(index, source)
        ? nil : new(.channelPool(mean: nil, maximum: index, isSquare: false))
    case .channelStatistics: return statistics(index, source)
    case .channelConvolution(let layer): return new(.channelConvolution(layer))
    case .flatten, .unflatten: return new(.reshape)
    case .batchNorm: return folded(index, source) ?? extended(index, source, .norm(index))
    case .normWeightScale: return extended(index, source, .normWeightScale(index))
    case .relu: return extended(index, source, .relu)
    case .relu6: return extended(index, source, .relu6)
    case .sigmoid: return extended(index, source, .sigmoid)
    case .addScalar(let constant): return extended(index, source, .addScalar(constant))
    case .add: return combined(index, node.inputs, FusedStep.Pointwise.add)
    case .multiply: return combined(index, node.inputs, FusedStep.Pointwise.multiply)
    }
  }

  /// The pass behind a value that only one node reads and nobody else wants to see.
  private func open(_ source: Node.Source) -> FusedStep? {
    guard case .node(let index) = source, consumers[index].count == 1, !kept.contains(index) else {
      return nil
    }
    return candidates[index]
  }

  /// The pass behind a value that is cheaper to compute again in each reader than to store: a map times a number per
  /// channel, which CBAM's spatial gate reads twice.
  private func repeatable(_ source: Node.Source) -> FusedStep? {
    guard case .node(let index) = source, !kept.contains(index), let step = candidates[index],
      case .pointwise = step.kind, step.epilogue.count == 1, case .multiply(let factor) = step.epilogue[0],
      isVector(factor), shape(step.source) == shapes[index]
    else { return nil }
    let areSuited = consumers[index].allSatisfy { consumer in
      switch graph.nodes[consumer].operation {
      case .channelStatistics, .multiply: true
      default: false
      }
    }
    return areSuited ? step : nil
  }

  private func shape(_ source: Node.Source) -> [Int] {
    if case .node(let index) = source { shapes[index] } else { inputShape }
  }

  /// Whether a value is [N, C, 1, 1].
  private func isVector(_ source: Node.Source) -> Bool {
    let shape = shape(source)
    return shape.count == 4 && shape[2] == 1 && shape[3] == 1
  }

  /// A norm folded into the layer before it.
  private func folded(_ index: Int, _ source: Node.Source) -> FusedStep? {
    guard var step = open(source), step.epilogue.isEmpty else { return nil }
    switch step.kind {
    case .convolution(let layer, norm: nil): step.kind = .convolution(layer, norm: index)
    case .linear(let layer, norm: nil): step.kind = .linear(layer, norm: index)
    default: return nil
    }
    step.output = index
    return step
  }

  /// An operation with one input at the end of the pass before it, or a pass of its own.
  private func extended(_ index: Int, _ source: Node.Source, _ operation: FusedStep.Pointwise) -> FusedStep {
    if var step = open(source) {
      let isFusible =
        switch (step.kind, operation) {
        case (.pointwise, _): true
        case (.convolution, .relu), (.convolution, .relu6), (.convolution, .sigmoid): true
        case (.linear, .relu), (.linear, .relu6), (.linear, .sigmoid): true
        default: false
        }
      if isFusible {
        step.epilogue.append(operation)
        step.output = index
        return step
      }
    }
    return FusedStep(kind: .pointwise, anchor: index, source: source, epilogue: [operation], output: index)
  }

  /// A sum or product at the end of a pass behind one of its inputs, or a pass of its own.
  private func combined(
    _ index: Int, _ inputs: [Node.Source], _ operation: (Node.Source) -> FusedStep.Pointwise
  ) -> FusedStep {
    let pairs = [(inputs[0], inputs[1]), (inputs[1], inputs[0])]
    // A chain continues where its value has the shape of the result.
    for (value, other) in pairs where shape(value) == shapes[index] {
      guard var step = open(value) ?? repeatable(value), case .pointwise = step.kind else { continue }
      step.epilogue.append(operation(other))
      step.output = index
      return step
    }
    // A layer adds what was computed before it.
    if case .add = operation(.input) {
      for (value, other) in pairs where shape(value) == shapes[index] && shape(other) == shapes[index] {
        guard var step = open(value), isEarlier(other, than: step.anchor),
          !step.epilogue.contains(where: { $0.operand != nil })
        else { continue }
        switch step.kind {
        case .convolution, .linear: break
        default: continue
        }
        step.epilogue.append(.add(other))
        step.output = index
        return step
      }
    }
    let isSecondFull = shape(inputs[1]) == shapes[index] && shape(inputs[0]) != shapes[index]
    let (value, other) = isSecondFull ? pairs[1] : pairs[0]
    return FusedStep(
      kind: .pointwise, anchor: index, source: value, epilogue: [operation(other)], output: index)
  }

  private func isEarlier(_ source: Node.Source, than index: Int) -> Bool {
    if case .node(let node) = source { node < index } else { true }
  }

  /// Statistics of a gated map read the map and the gate.
  private func statistics(_ index: Int, _ source: Node.Source) -> FusedStep {
    if let step = repeatable(source), let factor = step.epilogue[0].operand {
      return FusedStep(
        kind: .channelStatistics(factor: factor), anchor: index, source: step.source, output: index)
    }
    return FusedStep(kind: .channelStatistics(factor: nil), anchor: index, source: source, output: index)
  }

  /// Lets an earlier mean of the same map bring the maximum along.
  private mutating func joinedWithMean(_ index: Int, _ source: Node.Source) -> Bool {
    for earlier in candidates.indices.reversed() {
      guard let step = candidates[earlier], step.source == source,
        case .channelPool(let mean?, nil, false) = step.kind
      else { continue }
      candidates[earlier]?.kind = .channelPool(mean: mean, maximum: index, isSquare: false)
      return true
    }
    return false
  }

  /// Keeps the passes whose outputs are wanted or read by such.
  private mutating func removeUnread() {
    var isRead = [Bool](repeating: false, count: candidates.count)
    for index in kept { isRead[index] = true }
    for index in candidates.indices.reversed() {
      guard let step = candidates[index], step.outputs.contains(where: { isRead[$0] }) else { continue }
      steps.append(step)
      for case .node(let source) in step.inputs { isRead[source] = true }
    }
    steps.reverse()
  }
}

import Architectures
import Execution

/// A network cut into links that follow each other: each reads one map, the output of the link before it.
///
/// After a change of one parameter only its link and those behind it run again, and only its link with other weights. Each
/// runs on one thread: parts are small, so that threads are better used for several changes at a time.
struct NetworkChain: Sendable {
  /// A part of the network between two cuts.
  struct Link: Sendable {
    /// The part with its own weights.
    let model: AttentionModel
    /// The recorded nodes among its own, in the order of the network.
    let recorded: [String]
    /// The names of all parameters that it reads.
    let reads: Set<String>
    private let engine: Engine

    init(_ weights: ModelWeights, recorded: Set<String>, engine: Engine) throws(ExecutionError) {
      model = try AttentionModel(weights, engine: engine, threads: 1)
      let nodes = weights.graph.nodes
      self.recorded = nodes.map(\.name).filter(recorded.contains)
      reads = Set(nodes.flatMap(\.readNames))
      self.engine = engine
    }

    /// Runs the link, where it reads the changed parameter with that.
    func run(
      _ input: Tensor<Float>, changing parameter: String? = nil, to values: Tensor<Float>? = nil
    ) throws(ExecutionError) -> Trace<Float> {
      // To observe the same nodes every time keeps the order of all sums, so that no change means equal bits.
      let selection = recorded.isEmpty ? NodeSelection.none : .named(Set(recorded))
      guard let parameter, let values, reads.contains(parameter) else {
        return try model.trace(input, selection)
      }
      let changed = try AttentionModel(
        model.weights.replacing([parameter: values]), engine: engine, threads: 1)
      return try changed.trace(input, selection)
    }
  }

  /// The links in order.
  let links: [Link]

  /// Cuts a network.
  init(
    _ weights: ModelWeights, input shape: [Int], recorded: Set<String>, engine: Engine
  ) throws(ExecutionError) {
    var links: [Link] = []
    for range in try Self.ranges(weights.graph, input: shape) {
      guard let part = try weights.graph.part(range) else {
        preconditionFailure("behind a cut, nodes read only the node before it")
      }
      links.append(
        try Link(weights.rebound(to: part), recorded: recorded, engine: engine))
    }
    self.links = links
  }

  /// The nodes of each link: a cut follows a map that alone is read behind it. What engines compute together with a layer
  /// (norms, activations) stays with it.
  private static func ranges(_ graph: Graph, input: [Int]) throws(ExecutionError) -> [Range<Int>] {
    let shapes: [[Int]]
    do throws(ArchitectureError) {
      shapes = try graph.shapes(input: input)
    } catch {
      throw ExecutionError(error)
    }
    var lastUses = Array(repeating: 0, count: graph.nodes.count)
    var lastUseOfInput = 0
    for (index, node) in graph.nodes.enumerated() {
      for source in node.inputs {
        switch source {
        case .input: lastUseOfInput = index
        case .node(let earlier): lastUses[earlier] = index
        }
      }
    }
    var ranges: [Range<Int>] = []
    var begin = 0
    var pending = lastUseOfInput
    for index in graph.nodes.indices.dropLast() {
      if pending <= index, shapes[index].count == 4, graph.nodes[index + 1].operation.beginsLayer {
        ranges.append(begin..<index + 1)
        begin = index + 1
      }
      pending = max(pending, lastUses[index])
    }
    return ranges + [begin..<graph.nodes.count]
  }
}

extension Operation {
  /// Whether engines compute it apart from what comes before it.
  fileprivate var beginsLayer: Bool {
    switch self {
    case .convolution, .linear, .channelConvolution, .maxPool, .averagePool, .globalAveragePool,
      .globalMaxPool,
      .squareAveragePool, .channelStatistics:
      true
    case .batchNorm, .normWeightScale, .relu, .relu6, .sigmoid, .add, .multiply, .addScalar, .flatten,
      .unflatten:
      false
    }
  }
}

extension Node {
  /// The names of all parameters that it reads, its own and borrowed ones.
  var readNames: [String] {
    if case .normWeightScale(let scale) = operation { [scale.weightName] } else { parameters.map(\.name) }
  }
}

import Architectures
import Execution

/// Runs a part of a network on what was recorded before it, as it is or with a fault in it.
struct PartTrial {
  /// Of a part with more activations none are kept, but computed again: 256 MiB in double precision.
  private static let maximumKept = 1 << 25

  private let part: NetworkPart
  /// The network as it is.
  private let weights: ModelWeights
  /// The nodes that the network had before any fault was injected.
  private let originalNames: Set<String>
  private let tolerance: Double
  private let engine: Engine
  private let threads: Int?
  private let input: Tensor<Float>
  private let expected: Tensor<Float>
  /// What was recorded before the part, by canonical name.
  private let sources: [String: Tensor<Float>]
  /// What the nodes of the part give as they are; empty where it is not kept.
  private var own: [String: Tensor<Double>] = [:]

  /// Reads what was recorded, of one image of the batch or of all.
  init(
    _ part: NetworkPart, of weights: ModelWeights, _ recorded: RecordedTensors, image: Int?,
    tolerance: Double, engine: Engine, threads: Int?
  ) throws(VerificationError) {
    self.part = part
    self.weights = weights
    self.tolerance = tolerance
    self.engine = engine
    self.threads = threads
    originalNames = Set(recorded.graph.nodes.map(\.name))
    func read(_ tensor: Tensor<Float>) throws(VerificationError) -> Tensor<Float> {
      guard let image else { return tensor }
      let size = tensor.count / tensor.shape[0]
      do throws(ExecutionError) {
        return try Tensor(
          shape: [1] + tensor.shape.dropFirst(),
          values: Array(tensor.values[image * size..<(image + 1) * size]))
      } catch {
        throw VerificationError(error)
      }
    }
    input = try read(recorded.reference.input)
    expected = try read(try recorded.expected(part))
    var sources: [String: Tensor<Float>] = [:]
    for node in part.sources {
      let tensor = try read(try recorded.tensor(node))
      // Nothing can be computed from numbers that are not finite: the part then begins before them.
      guard tensor.values.allSatisfy(\.isFinite) else { continue }
      sources[node] = tensor
      if let inserted = Self.inserted(behind: node, in: weights.graph, originalNames) {
        sources[inserted] = tensor
      }
    }
    self.sources = sources
  }

  /// Compares in double precision what some weights give.
  func comparison(_ weights: ModelWeights) throws(ExecutionError) -> Comparison {
    try comparison(weights, given: sources.mapValues(Tensor<Double>.init)) { _, _ in }
  }

  /// Runs the part as it is and keeps what its nodes give, unless the part is large, so that only what a fault changes
  /// runs again.
  mutating func begin() throws(ExecutionError) {
    let shapes = try weights.graph.activationShapes(input: input.shape)
    let count = part.nodes.reduce(0) { sum, name in
      sum + (weights.graph.index(of: name).map { shapes[$0].reduce(1, *) } ?? 0)
    }
    guard count <= Self.maximumKept else { return }
    var own: [String: Tensor<Double>] = [:]
    _ = try comparison(weights, given: sources.mapValues(Tensor<Double>.init)) { own[$0.name] = $1 }
    self.own = own
  }

  /// How far the part is from what was recorded with a fault in it, relative to the largest magnitude; in single precision
  /// where a fast engine can run it.
  func difference(_ changed: ModelWeights, at nodes: Set<String>) throws(ExecutionError) -> Double {
    if let comparison = try fastComparison(changed) { return comparison.difference }
    var given = sources.mapValues(Tensor<Double>.init)
    let graph = weights.graph
    var behind = Set(nodes.compactMap(graph.index))
    for (index, node) in graph.nodes.enumerated()
    where node.inputs.contains(where: {
      if case .node(let input) = $0 { behind.contains(input) } else { false }
    }) {
      behind.insert(index)
    }
    for (name, output) in own where graph.index(of: name).map(behind.contains) == false {
      given[name] = given[name] ?? output
    }
    return try comparison(changed, given: given) { _, _ in }.difference
  }

  /// Runs what leads from some outputs to the end of the part.
  private func comparison(
    _ weights: ModelWeights, given: [String: Tensor<Double>], _ observe: (Node, Tensor<Double>) -> Void
  ) throws(ExecutionError) -> Comparison {
    let end = Self.inserted(behind: part.node, in: weights.graph, originalNames)
    var outputs: [Tensor<Double>] = []
    let output = try ReferenceExecutor(weights, threads: threads)
      .output(of: end ?? part.node, input: input, given: given) { node, output in
        observe(node, output)
        if node.name == part.node { outputs.append(output) }
      }
    if end != nil { outputs.append(output) }
    return try compare(outputs)
  }

  /// Runs the part on a fast engine; `nil` where there is none, or where the part takes several values.
  private func fastComparison(_ weights: ModelWeights) throws(ExecutionError) -> Comparison? {
    guard engine != .reference else { return nil }
    let graph = weights.graph
    let end = Self.inserted(behind: part.node, in: graph, originalNames)
    guard let index = graph.index(of: end ?? part.node) else { return nil }
    let nodes = graph.nodes(leadingTo: index, from: Set(sources.keys.compactMap(graph.index)))
    guard let alone = try graph.part(nodes) else { return nil }
    // The one value that the part takes from outside.
    let outside = nodes.lazy.flatMap { graph.nodes[$0].inputs }.first { source in
      if case .node(let index) = source { !nodes.contains(index) } else { true }
    }
    var source = input
    if case .node(let index)? = outside, let recorded = sources[graph.nodes[index].name] { source = recorded }
    // Engines take maps only.
    guard source.shape.count == 4 else { return nil }
    let trace = try AttentionModel(weights.rebound(to: alone), engine: engine, threads: threads).trace(
      source, .named([part.node]))
    return try compare(end == nil ? [trace.output] : [trace[part.node], trace.output].compactMap(\.self))
  }

  /// The comparison of the output that is nearer to what was recorded.
  ///
  /// - Throws: ``ExecutionError`` with code `unsuitableInput` where a fault changes the shape.
  private func compare(_ outputs: [Tensor<some TensorElement>]) throws(ExecutionError) -> Comparison {
    let comparisons = outputs.filter { $0.shape == expected.shape }.map {
      Comparison(part.tensor, node: part.node, actual: $0, expected: expected, tolerance: tolerance)
    }
    guard let nearest = comparisons.min(by: { $0.difference < $1.difference }) else {
      throw ExecutionError(
        .unsuitableInput, "\(part.node): found shapes \(outputs.map(\.shape)), expected \(expected.shape)")
    }
    return nearest
  }

  /// The node that a fault has put behind another. A module whose output was recorded may end with either.
  private static func inserted(behind name: String, in graph: Graph, _ original: Set<String>) -> String? {
    guard let index = graph.index(of: name) else { return nil }
    return graph.nodes.first { $0.inputs.contains(.node(index)) && !original.contains($0.name) }?.name
  }
}

extension Comparison {
  /// The largest difference relative to the largest expected magnitude; infinite where there is none.
  var difference: Double { relativeDifference ?? .infinity }
}

import Architectures
public import Execution

/// A mistake that conversions and re-implementations really make, at a place of a network.
///
/// Injected into a sound network, it shows whether a reference would catch it. Injected into a network that differs
/// from its reference, it may restore agreement, and is then the likely cause: mistakes that reorder numbers undo
/// themselves, the others come in both directions.
///
///     for fault in KnownFault.candidates(in: weights, nodes: Set(divergence.suspects)) {
///       let changed = try fault.injected(into: weights)
///     }
public struct KnownFault: Hashable, Sendable {
  /// How far a fault reaches. Who makes a mistake often makes it everywhere.
  public enum Scope: Hashable, Sendable {
    /// One layer, or one block or attention module, by its canonical path.
    case module(String)
    /// All places inside attention modules.
    case attention
    /// All places outside of attention modules.
    case backbone
    /// All places of the network.
    case everywhere

    /// Whether it includes a layer, block or attention module, by its canonical path.
    func contains(_ module: String) -> Bool {
      switch self {
      case .module(let path): module == path
      case .attention: module.isInAttention
      case .backbone: !module.isInAttention
      case .everywhere: true
      }
    }
  }

  /// What was done wrong.
  public let mistake: Mistake
  /// Where.
  public let scope: Scope

  /// Creates a fault; whether a network has a place for it shows when it is injected.
  public init(_ mistake: Mistake, _ scope: Scope) {
    self.mistake = mistake
    self.scope = scope
  }

  /// The mistake as a stable word for programs: `swapped-pool-order`.
  public var identifier: String { mistake.identifier }

  /// What tells apart mistakes of one identifier, for example an epsilon; `nil` where nothing does.
  public var variant: String? { mistake.variant }

  /// The canonical path of the layer or part, or words where it is in more than one.
  public var module: String {
    switch scope {
    case .module(let path): path
    case .attention: "all attention modules"
    case .backbone: "all layers outside of attention modules"
    case .everywhere: "the whole network"
    }
  }

  /// What is wrong with a network that agrees with its reference once the fault is injected, in words: `rows and
  /// columns of the kernel of stages.0.blocks.1.conv2 are transposed`.
  public var explanation: String { mistake.explanation(of: module) }

  /// All faults that can be injected into layers among these nodes and would change the network, the most likely
  /// mistakes first; of each the narrow ones first, in the order of the network.
  ///
  /// A fault of wide scope is listed where one of its places is among the nodes, and reaches beyond them when it is
  /// injected.
  public static func candidates(in weights: ModelWeights, nodes: Set<String>) -> [KnownFault] {
    let graph = weights.graph
    let chosen = Set(graph.nodes.indices.filter { nodes.contains(graph.nodes[$0].name) })
    return Mistake.all.flatMap { mistake -> [KnownFault] in
      let sites = mistake.sites(in: graph)
      let near = sites.filter { !$0.indices(in: graph).isDisjoint(with: chosen) && $0.changes(weights) }
      let inside = sites.count { $0.isInAttention }
      var scopes = near.map { Scope.module($0.module) }
      if inside > 1, inside < sites.count, near.contains(where: \.isInAttention) { scopes.append(.attention) }
      if inside > 0, sites.count - inside > 1, near.contains(where: { !$0.isInAttention }) {
        scopes.append(.backbone)
      }
      if sites.count > 1, !near.isEmpty { scopes.append(.everywhere) }
      return scopes.map { KnownFault(mistake, $0) }
    }
  }

  /// A copy of a network with the fault; its graph, its tensors or both are changed.
  ///
  /// - Throws: ``Execution/ExecutionError`` with code `unknownNode` where the network has no place for the fault.
  public func injected(into weights: ModelWeights) throws(ExecutionError) -> ModelWeights {
    let sites = mistake.sites(in: weights.graph).filter { scope.contains($0.module) }
    guard !sites.isEmpty else {
      throw ExecutionError(.unknownNode, "the network has no place for the fault \(identifier) in \(module)")
    }
    var tensors: [String: Tensor<Float>] = [:]
    for site in sites { tensors.merge(try site.tensors(weights)) { $1 } }
    let edit = sites.reduce(into: GraphEdit()) { $0.merge($1.edit) }
    return try weights.rebound(to: edit.applied(to: weights.graph)).replacing(tensors)
  }

  /// The names of the nodes that compute something else, or are given something else by an inserted node, once the
  /// fault is injected; in the order of the network, empty where it has no place for the fault.
  public func nodes(in weights: ModelWeights) -> [String] {
    let graph = weights.graph
    let indices = mistake.sites(in: graph).filter { scope.contains($0.module) }.reduce(into: Set()) {
      $0.formUnion($1.indices(in: graph))
    }
    return indices.sorted().map { graph.nodes[$0].name }
  }
}

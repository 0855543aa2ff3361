import Execution

/// One mistake that may have been made at some places of a part of a network, all at once.
struct Hypothesis: Hashable {
  /// The mistake at each place.
  let faults: [KnownFault]

  var mistake: KnownFault.Mistake { faults[0].mistake }

  /// All hypotheses on a part of a network: first those of each mistake at several places, because who makes a mistake
  /// makes it everywhere, then those at one place; the most likely mistakes first.
  static func all(in weights: ModelWeights, nodes: Set<String>) -> [Hypothesis] {
    let candidates = KnownFault.candidates(in: weights, nodes: nodes)
    let single = candidates.filter(\.isNarrow)
    var wide: [Hypothesis] = []
    for fault in candidates where !fault.isNarrow {
      let hypothesis = Hypothesis(faults: single.filter(fault.covers))
      // Of a part, different scopes may cover the same places.
      if hypothesis.faults.count > 1, !wide.contains(hypothesis) { wide.append(hypothesis) }
    }
    return wide + single.map { Hypothesis(faults: [$0]) }
  }

  /// A copy of a network with the mistake at all its places.
  func injected(into weights: ModelWeights) throws(ExecutionError) -> ModelWeights {
    var weights = weights
    for fault in faults { weights = try fault.injected(into: weights) }
    return weights
  }

  /// The nodes that compute something else with it.
  func nodes(in weights: ModelWeights) -> Set<String> { Set(faults.flatMap { $0.nodes(in: weights) }) }
}

extension KnownFault {
  /// Whether it concerns one place.
  var isNarrow: Bool { if case .module = scope { true } else { false } }

  /// Whether another fault is this one at one of its places.
  func covers(_ other: KnownFault) -> Bool {
    guard other.mistake == mistake, case .module(let path) = other.scope else { return false }
    return scope.contains(path)
  }

  /// The mistake at each place of a network where it can be made and makes a difference.
  static func places(of mistake: Mistake, in weights: ModelWeights) -> [KnownFault] {
    var paths: Set<String> = []
    return mistake.sites(in: weights.graph).filter { $0.changes(weights) && paths.insert($0.module).inserted }
      .map { KnownFault(mistake, .module($0.module)) }
  }
}

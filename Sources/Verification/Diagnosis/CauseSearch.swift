import Architectures
import Execution

/// Searches broken parts of a network for the known faults that would explain them.
///
/// Each hypothesis is injected into the part, which runs on the recorded tensors before it: nothing else of the network
/// runs, and what is wrong elsewhere has no influence. A fault explains a part where it restores agreement; where
/// none does, the one that makes the difference smallest is kept if that is by ``improvement`` at least, and the
/// search goes on behind it for what remains. What explained one part is tried first on the next.
struct CauseSearch {
  /// How much smaller a fault must make a difference to be part of the cause although it does not restore agreement.
  /// Chance does not reach it: unrelated changes of weights move a difference by small factors.
  static let improvement = 100.0
  /// How much smaller a fault must make a difference that it brings below the tolerance, so that a difference hardly
  /// above it is not explained by chance.
  static let smallestImprovement = 10.0
  /// What single precision leaves of a difference once its cause is found. Below it a search ends; above it another
  /// hypothesis may come nearer, such as the same mistake at more places.
  private static let rounding = 1e-6
  /// More mistakes at once in one part are not searched for.
  private static let maximumFindings = 3
  /// How many multiply-adds the search may cost on an engine: 25 runs of a ResNet-50 at 224 in double precision, 500 on
  /// a fast engine; either takes about a minute on two cores.
  private static func budget(_ engine: Engine) -> Int {
    engine == .reference ? 100_000_000_000 : 2_000_000_000_000
  }
  /// What a run costs besides its multiply-adds, in the time of as many.
  private static let overhead = 10_000_000

  /// The network with the faults found so far, which undo what is wrong with it.
  private(set) var repaired: ModelWeights
  /// What was found in which part.
  private(set) var findings: [LikelyCause.Finding] = []
  /// The parts that no fault brings into agreement.
  private(set) var unexplained: [NetworkPart] = []
  /// How many hypotheses were tried.
  private(set) var triedCount = 0
  /// How many were not tried because the search would have cost too much.
  private(set) var untriedCount = 0

  private let recorded: RecordedTensors
  private let tolerance: Double
  private let engine: Engine
  private let threads: Int?
  private var spent = 0

  /// Prepares to search a network with an engine; what it finds is confirmed in double precision.
  init(
    _ weights: ModelWeights, _ recorded: RecordedTensors, tolerance: Double, engine: Engine, threads: Int?
  ) {
    repaired = weights
    self.engine = engine
    self.recorded = recorded
    self.tolerance = tolerance
    self.threads = threads
  }

  /// Searches for what is wrong with a part, given its comparison. `progress` is told how much of it is done, of 1.
  mutating func explain(
    _ part: NetworkPart, _ comparison: Comparison, progress: (Double) -> Void
  ) throws(VerificationError) {
    // The image that differs most stands for the batch until a fault is found.
    let image = (comparison.largestAbsolute?.index ?? comparison.nonFiniteActual?.first)?.first ?? 0
    let original = repaired
    var found: [Found] = []
    var remaining = comparison
    if !findings.isEmpty {
      // A fault found in another part may be at work here, too.
      let batch = try trial(part, image: nil)
      remaining = try VerificationError.telling { () throws(ExecutionError) in try batch.comparison(repaired)
      }
    }
    while !remaining.passes, found.count < Self.maximumFindings {
      let (single, batch) = (try trial(part, image: image), try trial(part, image: nil))
      let next = try VerificationError.telling { () throws(ExecutionError) in
        try find(part, single, batch, before: remaining.difference, progress)
      }
      guard let next else { break }
      found.append(next)
      repaired = next.weights
      remaining = next.comparison
    }
    if !remaining.passes {
      unexplained.append(part)
      // Many faults turn NaN into wrong numbers. Only agreement shows which one it was.
      if found.contains(where: { !$0.before.isFinite }) {
        repaired = original
        found = []
      }
    }
    findings += found.map {
      LikelyCause.Finding(
        faults: $0.hypothesis.faults, tensor: part.tensor, before: $0.before, after: $0.comparison.difference,
        restoresAgreement: remaining.passes)
    }
  }

  /// The causes that the findings amount to, one for each mistake, in the order of the network.
  func causes(in weights: ModelWeights) -> [LikelyCause] {
    var mistakes: [KnownFault.Mistake] = []
    for fault in findings.flatMap(\.faults) where !mistakes.contains(fault.mistake) {
      mistakes.append(fault.mistake)
    }
    return mistakes.map { mistake in
      LikelyCause(
        findings.filter { $0.faults[0].mistake == mistake },
        places: KnownFault.places(of: mistake, in: weights))
    }
  }

  private func trial(_ part: NetworkPart, image: Int?) throws(VerificationError) -> PartTrial {
    try PartTrial(
      part, of: repaired, recorded, image: image, tolerance: tolerance, engine: engine, threads: threads)
  }

  /// A hypothesis that holds for all images, and what it gives.
  private struct Found {
    let hypothesis: Hypothesis
    /// The network with it.
    let weights: ModelWeights
    /// How far the part was from what was recorded.
    let before: Double
    /// How it compares now.
    let comparison: Comparison
  }

  /// The first hypothesis that leaves nothing but rounding of a part's difference, or else the best that explains
  /// enough.
  private mutating func find(
    _ part: NetworkPart, _ single: PartTrial, _ batch: PartTrial, before: Double,
    _ progress: (Double) -> Void
  ) throws(ExecutionError) -> Found? {
    var single = single
    try single.begin()
    let known = Set(findings.flatMap(\.faults).map(\.mistake))
    let hypotheses = Hypothesis.all(in: repaired, nodes: Set(part.nodes))
    let ordered =
      hypotheses.filter { known.contains($0.mistake) } + hypotheses.filter { !known.contains($0.mistake) }
    let cost = try Self.cost(of: part, in: repaired.graph, input: recorded.reference.input.shape)
    var restoring: Found?
    var best: (hypothesis: Hypothesis, difference: Double)?
    for (index, hypothesis) in ordered.enumerated() {
      progress(Double(index) / Double(ordered.count))
      guard spent <= Self.budget(engine) - cost else {
        untriedCount += ordered.count - index
        break
      }
      spent += cost
      triedCount += 1
      let difference = try? single.difference(
        hypothesis.injected(into: repaired), at: hypothesis.nodes(in: repaired))
      guard let difference else { continue }  // The part cannot run with this fault.
      if difference < best?.difference ?? .infinity { best = (hypothesis, difference) }
      guard difference <= max(tolerance, Verifier.defaultTolerance),
        let found = try confirm(hypothesis, batch, before: before), found.comparison.passes
      else { continue }
      if found.comparison.difference <= Self.rounding { return found }
      if found.comparison.difference < restoring?.comparison.difference ?? .infinity { restoring = found }
    }
    if let restoring { return restoring }
    guard let best, best.difference * Self.improvement <= before else { return nil }
    return try confirm(best.hypothesis, batch, before: before)
  }

  /// Runs a hypothesis in double precision for all images; `nil` where it does not explain enough.
  private func confirm(
    _ hypothesis: Hypothesis, _ batch: PartTrial, before: Double
  ) throws(ExecutionError) -> Found? {
    let weights = try hypothesis.injected(into: repaired)
    let comparison = try batch.comparison(weights)
    let improvement = comparison.passes ? Self.smallestImprovement : Self.improvement
    guard comparison.difference * improvement <= before else { return nil }
    return Found(hypothesis: hypothesis, weights: weights, before: before, comparison: comparison)
  }

  /// What one run of a part costs, for one image.
  private static func cost(of part: NetworkPart, in graph: Graph, input: [Int]) throws(ExecutionError) -> Int
  {
    let rows: [GraphSummary.Row]
    do throws(ArchitectureError) {
      rows = try graph.summary(input: [1] + input.dropFirst()).rows
    } catch {
      throw ExecutionError(error)
    }
    let names = Set(part.nodes)
    return rows.reduce(overhead) { names.contains($1.name) ? $0 + $1.multiplyAdds : $0 }
  }
}

import Architectures
import Execution

/// Why a network differs from its reference, as far as the recorded tensors tell.
public struct Diagnosis: Hashable, Sendable {
  /// The comparison of each recorded tensor, the output last, with what the network computes from the recorded tensors
  /// nearest before it, in double precision: wrong numbers from before have no part in it.
  public let local: [Comparison]
  /// The parts whose local comparison fails, in the order of the network; all other differences follow from them. Empty
  /// where only rounding adds up, or where the engine that ran the network is at fault.
  public let brokenParts: [NetworkPart]
  /// The parameters of the broken parts that hold NaN or infinity, in the order of the network.
  public let nonFiniteParameters: [String]
  /// The known faults that explain what is wrong, in the order of the network.
  public let causes: [LikelyCause]
  /// The broken parts that no known fault brings into agreement.
  public let unexplainedParts: [NetworkPart]
  /// How many faults were tried, one or several places at once.
  public let triedCount: Int
  /// How many faults were not tried, because that would have taken too long.
  public let untriedCount: Int

  /// Runs each part of a network on what was recorded before it, and searches broken ones for known faults with an
  /// engine. `progress` is told how much of the search is done, of 1.
  init(
    _ weights: ModelWeights, _ recorded: RecordedTensors, _ parts: [NetworkPart], tolerance: Double,
    engine: Engine, threads: Int?, progress: (Double) -> Void
  ) throws(VerificationError) {
    local = try Self.local(weights, recorded, tolerance: tolerance, threads: threads)
    let broken = zip(parts, local).filter { !$0.1.passes }
    brokenParts = broken.map(\.0)
    nonFiniteParameters = try Self.nonFiniteParameters(of: brokenParts, weights)
    var search = CauseSearch(weights, recorded, tolerance: tolerance, engine: engine, threads: threads)
    for (index, (part, comparison)) in broken.enumerated() {
      try search.explain(part, comparison) { progress((Double(index) + $0) / Double(broken.count)) }
    }
    causes = search.causes(in: weights)
    unexplainedParts = search.unexplained
    triedCount = search.triedCount
    untriedCount = search.untriedCount
  }

  /// One run in which each recorded tensor takes the place of what the network computed for it, once compared.
  private static func local(
    _ weights: ModelWeights, _ recorded: RecordedTensors, tolerance: Double, threads: Int?
  ) throws(VerificationError) -> [Comparison] {
    var comparisons: [Comparison] = []
    var failure: VerificationError?
    do throws(ExecutionError) {
      let executor = try ReferenceExecutor(weights, threads: threads)
      _ = try executor.run(recorded.reference.input, replacing: recorded.selection) { node, output in
        guard failure == nil else { return output }
        do throws(VerificationError) {
          comparisons += try recorded.comparisons(node, output, tolerance: tolerance)
          let expected = try recorded.tensor(node.name)
          // Nothing can be computed from numbers that are not finite.
          return expected.values.allSatisfy(\.isFinite) ? Tensor(expected) : output
        } catch {
          failure = error
          return output
        }
      }
    } catch {
      throw VerificationError(error)
    }
    if let failure { throw failure }
    return comparisons
  }

  private static func nonFiniteParameters(
    of parts: [NetworkPart], _ weights: ModelWeights
  ) throws(VerificationError) -> [String] {
    let broken = Set(parts.flatMap(\.nodes))
    let modules = Set(weights.graph.nodes.filter { broken.contains($0.name) }.map(\.module))
    do throws(ExecutionError) {
      var names: [String] = []
      for parameter in weights.graph.parameters
      where parameter.role != .batchCount && modules.contains(parameter.module) {
        if try !weights.floats(parameter.name).allSatisfy(\.isFinite) { names.append(parameter.name) }
      }
      return names
    } catch {
      throw VerificationError(error)
    }
  }
}

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

  /// Runs each part of a network on what was recorded before it.
  init(
    _ weights: ModelWeights, _ recorded: RecordedTensors, _ parts: [NetworkPart], tolerance: Double,
    threads: Int?
  ) throws(VerificationError) {
    local = try Self.local(weights, recorded, tolerance: tolerance, threads: threads)
    brokenParts = zip(local, parts).filter { !$0.0.passes }.map(\.1)
    nonFiniteParameters = try Self.nonFiniteParameters(of: brokenParts, weights)
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

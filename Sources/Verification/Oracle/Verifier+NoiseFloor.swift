public import Checkpoint
import Execution

extension Verifier {
  /// The noise floor of every recorded tensor or, `everywhere`, of every node: see ``NoiseFloor``.
  ///
  /// - Throws: ``VerificationError`` with code `executionFailed`, also where this build has no fast engine, or
  ///   `unsuitableReference`.
  public func noiseFloor(
    of checkpoint: Checkpoint, against reference: Reference, everywhere: Bool = false
  ) throws(VerificationError) -> NoiseFloor {
    let weights = try Self.weights(of: checkpoint)
    let nodes = Set(try RecordedTensors(reference, in: weights.graph).taps.keys)
    return try NoiseFloor(
      measuring: weights, input: reference.input,
      observing: everywhere ? .all : nodes.isEmpty ? .none : .named(nodes), threads: threads)
  }

  /// The weights of a checkpoint whose digests were checked before.
  static func weights(of checkpoint: Checkpoint) throws(VerificationError) -> ModelWeights {
    do {
      return try ModelWeights(checkpoint, checkingDigests: false)
    } catch {
      throw VerificationError(error)
    }
  }
}

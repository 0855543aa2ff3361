public import Checkpoint
import Execution

extension Verifier {
  /// The noise floor of every recorded tensor: see ``NoiseFloor``.
  ///
  /// - Throws: ``VerificationError`` with code `executionFailed`, also where this build has no fast engine, or
  ///   `unsuitableReference`.
  public func noiseFloor(
    of checkpoint: Checkpoint, against reference: Reference
  ) throws(VerificationError) -> NoiseFloor {
    let weights = try Self.weights(of: checkpoint)
    let nodes = Set(try RecordedTensors(reference, in: weights.graph).taps.keys)
    return try NoiseFloor(
      measuring: weights, input: reference.input, observing: nodes.isEmpty ? .none : .named(nodes),
      threads: threads)
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

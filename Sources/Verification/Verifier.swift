import Architectures
public import Checkpoint
public import Execution
import JSON
import SystemPackage

/// Runs a network on a recorded input and compares it with what was recorded.
public struct Verifier: Sendable {
  /// The tolerance for weights in single precision: measured noise of the official networks is 3e-7 to 6e-7, the
  /// smallest real mapping fault seen 1.5e-3.
  public static let defaultTolerance = 1e-5

  /// The largest difference that passes, relative to the largest expected magnitude of a tensor.
  public let tolerance: Double
  /// What runs the network of a checkpoint.
  public let engine: Engine
  /// How many threads it may use; `nil` for one per core.
  public let threads: Int?
  /// Whether a network that differs is diagnosed: run part by part, in double precision, and searched for known faults.
  public let diagnoses: Bool
  /// What known faults are tried with.
  var searchEngine = Engine.fastest

  /// Creates a verifier.
  ///
  /// - Precondition: the tolerance is a finite number and not negative.
  public init(
    tolerance: Double = Verifier.defaultTolerance, engine: Engine = .fastest, threads: Int? = nil,
    diagnoses: Bool = true
  ) {
    precondition(tolerance >= 0 && tolerance.isFinite, "a tolerance is a finite number and not negative")
    self.tolerance = tolerance
    self.engine = engine
    self.threads = threads
    self.diagnoses = diagnoses
  }

  /// Checks the digests of a checkpoint, loads its network, runs it and compares.
  ///
  /// `progress` is told how much of the search for the cause is done, of 1.
  ///
  /// - Throws: ``VerificationError`` with code `executionFailed`, `unsuitableReference` or `fileFailed`. A network that
  ///   computes something else is no error but a verdict.
  public func verify(
    _ checkpoint: Checkpoint, against reference: Reference, progress: (Double) -> Void = { _ in }
  ) throws(VerificationError) -> Verdict {
    let executor: any Executor
    do throws(ExecutionError) {
      executor = try engine.executor(ModelWeights(checkpoint, checkingDigests: true), threads: threads)
    } catch {
      throw VerificationError(error)
    }
    let verdict = try verify(executor, against: reference, notes: Self.notes(checkpoint, reference), progress)
    do throws(CheckpointError) { try checkpoint.checkUnchanged() } catch { throw VerificationError(error) }
    return verdict
  }

  /// Runs a network that is loaded already and compares.
  ///
  /// - Throws: ``VerificationError`` with code `executionFailed`, `unsuitableReference` or `fileFailed`.
  public func verify(
    _ executor: some Executor, against reference: Reference, progress: (Double) -> Void = { _ in }
  ) throws(VerificationError) -> Verdict {
    try verify(executor, against: reference, notes: [], progress)
  }

  private func verify(
    _ executor: some Executor, against reference: Reference, notes: [String], _ progress: (Double) -> Void
  ) throws(VerificationError) -> Verdict {
    let graph = executor.weights.graph
    let recorded = try RecordedTensors(reference, in: graph)
    var comparisons: [Comparison] = []
    var failure: VerificationError?
    do throws(ExecutionError) {
      _ = try executor.run(reference.input, observing: recorded.selection) { node, output in
        guard failure == nil else { return }
        do throws(VerificationError) {
          comparisons += try recorded.comparisons(node, output, tolerance: tolerance)
        } catch {
          failure = error
        }
      }
    } catch {
      throw VerificationError(error)
    }
    if let failure { throw failure }
    let parts = NetworkPart.all(comparisons, in: graph)
    let divergence = Divergence(comparisons, parts)
    let diagnosis =
      diagnoses && divergence != nil
      ? try Diagnosis(
        executor.weights, recorded, parts, tolerance: tolerance, engine: searchEngine, threads: threads,
        progress: progress) : nil
    return Verdict(
      output: comparisons.removeLast(), taps: comparisons, divergence: divergence, diagnosis: diagnosis,
      notes: notes)
  }

  /// What the provenance of both says.
  private static func notes(_ checkpoint: Checkpoint, _ reference: Reference) -> [String] {
    let source = checkpoint.metadata.source
    let digests = (source["files"]?.arrayValue ?? [source]).compactMap { $0["sha256"]?.stringValue }
    guard let recorded = reference.provenance?.sourceSHA256, !digests.isEmpty, !digests.contains(recorded)
    else {
      return []
    }
    return [
      "the reference was recorded with a checkpoint of SHA-256 \(recorded), this one was imported from "
        + "\(digests.joined(separator: ", "))"
    ]
  }
}

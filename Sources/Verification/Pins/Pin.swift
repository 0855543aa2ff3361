public import Architectures
public import Checkpoint
import Execution
public import JSON
import SystemPackage

/// One line of a pin file: which network a checkpoint must be, and against which reference it must pass.
public struct Pin: Hashable, Sendable {
  /// The path of the checkpoint, absolute or relative to the folder of the pin file.
  public var checkpoint: String
  /// The content digest of the checkpoint (``Checkpoint/ContentDigest``).
  public var content: String
  /// The path of the reference, absolute or relative to the folder of the pin file.
  public var reference: String
  /// The SHA-256 of the reference file, in hexadecimal.
  public var referenceSHA256: String
  /// The largest difference that passes, relative to the largest expected magnitude of a tensor; from 0 to less
  /// than 1.
  public var tolerance: Double
  /// The network. The content digest covers numbers alone; what a network computes with them can change without it.
  public var architecture: Architecture

  /// Creates a pin.
  public init(
    checkpoint: String, content: String, reference: String, referenceSHA256: String, tolerance: Double,
    architecture: Architecture
  ) {
    self.checkpoint = checkpoint
    self.content = content
    self.reference = reference
    self.referenceSHA256 = referenceSHA256
    self.tolerance = tolerance
    self.architecture = architecture
  }

  /// What a checkpoint and a reference are now, under the names of a pin file.
  ///
  /// The content digest is that of the metadata, which opening the checkpoint has compared with the digests of the
  /// tensors; verifying compares these with the bytes.
  ///
  /// - Throws: ``VerificationError`` with code `executionFailed` where the checkpoint describes no network, or
  ///   `fileFailed` where the reference cannot be read.
  public init(
    _ checkpoint: Checkpoint, named checkpointName: String, against reference: Reference,
    named referenceName: String, tolerance: Double
  ) throws(VerificationError) {
    let architecture: Architecture
    do throws(ArchitectureError) {
      architecture = try Architecture(json: checkpoint.metadata.architecture)
    } catch {
      var failure = ExecutionError(error)
      failure.code = .invalidArchitecture
      failure.file = checkpoint.path.string
      failure.hint =
        error.hint ?? "the checkpoint was written by another program or version; import the source again"
      throw VerificationError(failure)
    }
    self.init(
      checkpoint: checkpointName, content: checkpoint.metadata.content, reference: referenceName,
      referenceSHA256: try reference.file.sha256(), tolerance: tolerance, architecture: architecture)
  }

  /// The pin as it stands in a pin file.
  public var json: JSONValue {
    [
      "checkpoint": .string(checkpoint), "content": .string(content), "reference": .string(reference),
      "referenceSha256": .string(referenceSHA256), "tolerance": .number(tolerance),
      "architecture": architecture.json,
    ]
  }

  /// Everything in which another pin differs from this one.
  public func changes(to other: Pin) -> [PinChange] { PinChange.all(from: json, to: other.json) }
}

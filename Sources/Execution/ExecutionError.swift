public import Architectures
public import Bytes
public import Checkpoint

/// What can go wrong between a checkpoint and the output of its network.
public struct ExecutionError: ExplainedError {
  /// The kinds of failure of this module.
  public enum Code: String, Sendable {
    /// The checkpoint's description of its network cannot be understood.
    case invalidArchitecture = "invalid-architecture"
    /// The checkpoint's tensors are not those of its network; ``ExecutionError/faults`` lists all
    /// differences.
    case mismatchedWeights = "mismatched-weights"
    /// The bytes of a tensor do not match the recorded digest.
    case digestMismatch = "digest-mismatch"
    /// The checkpoint could not be read.
    case unreadableCheckpoint = "unreadable-checkpoint"
    /// An input does not fit the network; the authors' code fails on it as well.
    case unsuitableInput = "unsuitable-input"
    /// An input for which a layer's output would exceed the named limits.
    case tooLarge = "too-large"
    /// A node was asked for by a name that the network does not have.
    case unknownNode = "unknown-node"
    /// The engine asked for is not part of this build.
    case engineUnavailable = "engine-unavailable"
    /// An engine's library reported a failure.
    case engineFailure = "engine-failure"
  }

  /// The kind of failure.
  public var code: Code
  /// What was found and what was expected.
  public var message: String
  /// The file the error is about, where one is known.
  public var file: String?
  /// The byte offset in that file, where one is known.
  public var offset: UInt64?
  /// What to do next.
  public var hint: String?
  /// Every difference between the checkpoint and its network, sorted by name; empty for other codes.
  public var faults: [WeightFault]

  /// Creates an error of a kind, with the place it concerns.
  public init(
    _ code: Code, _ message: String, file: String? = nil, offset: UInt64? = nil, hint: String? = nil,
    faults: [WeightFault] = []
  ) {
    self.code = code
    self.message = message
    self.file = file
    self.offset = offset
    self.hint = hint
    self.faults = faults
  }

  /// The failure of a checkpoint told in terms of this module.
  public init(_ error: CheckpointError) {
    self.init(
      error.code == .digestMismatch ? .digestMismatch : .unreadableCheckpoint, error.message,
      file: error.file,
      offset: error.offset, hint: error.hint)
  }

  /// The failure of a description or a shape told in terms of this module.
  public init(_ error: ArchitectureError) {
    let code: Code =
      switch error.code {
      case .shapeMismatch: .unsuitableInput
      case .tooLarge: .tooLarge
      default: .invalidArchitecture
      }
    self.init(code, error.message, file: error.file, offset: error.offset, hint: error.hint)
  }

  /// The kind of failure as a stable word for programs.
  public var identifier: String { code.rawValue }
}

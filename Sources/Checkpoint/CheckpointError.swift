public import Bytes

/// What can go wrong while a checkpoint is opened, read or written.
public struct CheckpointError: ExplainedError {
  /// The kinds of failure of this module.
  public enum Code: String, Sendable {
    /// The file ends before its content is complete.
    case truncated = "truncated"
    /// The file breaks a rule of the safetensors format.
    case malformed = "malformed"
    /// A valid safetensors file without the metadata of a canonical checkpoint.
    case notCanonical = "not-canonical"
    /// A canonical checkpoint of a version that this program does not know.
    case unsupportedVersion = "unsupported-version"
    /// Bytes of a tensor, or the set of tensors, do not match the recorded digest.
    case digestMismatch = "digest-mismatch"
    /// A name that the checkpoint does not hold.
    case unknownTensor = "unknown-tensor"
    /// The element type cannot be converted as asked.
    case unsupportedElementType = "unsupported-element-type"
    /// The operating system or the byte layer failed.
    case inputOutput = "input-output"
  }

  /// The kind of failure.
  public var code: Code
  /// What was found and what was expected; lower case, no full stop.
  public var message: String
  /// The file the error is about, as the user wrote its path.
  public var file: String?
  /// The byte offset in that file, where one is known.
  public var offset: UInt64?
  /// What to do next, lower case.
  public var hint: String?

  /// Creates an error of a kind, with the place it concerns.
  public init(
    _ code: Code, _ message: String, file: String? = nil, offset: UInt64? = nil, hint: String? = nil
  ) {
    self.code = code
    self.message = message
    self.file = file
    self.offset = offset
    self.hint = hint
  }

  /// The same failure told in terms of this module.
  public init(_ error: BytesError) {
    self.init(
      error.code == .unexpectedEnd ? .truncated : .inputOutput, error.message, file: error.file,
      offset: error.offset, hint: error.hint)
    if code == .inputOutput { underlyingIdentifier = error.identifier }
  }

  /// The identifier of the error of the byte layer that this one passes on.
  private var underlyingIdentifier: String?

  /// The code as text, for programs; of an error passed on, that of the module below.
  public var identifier: String { underlyingIdentifier ?? code.rawValue }
}

public import Bytes

/// What can go wrong while a source file is read.
public struct SourceError: ExplainedError {
  /// The kinds of failure of this module.
  public enum Code: String, Sendable {
    /// The file is something else than a checkpoint; the message names what.
    case notACheckpoint = "not-a-checkpoint"
    /// The file ends before its content is complete.
    case truncated = "truncated"
    /// The file breaks the rules of its format.
    case malformed = "malformed"
    /// The file is valid but uses something that is not supported.
    case unsupported = "unsupported"
    /// A limit that protects against hostile files was exceeded.
    case limitExceeded = "limit-exceeded"
    /// A checksum that the file states does not match its bytes.
    case checksumMismatch = "checksum-mismatch"
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
  public init(_ error: BytesError, file: String? = nil) {
    let code: Code = error.code == .unexpectedEnd ? .truncated : .inputOutput
    self.init(
      code, error.message, file: error.file ?? file, offset: error.offset, hint: error.hint)
    if code == .inputOutput { underlyingIdentifier = error.identifier }
  }

  /// The identifier of the error of the byte layer that this one passes on.
  private var underlyingIdentifier: String?

  /// The code as text, for programs; of an error passed on, that of the module below.
  public var identifier: String { underlyingIdentifier ?? code.rawValue }
}

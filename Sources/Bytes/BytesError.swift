/// What can go wrong while bytes are read or written.
public struct BytesError: ExplainedError {
  /// The kinds of failure of this module.
  public enum Code: String, Sendable {
    /// The bytes ended before a value was complete.
    case unexpectedEnd = "unexpected-end"
    /// A number read from the file does not fit the arithmetic done with it.
    case overflow = "overflow"
    /// Bytes that should be UTF-8 text are not.
    case invalidText = "invalid-text"
    /// The file could not be opened.
    case cannotOpen = "cannot-open"
    /// The path names something other than a regular file.
    case notAFile = "not-a-file"
    /// The operating system reported an error while reading.
    case cannotRead = "cannot-read"
    /// The operating system reported an error while writing.
    case cannotWrite = "cannot-write"
    /// The output exists and overwriting was not asked for.
    case exists = "exists"
    /// The file changed while it was being read.
    case changed = "changed"
    /// A process could not be started.
    case cannotStart = "cannot-start"
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

  /// The code as text, for programs.
  public var identifier: String { code.rawValue }
}

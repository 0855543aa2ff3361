public import Bytes

/// A text that is not the JSON that was expected.
public struct JSONError: ExplainedError {
  /// The kinds of failure of this module.
  public enum Code: String, Sendable {
    /// The text breaks the grammar of RFC 8259.
    case syntax = "json-syntax"
    /// An object has two members of one name.
    case duplicateName = "json-duplicate-name"
    /// Arrays and objects are nested deeper than ``JSONParser/maximumDepth``.
    case tooDeep = "json-too-deep"
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

  /// Creates an error at a byte offset of the text.
  public init(_ code: Code, _ message: String, offset: Int) {
    self.code = code
    self.message = message
    self.offset = UInt64(offset)
  }

  /// The code as text, for programs.
  public var identifier: String { code.rawValue }
}

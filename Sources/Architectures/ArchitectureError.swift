public import Bytes

/// What can go wrong while a network is described, recognised or given an input shape.
public struct ArchitectureError: ExplainedError {
  /// The kinds of failure of this module.
  public enum Code: String, Sendable {
    /// A description in JSON lacks a member, has one too many, or one of the wrong kind or range.
    case malformedDescription = "malformed-description"
    /// The parts of a description contradict each other, or no network of this kind exists.
    case invalidArchitecture = "invalid-architecture"
    /// A description or an input asks for more than the named limits allow.
    case tooLarge = "too-large"
    /// An input does not fit the network; the authors' code fails on it as well.
    case shapeMismatch = "shape-mismatch"
    /// Names and shapes of tensors are those of no network known here.
    case unrecognizedArchitecture = "unrecognized-architecture"
    /// No architecture of that name is in the catalog.
    case unknownArchitecture = "unknown-architecture"
  }

  /// The kind of failure.
  public var code: Code
  /// What was found and what was expected.
  public var message: String
  /// The file the error is about, where one is known.
  public var file: String?
  /// Always `nil`: descriptions and shapes have no place in a file.
  public var offset: UInt64?
  /// What to do next.
  public var hint: String?

  /// Creates an error of a kind; the file is added by whoever knows it.
  public init(_ code: Code, _ message: String, file: String? = nil, hint: String? = nil) {
    self.code = code
    self.message = message
    self.file = file
    self.offset = nil
    self.hint = hint
  }

  /// The kind of failure as a stable word for programs.
  public var identifier: String { code.rawValue }
}

public import Bytes

/// What can go wrong between a source file and a canonical checkpoint, in either direction.
public struct ConversionError: ExplainedError {
  /// The kinds of failure of this module.
  public enum Code: String, Sendable {
    /// No dialect knows the names of the file.
    case unrecognized = "unrecognized"
    /// The file holds a network that is known and cannot be represented.
    case unrepresentable = "unrepresentable"
    /// Several readings fit equally well and give different checkpoints.
    case ambiguous = "ambiguous"
    /// A dialect was recognised and names are missing, unexpected or mis-shaped.
    case incomplete = "incomplete"
    /// The file is a canonical checkpoint already.
    case alreadyCanonical = "already-canonical"
    /// The file holds no tensors, or none at the key path asked for.
    case noStateDict = "no-state-dict"
    /// Two tensors have one name once prefixes are stripped.
    case nameCollision = "name-collision"
    /// A tensor that is needed cannot be read as dense data.
    case unreadableTensor = "unreadable-tensor"
    /// A dialect file breaks the rules of its format.
    case invalidDialect = "invalid-dialect"
    /// The dialect is a draft, and nobody has decided on some of its lines yet.
    case uncertainDialect = "uncertain-dialect"
    /// A name given on the command line is not known.
    case unknownName = "unknown-name"
    /// A checksum that the source states does not match its bytes.
    case checksumMismatch = "checksum-mismatch"
    /// The source breaks the rules of its format in a way that shows only when its data is read.
    case malformed = "malformed"
    /// A conversion of element types that is not possible.
    case unsupportedElementType = "unsupported-element-type"
    /// The operating system or another layer failed.
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

  /// Why a draft is not used while some of its lines are uncertain; `nil` where none are. A wrong line may pass every
  /// check of names and shapes.
  init?(uncertain modules: [String], in dialect: Dialect) {
    guard let first = modules.first else { return nil }
    let others = modules.count > 1 ? " and \(modules.count - 1) more" : ""
    self.init(
      .uncertainDialect, "dialect \(dialect.name) is a draft that is not certain about \(first)\(others)",
      hint: "compare the lines marked \"uncertain\" with the code, correct them, and delete the marks")
  }

  /// Any error in terms of this module; its own errors stay as they are.
  init(any error: any Error) {
    switch error {
    case let error as ConversionError: self = error
    case let error as any ExplainedError: self.init(error)
    default: self.init(.inputOutput, "\(error)")
    }
  }

  /// The same failure told in terms of this module.
  public init(_ error: any ExplainedError) {
    self.init(
      .inputOutput, error.message, file: error.file, offset: error.offset, hint: error.hint)
    underlyingIdentifier = error.identifier
  }

  /// The identifier of the error of a lower layer that this one passes on.
  private var underlyingIdentifier: String?

  /// The code as text, for programs; of an error passed on, that of the module below.
  public var identifier: String { underlyingIdentifier ?? code.rawValue }
}

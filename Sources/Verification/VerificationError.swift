public import Bytes
public import Checkpoint
public import Execution

/// What can go wrong before a network and a reference can be compared. A comparison that fails is no error but a
/// ``Verdict``.
public struct VerificationError: ExplainedError {
  /// The kinds of failure of this module.
  public enum Code: String, Sendable {
    /// The reference file breaks the rules of its form; ``VerificationError/faults`` lists all breaches.
    case malformedReference = "malformed-reference"
    /// The reference is of another network; ``VerificationError/faults`` lists all differences.
    case unsuitableReference = "unsuitable-reference"
    /// The file of an input does not hold one that a network can be given.
    case malformedInput = "malformed-input"
    /// The pin file breaks the rules of its form.
    case malformedPinFile = "malformed-pin-file"
    /// The checkpoint of a pin is not there.
    case missingCheckpoint = "missing-checkpoint"
    /// The reference of a pin is not there.
    case missingReference = "missing-reference"
    /// A checkpoint and a reference are pinned with other values.
    case alreadyPinned = "already-pinned"
    /// The pin file has no such pin.
    case notPinned = "not-pinned"
    /// A file could not be read or written.
    case fileFailed = "file-failed"
    /// The network could not be loaded or run.
    case executionFailed = "execution-failed"
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
  /// Every fault of the reference, sorted by the names of its tensors; empty for other codes.
  public var faults: [ReferenceFault]

  /// The identifier of the error that this one passes on.
  private var underlyingIdentifier: String?

  /// Creates an error of a kind, with the place it concerns.
  public init(
    _ code: Code, _ message: String, file: String? = nil, offset: UInt64? = nil, hint: String? = nil,
    faults: [ReferenceFault] = []
  ) {
    self.code = code
    self.message = message
    self.file = file
    self.offset = offset
    self.hint = hint
    self.faults = faults
  }

  /// The failure of the byte layer told in terms of this module.
  public init(_ error: BytesError) { self.init(.fileFailed, passingOn: error) }

  /// The failure of a safetensors file told in terms of this module.
  public init(_ error: CheckpointError) { self.init(.fileFailed, passingOn: error) }

  /// The failure of a network told in terms of this module.
  public init(_ error: ExecutionError) { self.init(.executionFailed, passingOn: error) }

  /// The code as text, for programs; of an error passed on, that of the module below.
  public var identifier: String { underlyingIdentifier ?? code.rawValue }

  /// The failure of another layer told in terms of this module.
  public init(_ code: Code, passingOn error: some ExplainedError) {
    self.init(code, error.message, file: error.file, offset: error.offset, hint: error.hint)
    underlyingIdentifier = error.identifier
  }

  /// What a network gives, its failure told in terms of this module.
  static func telling<Result>(
    _ body: () throws(ExecutionError) -> Result
  ) throws(VerificationError) -> Result {
    do throws(ExecutionError) {
      return try body()
    } catch {
      throw VerificationError(error)
    }
  }

  /// An error that lists faults of a reference.
  init(_ code: Code, _ summary: String, listing faults: [ReferenceFault], file: String, hint: String? = nil) {
    /// More would not fit a message; `faults` has them all.
    let shown = 4
    let faults = faults.sorted { $0.tensor.utf8.lexicographicallyPrecedes($1.tensor.utf8) }
    var text = faults.prefix(shown).map(\.text).joined(separator: "; ")
    if faults.count > shown { text += "; and \(faults.count - shown) more" }
    self.init(code, "\(summary): \(text)", file: file, hint: hint, faults: faults)
  }
}

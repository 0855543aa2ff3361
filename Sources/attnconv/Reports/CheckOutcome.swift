import Bytes
import Checkpoint
import SystemPackage
import Verification

/// What became of one check, in the form that reports for other programs share: test results, annotations.
struct CheckOutcome {
  /// The kinds of outcome.
  enum Status {
    /// What was checked is as it should be.
    case passed
    /// It is not.
    case failed
    /// It could not be found out.
    case error
  }

  /// What was checked: `a.safetensors against b.safetensors`.
  let name: String
  /// The outcome.
  let status: Status
  /// The kind of failure, a stable word: `diverged`, `changed`, or the identifier of an error; `passed` where there is none.
  let kind: String
  /// The outcome in one line.
  let message: String
  /// More about it, a line each.
  var details: [String] = []
  /// What to do next.
  var hint: String?
  /// What is worth knowing whatever the outcome, a line each.
  var warnings: [String] = []
  /// The file that the check is about, and the line of it, counted from 1.
  let place: (file: String, line: Int?)

  /// The message, what is more and what to do, a line each.
  var lines: [String] { [message] + details + (hint.map { ["hint: \($0)"] } ?? []) }

  /// The outcome of a comparison.
  init(_ verdict: Verdict, name: String, place: (file: String, line: Int?)) {
    let summary = VerdictSummary(verdict)
    self.init(
      name: name, status: verdict.passed ? .passed : .failed, kind: verdict.passed ? "passed" : "diverged",
      message: summary.message, details: verdict.passed ? [] : summary.details, warnings: verdict.notes,
      place: place)
  }

  /// The outcome of a check that could not be carried out.
  init(_ error: any Error, name: String, place: (file: String, line: Int?)) {
    guard let error = error as? any ExplainedError else {
      self.init(name: name, status: .error, kind: "unknown", message: "\(error)", place: place)
      return
    }
    let offset = error.offset.map { " (at byte \($0))" } ?? ""
    self.init(
      name: name, status: .error, kind: error.identifier,
      message: (error.file.map { "\($0): " } ?? "") + error.message + offset, hint: error.hint, place: place)
  }

  /// The outcome of a check of all bytes.
  init(_ text: IntegrityText) {
    let path = text.report.path.string
    self.init(
      name: path, status: text.report.isIntact ? .passed : text.report.damage.isEmpty ? .error : .failed,
      kind: text.report.isIntact ? "passed" : text.identifier, message: text.message, details: text.details,
      hint: text.hint, place: (path, nil))
  }

  /// The outcome of a pin of a file.
  init(_ check: PinCheck, in file: PinFile) {
    let (checkpoint, reference) = (
      file.location(of: check.pin.checkpoint), file.location(of: check.pin.reference)
    )
    let name = "\(checkpoint.string) against \(reference.string)"
    let place = (file: file.path.string, line: Int?.some(check.entry.line))
    switch check.outcome {
    case .holds(let verdict), .diverged(let verdict): self.init(verdict, name: name, place: place)
    case .unchecked(let error): self.init(error, name: name, place: place)
    case .changed(let changes):
      self.init(
        name: name, status: .failed, kind: "changed", message: Self.message(for: changes),
        details: changes.map(\.text), hint: Self.hint(for: changes), place: place)
    }
  }

  private static func message(for changes: [PinChange]) -> String {
    let parts = Set(changes.map { $0.member.prefix { $0 != "." } })
    var messages: [String] = []
    if parts.contains("content") { messages.append("the checkpoint holds other weights than were pinned") }
    if parts.contains("architecture") { messages.append("the checkpoint is another network than was pinned") }
    if parts.contains("referenceSha256") { messages.append("the reference is another file than was pinned") }
    return messages.joined(separator: "; ")
  }

  private static func hint(for changes: [PinChange]) -> String {
    let isReference = changes.allSatisfy { $0.member == "referenceSha256" }
    return (isReference ? "restore the reference" : "import the checkpoint again")
      + ", or accept the change and pin again with --force"
  }

  private init(
    name: String, status: Status, kind: String, message: String, details: [String] = [], hint: String? = nil,
    warnings: [String] = [], place: (file: String, line: Int?)
  ) {
    self.name = name
    self.status = status
    self.kind = kind
    self.message = message
    self.details = details
    self.hint = hint
    self.warnings = warnings
    self.place = place
  }
}

extension CheckOutcome {
  /// What the program ends with for this outcome alone.
  var exitStatus: ExitStatus {
    switch status {
    case .passed: .done
    case .failed: .no
    case .error: .couldNot
    }
  }
}

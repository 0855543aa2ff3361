import Architectures
import Execution
import JSON
import SystemPackage
import Verification

/// What became of the pins of a file, as text and as JSON.
struct PinsReport {
  private let file: PinFile
  private let checks: [PinCheck]
  private let outcomes: [CheckOutcome]
  private let engine: Engine

  init(_ checks: [PinCheck], by checker: PinChecker, of file: PinFile, _ outcomes: [CheckOutcome]) {
    engine = checker.engine
    self.file = file
    self.checks = checks
    self.outcomes = outcomes
  }

  /// A line a pin, what is wrong with those that do not hold, and how many do.
  var lines: [String] {
    var table = TextTable([
      ("checkpoint", .left), ("reference", .left), ("architecture", .left), ("max rel", .right),
      ("verdict", .left),
    ])
    for check in checks {
      table.append([
        check.pin.checkpoint, check.pin.reference, check.pin.architecture.name,
        check.outcome.verdict.flatMap { VerdictSummary($0).relativeDifference }.map(NumberText.scientific)
          ?? "-",
        check.outcome.word,
      ])
    }
    let failures = outcomes.filter { $0.status == .failed }.flatMap { outcome in
      ["", "\(outcome.name): \(outcome.message)"] + outcome.lines.dropFirst().map { "  " + $0 }
    }
    let holding = checks.count(where: \.holds)
    return [file.path.string, ""] + table.lines + failures
      + ["", "\(holding) of \(checks.count) \(checks.count == 1 ? "pin holds" : "pins hold")"]
  }

  /// The report for programs.
  var members: [String: JSONValue] {
    [
      "status": .string(status), "engine": .string(engine.rawValue), "file": .string(file.path.string),
      "holding": .integer(checks.count(where: \.holds)),
      "pins": .array(zip(checks, outcomes).map(Self.json)),
    ]
  }

  private var status: String {
    outcomes.contains { $0.status == .error } ? "unchecked" : checks.allSatisfy(\.holds) ? "held" : "broken"
  }

  private static func json(_ check: PinCheck, _ outcome: CheckOutcome) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("checkpoint", .string(check.pin.checkpoint)), .init("reference", .string(check.pin.reference)),
      .init("architectureName", .string(check.pin.architecture.name)),
      .init("content", .string(check.pin.content)), .init("tolerance", .number(check.pin.tolerance)),
      .init("line", .integer(check.entry.line)), .init("status", .string(check.outcome.identifier)),
    ]
    switch check.outcome {
    case .holds(let verdict), .diverged(let verdict):
      members.append(.init("verdict", VerdictSummary(verdict).json))
    case .changed(let changes): members.append(.init("changes", .array(changes.map(json))))
    case .unchecked(let error): members.append(.init("error", Reporter.json(error, file: nil)))
    }
    return .object(members)
  }

  /// A change for programs.
  static func json(_ change: PinChange) -> JSONValue {
    ["member": .string(change.member), "pinned": change.pinned ?? .null, "found": change.found ?? .null]
  }
}

extension PinCheck.Outcome {
  /// The comparison, where there was one.
  fileprivate var verdict: Verdict? {
    switch self {
    case .holds(let verdict), .diverged(let verdict): verdict
    case .changed, .unchecked: nil
    }
  }

  /// The outcome as a stable word.
  fileprivate var identifier: String {
    switch self {
    case .holds: "holds"
    case .changed: "changed"
    case .diverged: "diverged"
    case .unchecked: "unchecked"
    }
  }

  /// The outcome in a table: what is wrong stands out.
  fileprivate var word: String {
    if case .holds = self { "holds" } else { identifier.uppercased() }
  }
}

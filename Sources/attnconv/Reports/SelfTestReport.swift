import Execution
import JSON
import Verification

/// What a self-test found, as text and as JSON.
struct SelfTestReport {
  private let test: SelfTest

  /// At most so many faults that were not caught are listed; JSON has all of them.
  private static let maximumFaults = 20

  init(_ test: SelfTest) { self.test = test }

  /// A table of the sound networks, one of the faults, and the verdict.
  var lines: [String] { soundLines + [""] + faultLines + [""] + verdictLines }

  /// The report for programs.
  var members: [String: JSONValue] {
    [
      "status": test.passed ? "passed" : "failed", "engine": .string(test.engine.rawValue),
      "tolerance": .number(test.tolerance),
      "networks": .array(
        test.sound.map { row in
          [
            "network": .string(row.network), "engine": .string(row.engine.rawValue),
            "passed": .bool(row.passes),
            "relativeDifference": Self.json(row.relativeDifference),
          ]
        }),
      "faults": .array(
        test.injections.map { row in
          [
            "network": .string(row.network), "fault": .string(row.fault.identifier),
            "variant": row.fault.variant.map(JSONValue.string) ?? .null,
            "module": .string(row.fault.module), "caught": .bool(row.isCaught),
            "located": .bool(row.isLocated), "named": row.isNamed.map(JSONValue.bool) ?? .null,
            "relativeDifference": Self.json(row.relativeDifference),
            "refusal": row.refusal.map(JSONValue.string) ?? .null,
          ]
        }),
    ]
  }

  private var soundLines: [String] {
    var table = TextTable([("network", .left), ("engine", .left), ("max rel", .right), ("verdict", .left)])
    for row in test.sound {
      table.append([
        row.network, row.engine.rawValue, row.relativeDifference.map(NumberText.scientific) ?? "-",
        row.passes ? "pass" : "FAIL",
      ])
    }
    return table.lines
  }

  /// One row for each mistake in each network: how many places, and the smallest difference of all of them.
  private var faultLines: [String] {
    var table = TextTable([
      ("network", .left), ("fault", .left), ("places", .right), ("caught", .right), ("located", .right),
      ("named", .left),
      ("least max rel", .right),
    ])
    var rest = test.injections[...]
    while let first = rest.first {
      let rows = rest.prefix { ($0.network, $0.fault.mistake) == (first.network, first.fault.mistake) }
      rest = rest.dropFirst(rows.count)
      let least = rows.compactMap(\.relativeDifference).min()
      table.append([
        first.network, Self.text(first.fault), "\(rows.count)", "\(rows.count(where: \.isCaught))",
        "\(rows.count(where: \.isLocated))", first.isNamed.map { $0 ? "yes" : "no" } ?? "-",
        least.map(NumberText.scientific) ?? "-",
      ])
    }
    return table.lines
  }

  private var verdictLines: [String] {
    let tolerance = NumberText.scientific(test.tolerance)
    let missed = test.injections.filter { !$0.isCaught }
    var lines = missed.prefix(Self.maximumFaults).map {
      "not caught in \($0.network): \(Self.text($0.fault)) in \($0.fault.module)"
    }
    if missed.count > Self.maximumFaults {
      lines.append("and \(missed.count - Self.maximumFaults) more; --json lists all")
    }
    let passing = test.sound.count(where: \.passes)
    lines.append(
      "\(test.passed ? "passed" : "failed"): \(passing) of \(test.sound.count) runs of sound networks agree with "
        + "PyTorch within \(tolerance); \(test.injections.count - missed.count) of \(test.injections.count) faults "
        + "are caught")
    return lines
  }

  private static func text(_ fault: KnownFault) -> String {
    [fault.identifier, fault.variant].compactMap(\.self).joined(separator: " ")
  }

  private static func json(_ difference: Double?) -> JSONValue { difference.map(JSONValue.number) ?? .null }
}

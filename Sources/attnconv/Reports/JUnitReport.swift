/// Outcomes as JUnit XML, the form of test results that CI systems read.
///
/// There is no specification. This is what the strictest reader (junit-10.xsd of Jenkins' xUnit plugin) allows and
/// what Jenkins' junit plugin and GitLab show: the class name groups, the name identifies, the text of a failure is
/// shown in full, its `message` in lists. Durations are left out, so that the same outcomes give the same bytes.
struct JUnitReport {
  /// What the checks have in common.
  let suite: String
  /// The outcomes.
  let outcomes: [CheckOutcome]

  /// The text of the report.
  var text: String {
    let counts =
      "tests=\"\(outcomes.count)\" failures=\"\(outcomes.count { $0.status == .failed })\" "
      + "errors=\"\(outcomes.count { $0.status == .error })\""
    let name = "name=\"\(MarkupText.escaped(suite))\""
    let lines =
      ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<testsuites \(name) \(counts)>"]
      + ["  <testsuite \(name) \(counts) skipped=\"0\">"] + outcomes.flatMap(lines)
      + ["  </testsuite>", "</testsuites>"]
    return lines.joined(separator: "\n") + "\n"
  }

  private func lines(_ outcome: CheckOutcome) -> [String] {
    var lines = [
      "    <testcase classname=\"attnconv.verify\" name=\"\(MarkupText.escaped(outcome.name))\">"
    ]
    let element: String? =
      switch outcome.status {
      case .passed: nil
      case .failed: "failure"
      case .error: "error"
      }
    if let element {
      let text = outcome.lines.map(MarkupText.escaped).joined(separator: "\n")
      lines.append(
        "      <\(element) type=\"\(MarkupText.escaped(outcome.kind))\" message=\"\(MarkupText.escaped(outcome.message))\">"
          + "\(text)</\(element)>")
    }
    let output = (element == nil ? outcome.lines : []) + outcome.warnings.map { "warning: \($0)" }
    if !output.isEmpty {
      lines.append("      <system-out>\(output.map(MarkupText.escaped).joined(separator: "\n"))</system-out>")
    }
    return lines + ["    </testcase>"]
  }
}

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
    let name = "name=\"\(Self.attribute(suite))\""
    let lines =
      ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<testsuites \(name) \(counts)>"]
      + ["  <testsuite \(name) \(counts) skipped=\"0\">"] + outcomes.flatMap(lines)
      + ["  </testsuite>", "</testsuites>"]
    return lines.joined(separator: "\n") + "\n"
  }

  private func lines(_ outcome: CheckOutcome) -> [String] {
    var lines = [
      "    <testcase classname=\"attnconv.verify\" name=\"\(Self.attribute(outcome.name))\">"
    ]
    let element: String? =
      switch outcome.status {
      case .passed: nil
      case .failed: "failure"
      case .error: "error"
      }
    if let element {
      let text = outcome.lines.map(Self.escaped).joined(separator: "\n")
      lines.append(
        "      <\(element) type=\"\(Self.attribute(outcome.kind))\" message=\"\(Self.attribute(outcome.message))\">"
          + "\(text)</\(element)>")
    }
    let output = (element == nil ? outcome.lines : []) + outcome.warnings.map { "warning: \($0)" }
    if !output.isEmpty {
      lines.append("      <system-out>\(output.map(Self.escaped).joined(separator: "\n"))</system-out>")
    }
    return lines + ["    </testcase>"]
  }

  private static func attribute(_ text: String) -> String { escaped(text).replacing("\"", with: "&quot;") }

  /// One line of text inside an element. What XML 1.0 cannot hold (section 2.2, "Characters"), and line breaks, which
  /// attributes lose (section 3.3.3), become visible escapes.
  private static func escaped(_ line: String) -> String {
    var escaped = ""
    for scalar in VisibleText.of(line).unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\u{FFFE}", "\u{FFFF}": escaped += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

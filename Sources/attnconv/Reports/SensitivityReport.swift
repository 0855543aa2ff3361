import JSON
import Verification

/// Which parameters a reference checks, as text and as JSON.
struct SensitivityReport {
  private let sensitivity: Sensitivity

  /// At most so many groups, and names in a group, are listed; JSON has all parameters.
  private static let maximumGroups = 12
  private static let maximumNames = 6

  init(_ sensitivity: Sensitivity) { self.sensitivity = sensitivity }

  /// How many are seen, which are not, and which is seen least.
  var lines: [String] {
    let percent = Int((Sensitivity.step * 100).rounded())
    let leftOut =
      sensitivity.leftOut > 0
      ? "; \(sensitivity.leftOut) num_batches_tracked, which mean nothing here, left out" : ""
    var lines = [
      "sensitivity: \(sensitivity.seenCount) of \(sensitivity.responses.count) parameters are seen when moved by "
        + "\(percent) %" + leftOut
    ]
    let groups = sensitivity.blindGroups
    for group in groups.prefix(Self.maximumGroups) { lines += Self.lines(of: group) }
    if groups.count > Self.maximumGroups {
      lines.append("  and \(groups.count - Self.maximumGroups) more groups; --json lists all parameters")
    }
    if let weakest = sensitivity.weakest, weakest.change.isFinite {
      let multiple =
        sensitivity.tolerance > 0
        ? ", \(NumberText.multiple(weakest.change / sensitivity.tolerance)) times the tolerance" : ""
      lines.append(
        "weakest seen: \(weakest.parameter) changes \(weakest.tensor) by "
          + NumberText.scientific(weakest.change) + multiple)
    }
    return lines
  }

  /// What people must not miss.
  var warnings: [String] {
    let blind = sensitivity.blind.count
    guard blind > 0 else { return [] }
    return [
      "the reference cannot see \(blind) of \(sensitivity.responses.count) parameters: a fault in them passes"
    ]
  }

  private static func lines(of group: BlindSpotGroup) -> [String] {
    let rest = group.parameters.count - maximumNames
    let names =
      group.parameters.prefix(maximumNames).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    let path = group.path.isEmpty ? "" : " in \(group.path)"
    let places = group.places > 1 ? " (\(group.places) places)" : ""
    let reason =
      group.obstacles.isEmpty
      ? "largest change of what was recorded: \(NumberText.scientific(group.largestChange))"
      : group.obstacles.joined(separator: "; ")
    return ["  not seen\(path)\(places): \(names)", "    \(reason)"]
  }

  /// The report for programs.
  var json: JSONValue {
    [
      "step": .number(Sensitivity.step),
      "parameters": .integer(sensitivity.responses.count),
      "seen": .integer(sensitivity.seenCount),
      "leftOut": .integer(sensitivity.leftOut),
      "weakest": sensitivity.weakest.map(Self.json) ?? .null,
      "blind": .array(
        sensitivity.blind.map { response in
          var members = Self.json(response).objectValue ?? []
          members.append(.init("obstacles", .array(response.obstacles.map(Self.json))))
          return .object(members)
        }),
    ]
  }

  private static func json(_ response: Sensitivity.Response) -> JSONValue {
    [
      "parameter": .string(response.parameter), "tensor": .string(response.tensor),
      "change": response.change.isFinite ? .number(response.change) : .null,
    ]
  }

  private static func json(_ obstacle: Obstacle) -> JSONValue {
    [
      "kind": .string(obstacle.kind.rawValue), "name": .string(obstacle.name),
      "explanation": .string(obstacle.text),
    ]
  }
}

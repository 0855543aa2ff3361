import JSON
import Verification

/// A verdict in a few words, for lists of many.
struct VerdictSummary {
  private let verdict: Verdict

  init(_ verdict: Verdict) { self.verdict = verdict }

  private var failing: [Comparison] { verdict.comparisons.filter { !$0.passes } }

  /// The largest relative difference of all tensors; `nil` where one has none.
  var relativeDifference: Double? {
    let differences = verdict.comparisons.map(\.relativeDifference)
    return differences.contains(nil) ? nil : differences.compactMap { $0 }.max()
  }

  /// The verdict in one line.
  var message: String {
    let (count, tolerance) = (verdict.comparisons.count, NumberText.scientific(verdict.output.tolerance))
    let largest = relativeDifference.map(NumberText.scientific) ?? "not a number"
    guard let divergence = verdict.divergence else {
      return
        "\(count) of \(count) tensors agree; largest relative difference \(largest), tolerance \(tolerance)"
    }
    return "\(failing.count) of \(count) tensors differ, first at \(divergence.node); "
      + "largest relative difference \(largest), tolerance \(tolerance)"
  }

  /// What differs, a line each: the tensors whose own part is at fault, how many follow from them, and the
  /// likely causes.
  var details: [String] {
    let own = failing.filter { !verdict.follows($0) }
    var lines = own.map { comparison in
      let difference =
        comparison.relativeDifference.map { ["relative difference \(NumberText.scientific($0))"] } ?? []
      return "\(comparison.tensor): " + (difference + comparison.notes).joined(separator: "; ")
    }
    let following = failing.count - own.count
    if following > 0 {
      lines.append("\(following) \(following == 1 ? "difference follows" : "differences follow")")
    }
    let parameters = verdict.diagnosis?.nonFiniteParameters ?? []
    if !parameters.isEmpty {
      lines.append("NaN or infinity in the weights: " + parameters.joined(separator: ", "))
    }
    return lines + verdict.causes.map { "likely cause: \($0.explanation)" }
  }

  /// The summary for programs.
  var json: JSONValue {
    [
      "tensors": .integer(verdict.comparisons.count), "failing": .integer(failing.count),
      "relativeDifference": relativeDifference.map(JSONValue.number) ?? .null,
      "divergence": verdict.divergence.map { .string($0.node) } ?? .null,
      "brokenParts": .array(verdict.brokenParts.map { .string($0.node) }),
      "causes": .array(verdict.causes.map(VerdictReport.json)),
      "notes": .array(verdict.notes.map(JSONValue.string)),
    ]
  }
}

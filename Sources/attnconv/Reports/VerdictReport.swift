import Architectures
import Checkpoint
import Execution
import SystemPackage
import Verification

/// What a verification found, as text and as JSON.
struct VerdictReport {
  let verdict: Verdict
  let verifier: Verifier
  let checkpoint: Checkpoint
  let reference: Reference
  let architecture: Architecture

  /// At most so many layers are listed as suspects; JSON has all of them.
  private static let maximumSuspects = 8

  init(_ verdict: Verdict, of verifier: Verifier, _ checkpoint: Checkpoint, _ reference: Reference) throws {
    self.verdict = verdict
    self.verifier = verifier
    self.checkpoint = checkpoint
    self.reference = reference
    architecture = try Architecture(json: checkpoint.metadata.architecture)
  }

  /// The comparison of every tensor, and the verdict.
  var lines: [String] {
    // A network without taps is one part, whose own comparison says nothing new.
    let local = Dictionary(grouping: verdict.taps.isEmpty ? [] : verdict.local, by: \.tensor)
    var columns: [(String, TextTable.Alignment)] = [
      ("tensor", .left), ("max abs", .right), ("max rel", .right),
    ]
    if verdict.noiseFloor != nil { columns.append(("noise", .right)) }
    columns.append(("cosine", .right))
    if !local.isEmpty { columns.append(("by itself", .right)) }
    var table = TextTable(columns + [("verdict", .left)])
    for comparison in verdict.comparisons {
      var row = [
        comparison.tensor, Self.text(comparison.largestAbsolute?.value),
        Self.text(comparison.relativeDifference),
      ]
      if let noise = verdict.noiseFloor { row.append(Self.text(noise[comparison.node])) }
      row.append(comparison.cosineSimilarity.map(NumberText.fixed) ?? "-")
      if !local.isEmpty { row.append(Self.text(local[comparison.tensor]?.first?.relativeDifference)) }
      row.append(comparison.passes ? "pass" : verdict.follows(comparison) ? "FAIL, follows" : "FAIL")
      table.append(row)
    }
    let measured = noiseLines + (verdict.sensitivity.map { SensitivityReport($0).lines } ?? [])
    return headerLines + [""] + table.lines + [""] + noteLines + measured + verdictLines
  }

  private var headerLines: [String] {
    var lines = [
      checkpoint.path.string,
      "  architecture  \(architecture.name)",
      "  engine        \(verifier.engine.rawValue)",
      "  reference     \(reference.file.path.string), input " + Self.text(reference.input.shape),
    ]
    let provenance = [
      reference.provenance?.model, reference.provenance?.framework ?? reference.provenance?.producer,
    ]
    let recorded = provenance.compactMap { $0 }.joined(separator: ", ")
    if !recorded.isEmpty { lines.append("  recorded      \(recorded)") }
    return lines
  }

  private var noteLines: [String] {
    var lines = verdict.comparisons.flatMap { comparison in
      comparison.notes.map { "\(comparison.tensor): \($0)" }
    }
    if let ranking = verdict.output.ranking {
      let top5 = ranking.top5.map { ", top-5 for \($0)" } ?? ""
      lines.append("images: \(ranking.rows); top-1 agrees for \(ranking.top1)\(top5)")
    }
    return lines
  }

  /// How many times the noise of single precision the largest difference is, or that of the first tensor that fails.
  private var noiseLines: [String] {
    guard let noise = verdict.noiseFloor else { return [] }
    let multiples = verdict.comparisons.compactMap { comparison in
      noise.multiple(of: comparison).map { (comparison, $0) }
    }
    guard
      let (comparison, multiple) = multiples.first(where: { !$0.0.passes })
        ?? multiples.max(by: { $0.1 < $1.1 })
    else { return [] }
    return [
      "noise floor: \(comparison.tensor) differs \(NumberText.multiple(multiple)) times as much as single precision does"
    ]
  }

  private var verdictLines: [String] {
    let tolerance = NumberText.scientific(verifier.tolerance)
    let count = verdict.comparisons.count
    guard let divergence = verdict.divergence else {
      return ["passed: \(count) of \(count) tensors agree within \(tolerance) of their largest magnitude"]
    }
    let failing = verdict.comparisons.count { !$0.passes }
    var lines = [
      "failed: \(failing) of \(count) tensors differ by more than \(tolerance) of their largest magnitude",
      "first diverging layer: \(divergence.node)",
    ]
    if !divergence.agreeing.isEmpty {
      lines.append("  agreeing before it: " + Self.list(divergence.agreeing))
    }
    if divergence.suspects.count > 1 {
      lines.append("  the fault is in one of \(divergence.suspects.count): " + Self.list(divergence.suspects))
    }
    return lines + diagnosisLines
  }

  /// Which parts are broken by themselves.
  private var diagnosisLines: [String] {
    guard let diagnosis = verdict.diagnosis, let divergence = verdict.divergence else { return [] }
    var lines: [String] = []
    let parts = diagnosis.brokenParts
    if parts.isEmpty {
      lines.append(
        "no part is broken by itself: in double precision, from the recorded tensors before it, each agrees")
      lines.append(
        "  the differences are rounding that adds up, or of the engine \(verifier.engine.rawValue)")
    } else if parts.count > 1 || parts[0].tensor != divergence.tensor {
      let isOne = parts.count == 1
      lines.append(
        "\(parts.count) \(isOne ? "part is" : "parts are") broken, each run on the recorded tensors before it:"
      )
      let width = parts.map(\.node.count).max() ?? 0
      for part in parts {
        let local = diagnosis.local.first { $0.tensor == part.tensor }
        let difference = local?.relativeDifference.map { "differs by \(NumberText.scientific($0))" }
        lines.append(
          "  " + part.node + String(repeating: " ", count: width - part.node.count)
            + "  \(difference ?? "is not finite")")
      }
    }
    let following = verdict.comparisons.count(where: verdict.follows)
    if !parts.isEmpty, following > 0 {
      let differences = following == 1 ? "difference follows" : "\(following) differences follow"
      lines.append("  the other \(differences) from \(parts.count == 1 ? "it" : "them")")
    }
    if !diagnosis.nonFiniteParameters.isEmpty {
      lines.append("NaN or infinity in the weights: " + Self.list(diagnosis.nonFiniteParameters))
    }
    return lines + causeLines(diagnosis)
  }

  /// The known faults that explain the difference, and what remains.
  private func causeLines(_ diagnosis: Diagnosis) -> [String] {
    var lines: [String] = []
    for cause in diagnosis.causes {
      let before = cause.before.isFinite ? NumberText.scientific(cause.before) : "not finite"
      let change = "difference \(before) -> \(NumberText.scientific(cause.after))"
      lines.append("likely cause: \(cause.explanation) (\(change))")
      if cause.faults.count > 1 {
        lines.append("  in \(cause.faults.count) places: " + Self.list(cause.faults.map(\.module)))
      }
      if !cause.restoresAgreement { lines.append("  that explains most of it; something else is wrong, too") }
    }
    let unexplained = diagnosis.unexplainedParts
    if !unexplained.isEmpty {
      let place = verdict.brokenParts.count == 1 ? "" : " in " + Self.list(unexplained.map(\.node))
      let other = diagnosis.causes.isEmpty ? "" : "other "
      lines.append(
        "no \(other)likely cause\(place): none of the \(diagnosis.triedCount) known faults tried restores agreement"
      )
      if diagnosis.untriedCount > 0 {
        lines.append("  \(diagnosis.untriedCount) more were not tried, which would take too long")
      }
      if unexplained.contains(where: { $0.nodes.count > Self.maximumSuspects }) {
        lines.append("  record \(verdict.taps.isEmpty ? "taps" : "more taps") to learn in which layer it is")
      }
    }
    return lines
  }

  private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "x") }

  private static func text(_ number: Double?) -> String { number.map(NumberText.scientific) ?? "-" }

  private static func list(_ names: [String]) -> String {
    let rest = names.count - maximumSuspects
    return names.suffix(maximumSuspects).joined(separator: ", ")
      + (rest > 0 ? " and \(rest) before them" : "")
  }
}

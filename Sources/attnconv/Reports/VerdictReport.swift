import Architectures
import Checkpoint
import Execution
import JSON
import SystemPackage
import Verification

/// What a verification found, as text and as JSON.
struct VerdictReport {
  private let verdict: Verdict
  private let verifier: Verifier
  private let checkpoint: Checkpoint
  private let reference: Reference
  private let architecture: Architecture

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
    var table = TextTable([
      ("tensor", .left), ("max abs", .right), ("max rel", .right), ("cosine", .right), ("verdict", .left),
    ])
    for comparison in verdict.comparisons {
      table.append([
        comparison.tensor, comparison.largestAbsolute.map { NumberText.scientific($0.value) } ?? "-",
        comparison.relativeDifference.map(NumberText.scientific) ?? "-",
        comparison.cosineSimilarity.map(NumberText.fixed) ?? "-", comparison.passes ? "pass" : "FAIL",
      ])
    }
    return headerLines + [""] + table.lines + [""] + noteLines + verdictLines
  }

  private var headerLines: [String] {
    var lines = [
      checkpoint.path.string,
      "  architecture  \(architecture.name)",
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
      if verdict.taps.isEmpty { lines.append("  record taps to learn in which layer it is") }
    }
    return lines
  }

  /// The report for programs.
  var members: [String: JSONValue] {
    [
      "status": verdict.passed ? "passed" : "diverged",
      "file": .string(checkpoint.path.string),
      "reference": .string(reference.file.path.string),
      "provenance": reference.provenance?.json ?? .null,
      "architecture": checkpoint.metadata.architecture,
      "architectureName": .string(architecture.name),
      "content": .string(checkpoint.metadata.content),
      "engine": .string(verifier.engine.rawValue),
      "tolerance": .number(verifier.tolerance),
      "inputShape": Self.json(reference.input.shape),
      "tensors": .array(verdict.comparisons.map(Self.json)),
      "divergence": verdict.divergence.map(Self.json) ?? .null,
      "notes": .array(verdict.notes.map(JSONValue.string)),
    ]
  }

  private static func json(_ comparison: Comparison) -> JSONValue {
    [
      "tensor": .string(comparison.tensor),
      "node": .string(comparison.node),
      "shape": json(comparison.shape),
      "passed": .bool(comparison.passes),
      "expectedMaximum": .number(comparison.expectedMaximum),
      "relativeDifference": comparison.relativeDifference.map(JSONValue.number) ?? .null,
      "largestAbsolute": comparison.largestAbsolute.map(json) ?? .null,
      "largestRelative": comparison.largestRelative.map(json) ?? .null,
      "cosineSimilarity": comparison.cosineSimilarity.map(JSONValue.number) ?? .null,
      "ranking": comparison.ranking.map(json) ?? .null,
      "nonFiniteActual": comparison.nonFiniteActual.map(json) ?? .null,
      "nonFiniteExpected": comparison.nonFiniteExpected.map(json) ?? .null,
      "notes": .array(comparison.notes.map(JSONValue.string)),
    ]
  }

  private static func json(_ difference: Comparison.Difference) -> JSONValue {
    [
      "value": .number(difference.value), "index": json(difference.index),
      "actual": .number(difference.actual),
      "expected": .number(difference.expected),
    ]
  }

  private static func json(_ numbers: Comparison.NonFinite) -> JSONValue {
    ["count": .integer(numbers.count), "first": json(numbers.first)]
  }

  private static func json(_ ranking: RankingAgreement) -> JSONValue {
    [
      "rows": .integer(ranking.rows), "top1": .integer(ranking.top1),
      "top5": ranking.top5.map(JSONValue.integer) ?? .null,
    ]
  }

  private static func json(_ divergence: Divergence) -> JSONValue {
    [
      "tensor": .string(divergence.tensor), "node": .string(divergence.node),
      "suspects": .array(divergence.suspects.map(JSONValue.string)),
      "agreeing": .array(divergence.agreeing.map(JSONValue.string)),
    ]
  }

  private static func json(_ shape: [Int]) -> JSONValue { .array(shape.map(JSONValue.integer)) }

  private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "x") }

  private static func list(_ names: [String]) -> String {
    let rest = names.count - maximumSuspects
    return names.suffix(maximumSuspects).joined(separator: ", ")
      + (rest > 0 ? " and \(rest) before them" : "")
  }
}

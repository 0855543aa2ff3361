import Architectures
import Checkpoint
import Execution
import JSON
import SystemPackage
import Verification

/// The report for programs; `Schemas/verify-report.schema.json` describes it.
extension VerdictReport {
  /// The members of the report.
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
      "noiseFloor": verdict.noiseFloor.map(Self.json) ?? .null,
      "sensitivity": verdict.sensitivity.map { SensitivityReport($0).json } ?? .null,
      "divergence": verdict.divergence.map(Self.json) ?? .null,
      "local": .array(verdict.local.map(Self.json)),
      "brokenParts": .array(verdict.brokenParts.map(Self.json)),
      "nonFiniteParameters": .array((verdict.diagnosis?.nonFiniteParameters ?? []).map(JSONValue.string)),
      "causes": .array(verdict.causes.map(Self.json)),
      "unexplainedParts": .array(
        (verdict.diagnosis?.unexplainedParts ?? []).map { .string($0.tensor) }),
      "faultsTried": .integer(verdict.diagnosis?.triedCount ?? 0),
      "faultsNotTried": .integer(verdict.diagnosis?.untriedCount ?? 0),
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

  private static func json(_ floor: NoiseFloor) -> JSONValue {
    [
      "engine": .string(floor.engine.rawValue),
      "nodes": .array(
        floor.rows.map { row in
          [
            "node": .string(row.node),
            "relativeDifference": row.relativeDifference.map(JSONValue.number) ?? .null,
          ]
        }),
    ]
  }

  private static func json(_ part: NetworkPart) -> JSONValue {
    [
      "tensor": .string(part.tensor), "node": .string(part.node),
      "nodes": .array(part.nodes.map(JSONValue.string)),
      "sources": .array(part.sources.map(JSONValue.string)),
    ]
  }

  /// A likely cause for programs.
  static func json(_ cause: LikelyCause) -> JSONValue {
    [
      "identifier": .string(cause.fault.identifier), "explanation": .string(cause.explanation),
      "modules": .array(cause.faults.map { .string($0.module) }),
      "tensors": .array(cause.tensors.map(JSONValue.string)),
      "before": cause.before.isFinite ? .number(cause.before) : .null, "after": .number(cause.after),
      "restoresAgreement": .bool(cause.restoresAgreement),
    ]
  }

  private static func json(_ shape: [Int]) -> JSONValue { .array(shape.map(JSONValue.integer)) }
}

import Checkpoint
import JSON
import SystemPackage

/// Whether a file is as it was written, as text and as JSON.
struct IntegrityText {
  let report: IntegrityReport

  init(_ report: IntegrityReport) { self.report = report }

  /// The outcome as a stable word.
  var identifier: String {
    report.isIntact ? "intact" : report.damage.isEmpty ? "unsealed" : "damaged"
  }

  /// The outcome in a line, without the file.
  var message: String {
    if report.isIntact {
      return "intact: \(report.tensorCount.grouped) tensors, \(report.byteCount.grouped) bytes"
    }
    guard let first = report.damage.first else {
      return "unchecked: the data is intact, but the header has no \(CheckpointMetadata.Key.header.rawValue)"
    }
    return report.damage.count == 1
      ? "damaged: \(first.text)" : "damaged in \(report.damage.count.grouped) places"
  }

  /// All damage, a line each, where there is more than fits the message.
  var details: [String] { report.damage.count > 1 ? report.damage.map(\.text) : [] }

  /// What to do.
  var hint: String? {
    guard identifier == "unsealed" else { return report.hint }
    return report.hint.map { "an early version wrote the file; \($0)" }
  }

  /// The report for people.
  var lines: [String] {
    ["\(report.path.string): \(message)"] + details.map { "  " + $0 } + (hint.map { ["  hint: \($0)"] } ?? [])
  }

  /// The report for programs.
  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("status", .string(identifier)), .init("file", .string(report.path.string)),
      .init("bytes", .integer(Int(clamping: report.byteCount))),
      .init("tensors", .integer(report.tensorCount)),
      .init("damage", .array(report.damage.map(Self.json))),
    ]
    if let metadata = report.metadata {
      members += [.init("content", .string(metadata.content)), .init("source", metadata.source)]
    }
    if let hint { members.append(.init("hint", .string(hint))) }
    return .object(members)
  }

  private static func json(_ damage: Damage) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("part", .string(damage.part.kind)), .init("offset", .integer(Int(clamping: damage.offset))),
      .init("bytes", .integer(Int(clamping: damage.byteCount))), .init("message", .string(damage.message)),
    ]
    if let tensor = damage.part.tensor { members.append(.init("tensor", .string(tensor))) }
    if let key = damage.part.key { members.append(.init("key", .string(key))) }
    if case .entry(_, let field) = damage.part { members.append(.init("field", .string(field))) }
    return .object(members)
  }
}

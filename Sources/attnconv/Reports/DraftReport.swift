import Architectures
import Bytes
import Conversion
import JSON
import SourceFormats
import SystemPackage

/// What a draft of a dialect says and what is left to do, as text and as JSON.
struct DraftReport {
  private let draft: DialectDraft
  private let index: SourceIndex
  private let path: FilePath
  private let output: FilePath

  /// At most so many names of one kind are printed; JSON has all of them.
  private static let maximumLines = 20

  init(_ draft: DialectDraft, _ index: SourceIndex, path: FilePath, output: FilePath) {
    self.draft = draft
    self.index = index
    self.path = path
    self.output = output
  }

  private var uncertain: [DialectDraft.Line] { draft.lines.filter { $0.uncertainty != nil } }

  /// The report for people.
  var lines: [String] {
    let byteCount = index.files.reduce(UInt64(0)) { $0 + $1.size }
    let key = draft.key.joined(separator: ".")
    let prefix = draft.strippedPrefix.isEmpty ? "" : ", prefix \(draft.strippedPrefix) stripped"
    var lines = [
      path.string,
      "  container     \(index.container.rawValue), \(byteCount.grouped) bytes",
      "  state dict    " + (key.isEmpty ? "top of the file" : "at \(key)") + prefix,
      "  architecture  \(draft.architecture.name)",
      "",
    ]
    var table = TextTable([("canonical", .left), ("source", .left), ("layout", .left), ("", .left)])
    for line in draft.lines {
      table.append([
        line.canonical, line.source, line.layout?.rawValue ?? "-", line.uncertainty == nil ? "" : "uncertain",
      ])
    }
    lines += table.lines
    lines += section(
      "uncertain: compare with the code, correct, and delete the mark",
      uncertain.map { "\($0.source) as \($0.canonical): \($0.uncertainty ?? "")" })
    lines += section(
      "the network needs these, and no tensor was found for them",
      draft.missing.map { "\($0.canonicalName ?? $0.name): \($0.detail)" })
    lines += section(
      "the file holds these, and the network has no place for them",
      draft.unexpected.map { "\($0.name): \($0.detail)" })
    lines += section(
      "no tensor shows these; where the code does otherwise, say so in \"semantics\"",
      draft.questions.map { "\($0.name): \($0.text) The draft takes \($0.assumed)" })
    lines.append("")
    if let known = draft.known {
      lines.append("dialect \(known) knows this file: 'attnconv import' needs no draft")
    }
    let count = draft.lines.count
    lines.append(
      "wrote \(output.string): \(count) \(count == 1 ? "line" : "lines"), "
        + (draft.isComplete ? "all certain" : "\(uncertain.count) uncertain"))
    if draft.isComplete {
      lines.append("next: attnconv import \(path.string) --dialect-file \(output.string)")
    }
    return lines
  }

  private func section(_ title: String, _ rows: [String]) -> [String] {
    guard !rows.isEmpty else { return [] }
    var lines = ["", title + ":"] + rows.prefix(Self.maximumLines).map { "  " + $0 }
    if rows.count > Self.maximumLines {
      lines.append("  and \(rows.count - Self.maximumLines) more; --json lists all")
    }
    return lines
  }

  /// The report for programs.
  var members: [String: JSONValue] {
    var members: [String: JSONValue] = [
      "status": .string(draft.isComplete ? "complete" : "unfinished"),
      "file": .string(path.string), "container": .string(index.container.rawValue),
      "output": .string(output.string), "dialect": .string(draft.name),
      "architecture": draft.architecture.json, "architectureName": .string(draft.architecture.name),
      "key": .array(draft.key.map(JSONValue.string)), "prefix": .string(draft.strippedPrefix),
      "lines": .array(draft.lines.map(Self.json)),
      "missing": .array(
        draft.missing.map { ["name": .string($0.canonicalName ?? $0.name), "detail": .string($0.detail)] }),
      "unexpected": .array(
        draft.unexpected.map { ["name": .string($0.name), "detail": .string($0.detail)] }),
      "questions": .array(
        draft.questions.map {
          ["name": .string($0.name), "question": .string($0.text), "assumed": .string($0.assumed)]
        }),
    ]
    if let known = draft.known { members["knownDialect"] = .string(known) }
    return members
  }

  private static func json(_ line: DialectDraft.Line) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("canonical", .string(line.canonical)), .init("source", .string(line.source)),
    ]
    if let layout = line.layout { members.append(.init("layout", .string(layout.rawValue))) }
    if let reason = line.uncertainty { members.append(.init("uncertain", .string(reason))) }
    return .object(members)
  }
}

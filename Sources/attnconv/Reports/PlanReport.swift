import Architectures
import Bytes
import Checkpoint
import Conversion
import JSON
import SourceFormats
import SystemPackage

/// What an import plan says, as text and as JSON.
struct PlanReport {
  private let plan: ImportPlan
  private let path: FilePath

  /// At most so many faults of one kind are printed; JSON has all of them.
  private static let maximumFaultLines = 20

  /// At most so many names that the user allowed or declared are printed; JSON has all of them.
  private static let maximumGivenLines = 40

  init(_ plan: ImportPlan, path: FilePath) {
    self.plan = plan
    self.path = path
  }

  /// What the file is.
  var headerLines: [String] {
    var lines = [path.string]
    func row(_ label: String, _ text: String) {
      lines.append("  " + label + String(repeating: " ", count: 14 - label.count) + text)
    }
    let byteCount = plan.index.files.reduce(UInt64(0)) { $0 + $1.size }
    row("container", "\(plan.index.container.rawValue), \(byteCount.grouped) bytes")
    let key = plan.key.joined(separator: plan.index.separator)
    let prefix = plan.strippedPrefix.isEmpty ? "" : ", prefix \(plan.strippedPrefix) stripped"
    row("state dict", (key.isEmpty ? "top of the file" : "at \(key)") + prefix)
    row("architecture", plan.architecture.name)
    let others =
      plan.alternatives.isEmpty ? "" : "; the same tensors in " + plan.alternatives.joined(separator: ", ")
    row("dialect", "\(plan.dialect.name) (\(Self.percent(plan.score)) of the names fit\(others))")
    row("tensors", "\(plan.rows.count.grouped) entries, \(parameterCount.grouped) parameters")
    let layouts = plan.rows.flatMap(\.layouts)
    for layout in Layout.allCases {
      let count = layouts.count { $0 == layout }
      if count > 0 { row("layout", "\(layout.explanation): \(count) tensors") }
    }
    func rows<Item>(_ label: String, _ items: [Item], _ text: (Item) -> String) {
      for item in items.prefix(Self.maximumGivenLines) { row(label, text(item)) }
      let rest = items.count - Self.maximumGivenLines
      if rest > 0 { row(label, "and \(rest.grouped) more; --json lists all") }
    }
    rows("allowed", plan.allowed) { "\($0.kind.rawValue) \($0.name)" }
    rows("declared", plan.declared) { "\($0.canonicalName) is \($0.value)" }
    for placeholder in plan.index.placeholders {
      row("not rebuilt", "\(placeholder.name) (\(placeholder.count)), read as inert data")
    }
    for note in plan.notes { row("note", note) }
    return lines
  }

  /// The mapping, a line for each tensor.
  var tableLines: [String] {
    var table = TextTable([
      ("source", .left), ("change", .left), ("canonical", .left), ("type", .left), ("shape", .left),
    ])
    for row in plan.rows {
      let type = row.sourceType == row.output.elementType ? "" : "\(row.sourceType.rawValue) to "
      table.append([
        row.sourceName,
        row.layouts.isEmpty ? "none" : row.layouts.map(\.explanation).joined(separator: ", "),
        row.canonicalName,
        type + row.output.elementType.rawValue,
        "\(row.output.view.shape)",
      ])
    }
    return [""] + table.lines
  }

  /// Why the file does not fit, all faults at once, and what to do.
  var faultLines: [String] {
    var lines = headerLines
    lines.append("")
    for kind in Fault.Kind.allCases {
      let faults = plan.faults.filter { $0.kind == kind }
      guard !faults.isEmpty else { continue }
      lines.append("\(faults.count.grouped) \(kind.rawValue):")
      for fault in faults.prefix(Self.maximumFaultLines) {
        let canonical = fault.canonicalName.map { $0 == fault.name ? "" : " (\($0))" } ?? ""
        let suggestion = fault.suggestion.map { "; did you mean \"\($0)\"?" } ?? ""
        lines.append("  \(fault.name)\(canonical): \(fault.detail)\(suggestion)")
      }
      if faults.count > Self.maximumFaultLines {
        lines.append("  and \(faults.count - Self.maximumFaultLines) more; --json lists all")
      }
    }
    return lines
  }

  /// What to do about faults.
  var adviceLines: [String] {
    ["", "nothing was written; what can be done:"] + advice.map { "  " + $0 }
  }

  private var advice: [String] {
    var advice: [String] = []
    let kinds = Set(plan.faults.map(\.kind))
    let missing = plan.faults.filter { $0.kind == .missing }.compactMap(\.canonicalName)
    if !missing.isEmpty, missing.allSatisfy({ $0.hasPrefix("head.") }) {
      advice.append(
        "the network has no classifier: --allow-missing 'head.*', with --classes N if it had not 1000")
    } else if kinds.contains(.missing) {
      advice.append("names that may be missing: --allow-missing PATTERN")
    }
    if let norm = missing.first(where: { $0.hasSuffix(".running_mean") || $0.hasSuffix(".running_var") }) {
      let module = norm.split(separator: ".").dropLast().joined(separator: ".")
      advice.append(
        "statistics that the file lacks, where you know them: --declare-statistics '\(module)=MEAN,VARIANCE'")
    }
    if kinds.contains(.unexpected) { advice.append("names to leave out: --allow-unexpected PATTERN") }
    if kinds.isSuperset(of: [.missing, .unexpected]) {
      advice.append("names of another code base: 'attnconv map' drafts a file for --dialect-file")
    }
    if kinds.contains(.misshaped) { advice.append("another network: --architecture NAME or --dialect NAME") }
    advice.append("the whole comparison for programs: --json")
    return advice
  }

  /// What was written.
  func resultLines(_ result: ImportResult) -> [String] {
    var lines: [String] = []
    for note in result.notes { lines.append("  note          " + note) }
    lines.append("  content       \(result.content)")
    lines.append("wrote \(result.path.string) (\(result.byteCount.grouped) bytes)")
    return lines
  }

  /// The report for programs.
  func json(status: String) -> [JSONValue.Member] {
    let layouts = plan.rows.flatMap { row in row.layouts.map { (row.canonicalName, $0) } }
    return [
      .init("status", .string(status)),
      .init("file", .string(path.string)),
      .init("container", .string(plan.index.container.rawValue)),
      .init("bytes", .integer(Int(clamping: plan.index.files.reduce(UInt64(0)) { $0 + $1.size }))),
      .init("architecture", plan.architecture.json),
      .init("architectureName", .string(plan.architecture.name)),
      .init("dialect", .string(plan.dialect.name)),
      .init("score", .number(plan.score)),
      .init("alternatives", .array(plan.alternatives.map(JSONValue.string))),
      .init("key", .array(plan.key.map(JSONValue.string))),
      .init("prefix", .string(plan.strippedPrefix)),
      .init("entries", .integer(plan.rows.count)),
      .init("parameters", .integer(parameterCount)),
      .init("layouts", Self.json(layouts: layouts)),
      .init("faults", .array(plan.faults.map(Self.json))),
      .init("allowed", .array(plan.allowed.map(Self.json))),
      .init("declared", .array(plan.declared.map(Self.json))),
      .init("placeholders", SourceReport.json(plan.index.placeholders)),
      .init("notes", .array(plan.notes.map(JSONValue.string))),
      .init("warnings", .array(plan.warnings.map(JSONValue.string))),
    ]
  }

  /// What was written, for programs.
  func json(_ result: ImportResult) -> [JSONValue.Member] {
    [
      .init("output", .string(result.path.string)), .init("content", .string(result.content)),
      .init("bytesWritten", .integer(Int(clamping: result.byteCount))),
      .init("writeNotes", .array(result.notes.map(JSONValue.string))),
    ]
  }

  /// The mapping for programs, a member for each tensor.
  var mapping: JSONValue { .array(plan.rows.map(Self.json)) }

  /// Tensors whose arrangement changes, for programs.
  static func json(layouts: [(String, Layout)]) -> JSONValue {
    .array(layouts.map { ["name": .string($0.0), "layout": .string($0.1.rawValue)] })
  }

  private static func json(_ fault: Fault) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("kind", .string(fault.kind.rawValue)), .init("name", .string(fault.name)),
      .init("detail", .string(fault.detail)),
    ]
    if let name = fault.canonicalName { members.append(.init("canonicalName", .string(name))) }
    if let name = fault.suggestion { members.append(.init("suggestion", .string(name))) }
    return .object(members)
  }

  private static func json(_ parameter: DeclaredParameter) -> JSONValue {
    ["name": .string(parameter.canonicalName), "value": .number(parameter.value)]
  }

  private static func json(_ row: ImportPlan.Row) -> JSONValue {
    [
      "source": .string(row.sourceName), "canonical": .string(row.canonicalName),
      "layouts": .array(row.layouts.map { .string($0.rawValue) }),
      "sourceType": .string(row.sourceType.rawValue), "type": .string(row.output.elementType.rawValue),
      "shape": .array(row.output.view.shape.map(JSONValue.integer)),
    ]
  }

  private var parameterCount: Int {
    let buffers = Set(((try? plan.architecture.graph().parameters) ?? []).filter(\.isBuffer).map(\.name))
    return plan.rows.filter { !buffers.contains($0.canonicalName) }.reduce(0) {
      $0 + $1.output.view.elementCount
    }
  }

  private static func percent(_ score: Double) -> String {
    score == 1 ? "all" : "\(Int(score * 100)) %"
  }
}

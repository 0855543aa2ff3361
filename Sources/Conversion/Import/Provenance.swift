import Bytes
import JSON
import SourceFormats
import SystemPackage

/// What a canonical checkpoint records of the file it was made from.
enum Provenance {
  /// The value of `attnconv.source`. It holds no path, time or machine, so that equal files give equal text.
  static func json(of plan: ImportPlan, _ digests: [String]) -> JSONValue {
    let files = zip(plan.index.files, digests).map { file, digest -> JSONValue in
      [
        "file": .string(file.path.lastComponent?.string ?? ""), "bytes": .integer(Int(file.size)),
        "sha256": .string(digest),
      ]
    }
    var members: [JSONValue.Member] = [
      .init("container", .string(plan.index.container.rawValue)),
      .init("dialect", .string(plan.dialect.name)),
      .init("key", .array(plan.key.map(JSONValue.string))),
      .init("prefix", .string(plan.strippedPrefix)),
      .init("layout", layouts(plan)),
    ]
    if plan.hasAutomaticNames { members.append(.init("modules", modules(plan))) }
    if files.count == 1, let only = files.first?.objectValue {
      members += only
    } else {
      members.append(.init("files", .array(files)))
    }
    let missing = plan.allowed.filter { $0.kind == .missing }.compactMap(\.canonicalName)
    if !missing.isEmpty { members.append(.init("missing", .array(missing.map(JSONValue.string)))) }
    if !plan.declared.isEmpty {
      let declared = plan.declared.map { JSONValue.Member($0.canonicalName, .number($0.value)) }
      members.append(.init("declared", .object(declared.sorted { $0.name < $1.name })))
    }
    let left = plan.allowed.filter { $0.kind == .unexpected }.map(\.name)
    if !left.isEmpty { members.append(.init("unused", .array(left.map(JSONValue.string)))) }
    return .object(members)
  }

  /// Canonical names by the change of arrangement that was made; changes that were not needed are absent.
  private static func layouts(_ plan: ImportPlan) -> JSONValue {
    var names: [String: [JSONValue]] = [:]
    for row in plan.rows {
      for layout in row.layouts { names[layout.rawValue, default: []].append(.string(row.canonicalName)) }
    }
    return .object(names.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .array($0.value)) })
  }

  /// What the source calls each module: the name that Keras made up for it by its canonical one.
  private static func modules(_ plan: ImportPlan) -> JSONValue {
    var modules: [JSONValue.Member] = []
    for row in plan.rows {
      let canonical = row.canonicalName.split(separator: ".").dropLast().joined(separator: ".")
      guard modules.last?.name != canonical else { continue }
      modules.append(.init(canonical, .string(plan.sourceModule(of: row))))
    }
    return .object(modules.sorted { $0.name < $1.name })
  }
}

import Bytes
import Checkpoint
import JSON
import SourceFormats
import SystemPackage

/// What a source holds, whatever network it is.
struct SourceReport {
  private let index: SourceIndex
  private let path: FilePath

  /// At most so many tensors of an unknown network are printed; JSON has all of them.
  private static let maximumLines = 40

  init(_ index: SourceIndex, path: FilePath) {
    self.index = index
    self.path = path
  }

  /// The container and what is in it.
  var headerLines: [String] {
    let byteCount = index.files.reduce(UInt64(0)) { $0 + $1.size }
    var lines = [
      path.string, "  container     \(index.container.rawValue), \(byteCount.grouped) bytes",
      "  tensors       \(index.tensors.count.grouped)",
    ]
    for placeholder in index.placeholders {
      lines.append("  not rebuilt   \(placeholder.name) (\(placeholder.count)), read as inert data")
    }
    return lines + index.notes.map { "  note          \($0)" }
  }

  /// The tensors, a line each.
  var tensorLines: [String] {
    var table = TextTable([("tensor", .left), ("type", .left), ("shape", .left)])
    for tensor in index.tensors.prefix(Self.maximumLines) {
      table.append([index.name(of: tensor), tensor.elementType.rawValue, "\(tensor.shape)"])
    }
    let rest = index.tensors.count - Self.maximumLines
    return [""] + table.lines + (rest > 0 ? ["and \(rest.grouped) more; --json lists all"] : [])
  }

  /// The tensors for programs.
  var tensorsJSON: JSONValue {
    .array(
      index.tensors.map { tensor in
        [
          "path": .array(tensor.path.map(JSONValue.string)), "type": .string(tensor.elementType.rawValue),
          "shape": .array(tensor.shape.map(JSONValue.integer)),
          "strides": .array(tensor.strides.map(JSONValue.integer)),
        ]
      })
  }

  /// What stands beside the tensors, for programs.
  var extrasJSON: JSONValue {
    .array(
      index.extras.map { extra in
        ["path": .array(extra.path.map(JSONValue.string)), "value": Self.json(extra.value)]
      })
  }

  /// The whole report for programs.
  var members: [String: JSONValue] {
    [
      "file": .string(path.string), "container": .string(index.container.rawValue), "tensors": tensorsJSON,
      "extras": extrasJSON,
      "placeholders": Self.json(index.placeholders),
      "notes": .array(index.notes.map(JSONValue.string)),
    ]
  }

  /// What was not rebuilt, for programs.
  static func json(_ placeholders: [SourceIndex.Placeholder]) -> JSONValue {
    .array(placeholders.map { ["name": .string($0.name), "count": .integer($0.count)] })
  }

  private static func json(_ value: SourceExtra.Value) -> JSONValue {
    switch value {
    case .none: .null
    case .bool(let flag): .bool(flag)
    case .integer(let number): .integer(number)
    case .bigInteger(let digits): ["integer": .string(digits)]
    case .number(let number): .number(number)
    case .text(let text): .string(text)
    case .bytes(let count): ["bytes": .integer(count)]
    case .object(let name): ["object": .string(name)]
    case .unreadableTensor(let reason): ["unreadableTensor": .string(reason)]
    case .empty: .object([])
    }
  }
}

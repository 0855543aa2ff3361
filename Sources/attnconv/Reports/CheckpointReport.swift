import Architectures
import Checkpoint
import JSON
import SourceFormats
import SystemPackage

/// What a canonical checkpoint says about itself.
struct CheckpointReport {
  let checkpoint: Checkpoint

  init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

  /// The architecture and where the weights came from.
  func headerLines(_ architecture: Architecture) -> [String] {
    let source = checkpoint.metadata.source
    var lines = [
      checkpoint.path.string,
      "  container     canonical checkpoint, version \(CheckpointMetadata.currentVersion)",
      "  architecture  \(architecture.name)",
    ]
    if let dialect = source["dialect"]?.stringValue { lines.append("  dialect       \(dialect)") }
    let files = source["files"]?.arrayValue ?? [source]
    for file in files {
      guard let name = file["file"]?.stringValue else { continue }
      lines.append(
        "  source        \(name), \(source["container"]?.stringValue ?? ""), "
          + "\((file["bytes"]?.integerValue ?? 0).grouped) bytes")
      if let digest = file["sha256"]?.stringValue { lines.append("                sha256 \(digest)") }
    }
    let isKeras = source["container"]?.stringValue.flatMap(Container.init(rawValue:))?.isKeras == true
    let key = (source["key"]?.arrayValue ?? []).compactMap(\.stringValue)
      .joined(separator: isKeras ? "/" : ".")
    let prefix = source["prefix"]?.stringValue ?? ""
    if !key.isEmpty || !prefix.isEmpty {
      lines.append(
        "  state dict    " + (key.isEmpty ? "top of the file" : "at \(key)")
          + (prefix.isEmpty ? "" : ", prefix \(prefix) stripped"))
    }
    lines.append("  content       \(checkpoint.metadata.content)")
    lines.append("  tensors       \(checkpoint.header.tensors.count.grouped) entries")
    return lines
  }

  /// The tensors, a line each.
  var tensorLines: [String] {
    var table = TextTable([("tensor", .left), ("type", .left), ("shape", .left), ("sha256", .left)])
    for tensor in checkpoint.header.tensors {
      table.append([
        tensor.name, tensor.elementType.rawValue, "\(tensor.shape)",
        String((checkpoint.metadata.digests[tensor.name] ?? "").prefix(12)),
      ])
    }
    return [""] + table.lines
  }

  /// The report for programs.
  func members(_ architecture: Architecture) -> [String: JSONValue] {
    let buffers = Set(((try? architecture.graph().parameters) ?? []).filter(\.isBuffer).map(\.name))
    let parameters = checkpoint.header.tensors.filter { !buffers.contains($0.name) }
    return [
      "status": "canonical", "file": .string(checkpoint.path.string), "container": "canonical",
      "dialect": checkpoint.metadata.source["dialect"] ?? .null,
      "entries": .integer(checkpoint.header.tensors.count),
      "parameters": .integer(parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }),
      "architecture": checkpoint.metadata.architecture, "architectureName": .string(architecture.name),
      "source": checkpoint.metadata.source, "content": .string(checkpoint.metadata.content),
      "tensors": .array(
        checkpoint.header.tensors.map { tensor in
          [
            "name": .string(tensor.name), "type": .string(tensor.elementType.rawValue),
            "shape": .array(tensor.shape.map(JSONValue.integer)),
            "sha256": .string(checkpoint.metadata.digests[tensor.name] ?? ""),
          ]
        }),
    ]
  }
}

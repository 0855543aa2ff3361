import SourceFormats

/// The tensors of a Keras file by the layers that hold them.
struct KerasWeights {
  private struct Row {
    var module: Substring
    var leaf: Substring
    var tensor: Int
  }

  /// The tensors below each layer of the outermost model, by the last segment of the layer that holds them.
  private var rows: [String: [Substring: [Row]]] = [:]

  init(_ index: SourceIndex) {
    for (number, tensor) in index.tensors.enumerated() {
      guard let top = tensor.path.first, var name = tensor.path.last?[...] else { continue }
      // TensorFlow adds the number of an operation's output, which is 0.
      if name.hasSuffix(":0") { name = name.dropLast(2) }
      let bar = name.lastIndex(of: "/")
      let module = bar.map { name[..<$0] } ?? ""
      rows[top, default: [:]][Self.last(module), default: []].append(
        Row(module: module, leaf: bar.map { name[name.index(after: $0)...] } ?? name, tensor: number))
    }
  }

  /// The variables of a layer inside of some models.
  func tensors(of layer: String, in path: [String]) -> [Substring: Int] {
    let rows = rows[path.first ?? layer] ?? [:]
    var found: [Substring: Int] = [:]
    if path.isEmpty {
      for row in rows.values.joined() { found.updateValue(row.tensor, forKey: row.leaf) }
      return found
    }
    // Some versions put the names of the models around a layer before its own, and some do not.
    let own = (rows[Self.last(layer[...])] ?? []).filter {
      $0.module == layer || $0.module.hasSuffix("/" + layer)
    }
    let full = path.dropFirst().joined(separator: "/") + (path.count > 1 ? "/" : "") + layer
    let exact = own.filter { $0.module == full || $0.module.hasSuffix("/" + full) }
    for row in exact.isEmpty ? own : exact {
      // Two layers of one name in models beside each other: neither is certain.
      guard found.updateValue(row.tensor, forKey: row.leaf) == nil else { return [:] }
    }
    return found
  }

  private static func last(_ path: Substring) -> Substring {
    path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path
  }
}

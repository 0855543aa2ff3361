import Architectures
import SourceFormats

/// The order of layers in a file as a check of what each of them is.
///
/// Keras lists the layers of a network by their depth, so that each comes behind those whose output it needs, whatever
/// the order in which they were created.
/// Source: `keras/src/ops/function.py` (Keras 3), `keras/src/engine/functional.py` (Keras 2), `map_graph`.
enum LayerOrder {
  /// Whether the network of a fit could run its layers in the order in which the file lists them.
  static func allows(_ fit: Fit) -> Bool {
    var places: [String: Int] = [:]
    for (row, tensor) in zip(fit.mapping.rows, fit.tensors) {
      guard let tensor else { continue }
      places[row.parameter.module] = min(places[row.parameter.module] ?? .max, tensor)
    }
    guard let nodes = try? fit.architecture.graph().nodes else { return true }
    // For each node the last place among the layers before it.
    var reached: [Int] = []
    for node in nodes {
      let before = node.inputs.map { source in
        if case .node(let earlier) = source { reached[earlier] } else { -1 }
      }
      let last = before.max() ?? -1
      guard !node.parameters.isEmpty, let place = places[node.module] else {
        reached.append(last)
        continue
      }
      guard place > last else { return false }
      reached.append(place)
    }
    return true
  }
}

/// The parameters, buffers and submodules of a pickled `torch.nn.Module`, or of a TorchScript object.
///
/// No class is needed for that: a module's state names them (`torch/nn/modules/module.py`), and
/// `state_dict()` lists them in this order.
struct TorchModule {
  /// Parameters, then buffers, then submodules.
  private(set) var children: [TorchTreeFrame.Child] = []

  /// How many values were looked at.
  private(set) var cost: Int

  /// Reads an object as a module, or gives `nil` where it is something else.
  init?(_ graph: PickleGraph, _ handle: PickleHandle, isTorchScript: Bool) {
    guard case .object(let index) = graph[handle], let state = graph.objects[index].state,
      let attributes = graph.pairs(state)
    else { return nil }
    cost = attributes.count
    if let parameters = Self.dictionary(graph, attributes, "_parameters"),
      let modules = Self.dictionary(graph, attributes, "_modules")
    {
      let buffers = Self.dictionary(graph, attributes, "_buffers") ?? []
      let transient =
        graph.value(attributes, forKey: "_non_persistent_buffers_set").flatMap(graph.items) ?? []
      let transientNames = Set(transient.compactMap(graph.name))
      cost += parameters.count + modules.count + buffers.count + transient.count
      append(graph, parameters)
      append(graph, buffers) { key in
        graph.name(key).map(transientNames.contains) ?? false
      }
      append(graph, modules)
    } else if isTorchScript, graph.className(handle)?.hasPrefix(Self.scriptPrefix) == true {
      for position in stride(from: 0, to: attributes.count - 1, by: 2) {
        appendScript(graph, attributes[position], attributes[position + 1], position / 2)
      }
    } else {
      return nil
    }
  }

  /// Classes that the archive brings along in its `code/` directory.
  static let scriptPrefix = "__torch__"

  private mutating func append(
    _ graph: PickleGraph, _ pairs: [PickleHandle], except isLeftOut: (PickleHandle) -> Bool = { _ in false }
  ) {
    let merged = TorchKeys.merge(pairs, in: graph)
    for position in stride(from: 0, to: merged.count - 1, by: 2) where merged[position + 1] != .none {
      guard !isLeftOut(merged[position]) else { continue }
      children.append(
        TorchTreeFrame.Child(label: .key(merged[position], position / 2), value: merged[position + 1]))
    }
  }

  /// An attribute of a TorchScript object: parameters, buffers and submodules stand among flags and numbers.
  private mutating func appendScript(
    _ graph: PickleGraph, _ key: PickleHandle, _ value: PickleHandle, _ place: Int
  ) {
    switch graph[value] {
    case .tensor, .unreadableTensor, .object:
      children.append(TorchTreeFrame.Child(label: .key(key, place), value: value))
    case .list, .tuple, .dictionary:
      children.append(TorchTreeFrame.Child(label: .key(key, place), value: value, tensorsOnly: true))
    default: break
    }
  }

  private static func dictionary(
    _ graph: PickleGraph, _ attributes: [PickleHandle], _ name: String
  ) -> [PickleHandle]? {
    graph.value(attributes, forKey: name).flatMap(graph.pairs)
  }
}

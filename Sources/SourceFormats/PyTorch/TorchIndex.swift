import Bytes

/// What the zip and the legacy reader do in the same way once a pickle is read: from values to an index.
struct TorchIndex {
  let graph: PickleGraph
  let root: PickleHandle
  let tree: TorchTree
  let isTorchScript: Bool

  init(_ graph: PickleGraph, root: PickleHandle, isTorchScript: Bool = false) throws(SourceError) {
    self.graph = graph
    self.root = root
    self.isTorchScript = isTorchScript
    tree = try TorchTree(graph, root: root, isTorchScript: isTorchScript)
    try checkAnythingFound()
  }

  /// The tensors, with their storages in the numbering of the index.
  func tensors(storages: [Int]) -> [SourceTensor] {
    tree.entries.map { entry in
      let tensor = graph.tensors[entry.tensor]
      return SourceTensor(
        path: entry.path, elementType: tensor.elementType, shape: tensor.shape, strides: tensor.strides,
        storage: storages[tensor.storage], storageOffset: tensor.storageOffset,
        conversion: tensor.conversion)
    }
  }

  /// Globals that are not on the allow-list, by name. The classes of a TorchScript archive are part of it
  /// and are not listed.
  var placeholders: [SourceIndex.Placeholder] {
    graph.globals.filter { global in
      global.known == nil && !(isTorchScript && global.name.hasPrefix(TorchModule.scriptPrefix))
    }
    .map { global in
      SourceIndex.Placeholder(
        name: global.name, count: global.objectCount > 0 ? global.objectCount : global.mentionCount)
    }
    .sorted { $0.name < $1.name }
  }

  /// An object in which nothing can be reached is told apart from a file that simply has no tensors.
  private func checkAnythingFound() throws(SourceError) {
    let hasUnreadable = tree.extras.contains { extra in
      if case .unreadableTensor = extra.value { true } else { false }
    }
    guard tree.entries.isEmpty, !hasUnreadable else { return }
    if isTorchScript {
      throw SourceError(
        .unsupported, "the file is a TorchScript archive whose parameters cannot be reached as data",
        hint: "in Python: torch.save(torch.jit.load(\"FILE\").state_dict(), \"weights.pth\")")
    }
    if case .object = graph[root], let name = graph.className(root) {
      throw SourceError(
        .unsupported,
        "the file holds a pickled object of \(name), in which no tensor can be reached as data",
        hint:
          "loading the file in Python would run \(name); only if you trust it, load it there and save its state "
          + "dict: torch.save(model.state_dict(), \"weights.pth\")")
    }
  }
}

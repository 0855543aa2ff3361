@testable import SourceFormats

/// A pickle alone, as it stands in the `data.pkl` of an archive.
enum PickleTarget {
  static func run(_ input: [UInt8]) {
    var machine = PickleMachine(
      input, place: PickleMachine.Place(file: "input", record: "data.pkl", baseOffset: nil),
      persistentIdentifiers: .zip)
    guard let root = try? machine.run() else { return }
    require(machine.cursor.position <= input.count, "a pickle ends inside of its bytes")
    for tensor in machine.graph.tensors { check(tensor, machine.graph) }
    for isTorchScript in [false, true] {
      guard let content = try? TorchIndex(machine.graph, root: root, isTorchScript: isTorchScript) else {
        continue
      }
      require(content.tree.entries.count <= PickleLimits.tensorCount, "no more tensors than the limit")
      require(content.tree.extras.count <= PickleLimits.extraCount, "no more extras than the limit")
      let tensors = content.tensors(storages: Array(machine.graph.storages.indices))
      require(tensors.count == content.tree.entries.count, "each entry is a tensor")
      _ = content.placeholders
    }
  }

  /// Every tensor of a pickle lies inside of the storage that it says it has.
  private static func check(_ tensor: TorchTensor, _ graph: PickleGraph) {
    require(graph.storages.indices.contains(tensor.storage), "a tensor has a storage")
    require(tensor.shape.count == tensor.strides.count, "a tensor has a stride for each dimension")
    guard !tensor.shape.contains(0), let byteCount = graph.storages[tensor.storage].byteCount else { return }
    var last = tensor.storageOffset
    for (size, stride) in zip(tensor.shape, tensor.strides) {
      require(size > 0 && stride >= 0, "sizes and strides are not negative")
      let (span, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, carry) = last.addingReportingOverflow(span)
      require(!overflow && !carry, "a view does not overflow")
      last = sum
    }
    require(
      last < byteCount / tensor.scalarType.byteCount, "a view of \(tensor.shape) lies inside of its storage")
  }
}

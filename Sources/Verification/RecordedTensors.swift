import Architectures
import Checkpoint
import Execution

/// The recorded outputs of a reference, found by the nodes of a network that they belong to.
struct RecordedTensors {
  /// The reference, whose names and shapes are known to fit the network.
  let reference: Reference
  /// The network.
  let graph: Graph

  private let records: [String: [TensorRecord]]

  /// Records by the canonical names of nodes; the output belongs to the last.
  init(_ reference: Reference, taps: [String: [TensorRecord]], in graph: Graph) {
    self.reference = reference
    self.graph = graph
    records = taps.merging([graph.nodes[graph.nodes.count - 1].name: [reference.output]]) { $0 + $1 }
  }

  /// The nodes that have recorded outputs.
  var selection: NodeSelection { .named(Set(records.keys)) }

  /// The recorded output of a node: the first, where several names stand for it.
  func tensor(_ node: String) throws(VerificationError) -> Tensor<Float> {
    guard let record = records[node]?.first else {
      preconditionFailure("only the outputs of recorded nodes are asked for")
    }
    return try reference.file.tensor(record)
  }

  /// Compares the output of a node with all that was recorded of it. Recorded numbers are read here, and not kept.
  func comparisons(
    _ node: Node, _ actual: Tensor<some TensorElement>, tolerance: Double
  ) throws(VerificationError) -> [Comparison] {
    var comparisons: [Comparison] = []
    for record in records[node.name] ?? [] {
      comparisons.append(
        Comparison(
          record.name, node: node.name, actual: actual, expected: try reference.file.tensor(record),
          tolerance: tolerance, ranked: record == reference.output))
    }
    return comparisons
  }
}

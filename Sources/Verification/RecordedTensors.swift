import Architectures
import Checkpoint
import Execution
import SystemPackage

/// The recorded outputs of a reference, found by the nodes of a network that they belong to.
struct RecordedTensors {
  /// The reference, whose names and shapes are known to fit the network.
  let reference: Reference
  /// The network.
  let graph: Graph

  /// The output shape of every node of the network.
  private let shapes: [[Int]]
  private let records: [String: [TensorRecord]]

  /// Finds the node of each recorded output; the output of the network belongs to the last.
  ///
  /// - Throws: ``VerificationError`` with code `unsuitableReference`, listing unknown names and wrong shapes of the taps
  ///   and the output at once, or `executionFailed` where the network cannot be given the input.
  init(_ reference: Reference, in graph: Graph) throws(VerificationError) {
    let shapes: [[Int]]
    do throws(ArchitectureError) {
      shapes = try graph.shapes(input: reference.input.shape)
    } catch {
      var failure = VerificationError(ExecutionError(error))
      failure.file = reference.file.path.string
      throw failure
    }
    self.reference = reference
    self.graph = graph
    self.shapes = shapes
    var records: [String: [TensorRecord]] = [:]
    var faults: [ReferenceFault] = []
    var unnamed = 0
    func append(_ record: TensorRecord, _ index: Int) {
      records[graph.nodes[index].name, default: []].append(record)
      guard !RecordedShape(record.shape).holds(shapes[index]) else { return }
      faults.append(
        ReferenceFault(
          record.name, found: "shape \(record.shape)",
          expected: "\(shapes[index]), the shape of \(graph.nodes[index].name)"))
    }
    for tap in reference.taps {
      do throws(ReferenceFault) {
        append(tap, try reference.index(of: tap, in: graph))
      } catch {
        faults.append(error)
        unnamed += 1
      }
    }
    append(reference.output, graph.nodes.count - 1)
    self.records = records
    guard faults.isEmpty else {
      throw VerificationError(
        .unsuitableReference, "the reference does not fit the network", listing: faults,
        file: reference.file.path.string,
        hint: unnamed > 0 && reference.provenance?.tapNames == .source
          ? "leave these modules out when recording, or record them as {\"module\": \"canonical name\"}; "
            + "--dialect chooses another code base"
          : "'attnconv inspect CHECKPOINT --layers' lists the nodes and their shapes")
    }
  }

  /// The nodes that have recorded outputs.
  var selection: NodeSelection { .named(Set(records.keys)) }

  /// The recorded taps by the canonical names of their nodes; all have at least one.
  var taps: [String: [TensorRecord]] {
    records.mapValues { $0.filter { $0 != reference.output } }.filter { !$0.value.isEmpty }
  }

  /// The recorded output of a node, in the shape that the node gives it: the first, where several names stand for it.
  ///
  /// - Throws: ``VerificationError`` with code `fileFailed` or `unsuitableReference`.
  func tensor(_ node: String) throws(VerificationError) -> Tensor<Float> {
    guard let record = records[node]?.first, let index = graph.index(of: node) else {
      preconditionFailure("only the outputs of recorded nodes are asked for")
    }
    return try tensor(record, shape: shapes[index])
  }

  /// What was recorded of the end of a part, in the shape that the part gives it.
  ///
  /// - Throws: ``VerificationError`` with code `fileFailed` or `unsuitableReference`.
  func expected(_ part: NetworkPart) throws(VerificationError) -> Tensor<Float> {
    guard let record = reference.file.record(part.tensor), let index = graph.index(of: part.node) else {
      preconditionFailure("parts end with recorded tensors")
    }
    return try tensor(record, shape: shapes[index])
  }

  /// Compares the output of a node with all that was recorded of it. Recorded numbers are read here, and not kept.
  ///
  /// - Throws: ``VerificationError`` with code `fileFailed` or `unsuitableReference`.
  func comparisons(
    _ node: Node, _ actual: Tensor<some TensorElement>, tolerance: Double
  ) throws(VerificationError) -> [Comparison] {
    var comparisons: [Comparison] = []
    for record in records[node.name] ?? [] {
      comparisons.append(
        Comparison(
          record.name, node: node.name, actual: actual, expected: try tensor(record, shape: actual.shape),
          tolerance: tolerance, ranked: record == reference.output))
    }
    return comparisons
  }

  /// The numbers of a record in the shape of its node.
  ///
  /// - Throws: ``VerificationError`` with code `fileFailed`, or `unsuitableReference` where numbers that the node gives
  ///   once were recorded as different ones.
  private func tensor(_ record: TensorRecord, shape: [Int]) throws(VerificationError) -> Tensor<Float> {
    let tensor = try reference.file.tensor(record)
    guard tensor.shape != shape else { return tensor }
    if let narrowed = RecordedShape(tensor.shape).narrowing(tensor, to: shape) { return narrowed }
    let fault = ReferenceFault(
      record.name, found: "shape \(record.shape) with numbers that differ along its broadcast sides",
      expected: "\(shape)")
    throw VerificationError(
      .unsuitableReference, "the reference does not fit the network", listing: [fault],
      file: reference.file.path.string)
  }
}

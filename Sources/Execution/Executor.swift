public import Architectures

/// Runs a network with its weights.
///
/// Both engines compute what the authors' code computes in evaluation mode: ``ReferenceExecutor`` in double
/// precision and in plain Swift, `OneDNNExecutor` in single precision and fast. An executor holds no state of
/// a run, so one may serve several threads.
public protocol Executor: Sendable {
  /// The type it computes with and returns.
  associatedtype Element: TensorElement

  /// Prepares to run a network on at most so many threads; `nil` for one per core.
  ///
  /// - Throws: ``ExecutionError`` with code `engineFailure`, or `unreadableCheckpoint` for weights that
  ///   cannot be converted.
  init(_ weights: ModelWeights, threads: Int?) throws(ExecutionError)

  /// The network and its weights.
  var weights: ModelWeights { get }

  /// Does what the first run for inputs of a shape [N, C, H, W] would do before it computes: the shape is checked, and
  /// an engine that compiles does so.
  ///
  /// - Throws: as ``run(_:observing:_:)``.
  func prepare(input shape: [Int]) throws(ExecutionError)

  /// Runs the network on a batch.
  ///
  /// - Parameters:
  ///   - input: a map [N, C, H, W], in the normalisation that the network was trained with.
  ///   - selection: the nodes whose outputs are wanted. An engine that fuses nodes must not fuse across these.
  ///   - observe: called on the calling thread with each selected node and its output [N, C, H, W] or [N, C], in the
  ///     graph's order, before the next node is computed: what it does not keep is freed, so that memory stays
  ///     bounded even where all nodes are selected.
  /// - Returns: the output of the last node.
  /// - Throws: ``ExecutionError`` with code `unsuitableInput` where the authors' code fails on such an input,
  ///   `tooLarge`, `unknownNode` or `engineFailure`.
  func run(
    _ input: Tensor<Float>, observing selection: NodeSelection, _ observe: (Node, Tensor<Element>) -> Void
  ) throws(ExecutionError) -> Tensor<Element>
}

extension Executor {
  /// Runs the network on a batch [N, C, H, W].
  ///
  /// - Throws: as ``run(_:observing:_:)``.
  public func run(_ input: Tensor<Float>) throws(ExecutionError) -> Tensor<Element> {
    try run(input, observing: .none) { _, _ in }
  }

  /// Runs the network on a batch [N, C, H, W] and keeps the outputs of the selected nodes.
  ///
  /// - Throws: as ``run(_:observing:_:)``.
  public func trace(
    _ input: Tensor<Float>, _ selection: NodeSelection = .all
  ) throws(ExecutionError) -> Trace<Element> {
    var outputs: [String: Tensor<Element>] = [:]
    let output = try run(input, observing: selection) { node, output in outputs[node.name] = output }
    return Trace(graph: weights.graph, output: output, outputs: outputs)
  }
}

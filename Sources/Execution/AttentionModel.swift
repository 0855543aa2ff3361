public import Architectures
public import Checkpoint

/// A network loaded from a checkpoint, ready to run.
///
///     let model = try AttentionModel(Checkpoint("resnet50_bam.safetensors"))
///     let logits = try model(images)                                    // [N, 3, 224, 224] -> [N, 1000]
///     let trace = try model.trace(images, .named(["stages.0", "stages.1"]))
///     let features = trace["stages.0"]                                  // [N, 256, 56, 56]
///
/// It runs on the fastest engine of the build unless told otherwise, and returns single precision. Where the
/// last digits matter, use ``ReferenceExecutor``, which returns doubles.
public struct AttentionModel: Sendable {
  /// The network and its weights.
  public let weights: ModelWeights
  /// What runs them.
  public let executor: any Executor

  /// Loads the network of a checkpoint, after checking names, shapes, element types and, unless told
  /// otherwise, the digest of every tensor.
  ///
  /// - Throws: ``ExecutionError``; all differences between the checkpoint and its network are reported at
  ///   once.
  public init(
    _ checkpoint: Checkpoint, engine: Engine = .fastest, threads: Int? = nil, checkingDigests: Bool = true
  ) throws(ExecutionError) {
    try self.init(
      ModelWeights(checkpoint, checkingDigests: checkingDigests), engine: engine, threads: threads)
  }

  /// Prepares weights to run.
  ///
  /// - Throws: ``ExecutionError`` with code `engineUnavailable` or `engineFailure`.
  public init(
    _ weights: ModelWeights, engine: Engine = .fastest, threads: Int? = nil
  ) throws(ExecutionError) {
    self.weights = weights
    executor = try engine.executor(weights, threads: threads)
  }

  /// The network as a graph of named nodes.
  public var graph: Graph { weights.graph }

  /// What the checkpoint says about the network; `nil` where the weights did not come from one.
  public var architecture: Architecture? { weights.architecture }

  /// Compiles the network for batches of a shape [N, C, H, W] where the engine does so, which the first call would
  /// otherwise do.
  ///
  /// - Throws: as ``callAsFunction(_:)``.
  public func prepare(input shape: [Int]) throws(ExecutionError) {
    try executor.prepare(input: shape)
  }

  /// The output for a batch [N, C, H, W]: logits [N, classes] of a network, a map of the same shape from a
  /// module.
  ///
  /// - Throws: ``ExecutionError`` with code `unsuitableInput`, with the reason, where the authors' code fails
  ///   on such an input.
  public func callAsFunction(_ input: Tensor<Float>) throws(ExecutionError) -> Tensor<Float> {
    try Self.output(of: executor, input)
  }

  /// The output for a batch [N, C, H, W], and the outputs of the selected nodes.
  ///
  /// - Throws: ``ExecutionError`` with code `unsuitableInput` or `unknownNode`.
  public func trace(
    _ input: Tensor<Float>, _ selection: NodeSelection = .all
  ) throws(ExecutionError) -> Trace<Float> {
    try Self.trace(of: executor, input, selection)
  }

  private static func output(
    of executor: some Executor, _ input: Tensor<Float>
  ) throws(ExecutionError) -> Tensor<Float> {
    Tensor(try executor.run(input))
  }

  private static func trace<Engine: Executor>(
    of executor: Engine, _ input: Tensor<Float>, _ selection: NodeSelection
  ) throws(ExecutionError) -> Trace<Float> {
    var outputs: [String: Tensor<Float>] = [:]
    let output = try executor.run(input, observing: selection) { node, output in
      outputs[node.name] = Tensor(output)
    }
    return Trace(graph: executor.weights.graph, output: Tensor(output), outputs: outputs)
  }
}

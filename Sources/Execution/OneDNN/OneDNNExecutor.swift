#if canImport(COneDNN)
  public import Architectures
  import Bytes
  import Synchronization

  /// Runs a network in single precision with oneDNN, the library behind PyTorch's own convolutions.
  ///
  ///     let executor = try OneDNNExecutor(weights, threads: 2)
  ///     try executor.prepare(input: [1, 3, 224, 224])        // optional: the first run does it otherwise
  ///     let logits = try executor.run(images)
  ///
  /// Norms are folded into the weights before them, activations, sums and gates are applied where a value is produced,
  /// maps stay in oneDNN's blocked layouts, and values share memory with those no longer needed. A network is compiled
  /// once per input shape and set of observed nodes, and its weights are packed once; the latest few are kept.
  public struct OneDNNExecutor: Executor {
    /// The network and its weights.
    public let weights: ModelWeights
    /// The number of threads of a run. Without effect where oneDNN was built without OpenMP.
    public let threads: Int

    private let packed: PackedWeights
    private let cache = Cache()

    /// Prepares to run a network on at most so many threads; `nil` for one per core.
    ///
    /// - Throws: ``ExecutionError`` with code `engineFailure` where oneDNN does not start.
    public init(_ weights: ModelWeights, threads: Int? = nil) throws(ExecutionError) {
      self.weights = weights
      self.threads = Workers(count: threads).count
      packed = PackedWeights(weights)
      _ = try OneDNNLibrary.shared.get()
    }

    /// Compiles the network for inputs of a shape [N, C, H, W] and packs the weights, so that the first run does not have to.
    ///
    /// - Throws: as ``run(_:observing:_:)``.
    public func prepare(input shape: [Int]) throws(ExecutionError) {
      cache.put(try network(shape, []))
    }

    /// Runs the network on a batch; see ``Executor/run(_:observing:_:)``. The first run for an input shape and a
    /// set of observed nodes compiles the network.
    public func run(
      _ input: Tensor<Float>, observing selection: NodeSelection, _ observe: (Node, Tensor<Float>) -> Void
    ) throws(ExecutionError) -> Tensor<Float> {
      let observed = try selection.indices(in: weights.graph)
      guard input.values.allSatisfy(\.isFinite) else {
        return try runWithoutLibrary(input, observing: selection, observe)
      }
      let network = try network(input.shape, observed)
      defer { cache.put(network) }
      guard packed.isFinite else { return try runWithoutLibrary(input, observing: selection, observe) }
      return try OneDNNLibrary.withThreads(threads) { () throws(ExecutionError) in
        try network.run(input.values, graph: weights.graph, observe)
      }
    }

    /// Runs on the reference engine. oneDNN's ReLU turns NaN into 0, so that it would hide what PyTorch shows.
    private func runWithoutLibrary(
      _ input: Tensor<Float>, observing selection: NodeSelection, _ observe: (Node, Tensor<Float>) -> Void
    ) throws(ExecutionError) -> Tensor<Float> {
      let reference = try ReferenceExecutor(weights, threads: threads)
      return Tensor(try reference.run(input, observing: selection) { observe($0, Tensor($1)) })
    }

    /// A compiled network that nobody else uses.
    private func network(_ shape: [Int], _ observed: Set<Int>) throws(ExecutionError) -> CompiledNetwork {
      if let network = cache.take(shape, observed) { return network }
      return try OneDNNLibrary.withThreads(threads) { () throws(ExecutionError) in
        var compiler = try NetworkCompiler(weights.graph, packed, input: shape, observed: observed)
        return try compiler.compile()
      }
    }

    /// Compiled networks that wait for their next run, the latest last.
    private final class Cache: Sendable {
      /// Enough for a batch, its remainder and a traced run; each holds the activations of a run.
      private static let capacity = 4

      private let networks = Lock<[CompiledNetwork]>([])

      func take(_ shape: [Int], _ observed: Set<Int>) -> CompiledNetwork? {
        networks.withLock { networks in
          let index = networks.lastIndex { $0.inputShape == shape && $0.observed == observed }
          return index.map { networks.remove(at: $0) }
        }
      }

      func put(_ network: CompiledNetwork) {
        networks.withLock { networks in
          networks.append(network)
          if networks.count > Self.capacity { networks.removeFirst() }
        }
      }
    }
  }
#endif

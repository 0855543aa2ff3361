#if canImport(COneDNN)
  import Architectures
  internal import COneDNN

  /// A network compiled for one input shape and one set of observed nodes, with the memory of a run.
  ///
  /// It serves one run at a time; ``OneDNNExecutor`` lends it to one caller after the other.
  ///
  /// `@unchecked Sendable` for that reason: a run writes the arena and uses the stream, so two runs at once would be wrong,
  /// and there are none. A caller takes the network out of the executor's cache, where a lock sees to it that nobody else
  /// gets it, and puts it back when its run has ended; that lock also orders one caller's writes before the next caller's
  /// reads. Everything else never changes: constants are filled before they are handed out (``Slab``), and
  /// primitives keep nothing of a run, because their scratch memory lies in the arena (`dnnl_scratchpad_mode_user`; oneDNN
  /// Developer Guide, "Primitive Attributes: Scratchpad").
  @safe
  final class CompiledNetwork: @unchecked Sendable {
    /// The shape of the input, [N, C, H, W].
    let inputShape: [Int]
    /// The nodes whose outputs are stored and shown.
    let observed: Set<Int>
    /// The passes in order, without those that only show.
    let passCount: Int
    /// The bytes of all activations together.
    let arenaBytes: Int

    private let shapes: [[Int]]
    private let passes: [Pass]
    private let arena: Slab
    private let input: UnsafeMutablePointer<Float>
    private let stream: Stream
    /// What the passes read and do not own.
    private let constants: [SlabPart]

    init(
      inputShape: [Int], observed: Set<Int>, shapes: [[Int]], passes: [Pass], arena: Slab,
      input: UnsafeMutablePointer<Float>, constants: [SlabPart]
    ) throws(ExecutionError) {
      self.inputShape = inputShape
      self.observed = observed
      self.shapes = shapes
      self.passes = passes
      self.arena = arena
      unsafe self.input = input
      self.constants = constants
      arenaBytes = arena.byteCount
      passCount = passes.count { if case .observe = $0 { false } else { true } }
      stream = try Stream()
    }

    /// Runs on an input of the compiled shape, on the threads that are set.
    func run(
      _ values: [Float], graph: Graph, _ observe: (Node, Tensor<Float>) -> Void
    ) throws(ExecutionError) -> Tensor<Float> {
      unsafe values.withUnsafeBufferPointer { values in
        guard let source = values.baseAddress else { return }
        unsafe input.update(from: source, count: values.count)
      }
      var output: Tensor<Float>?
      for pass in passes {
        guard case .observe(let node, let address, let count) = pass else {
          try pass.run(stream)
          continue
        }
        let tensor = Tensor(
          uncheckedShape: shapes[node],
          values: unsafe Array(UnsafeBufferPointer(start: address, count: count)))
        if observed.contains(node) { observe(graph.nodes[node], tensor) }
        if node == shapes.count - 1 { output = tensor }
      }
      return try OneDNNLibrary.made(output, "output")
    }
  }
#endif

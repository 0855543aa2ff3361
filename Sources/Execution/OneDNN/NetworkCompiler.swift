#if canImport(COneDNN)
  import Architectures
  internal import COneDNN

  /// Compiles the fused passes of a graph for one input shape: first the primitives and the layouts they choose, then the
  /// places of all values in one arena, then the binding of the two.
  struct NetworkCompiler {
    let graph: Graph
    let packed: PackedWeights
    let shapes: [[Int]]
    private let inputShape: [Int]
    private let observed: Set<Int>

    /// The number of the pass being compiled.
    private(set) var position = 0
    /// The values of the arena; the first is the network's input.
    private(set) var values: [Arena.Value] = []

    private var events: [Event] = []
    private var lastUses: [Node.Source: Int] = [:]
    private var activations: [Node.Source: Activation] = [:]
    private var drafts: [(Binding) throws(ExecutionError) -> Pass] = []
    private var constants: [SlabPart] = []

    private enum Event {
      case step(FusedStep)
      case observe(Int)

      /// The inputs of the event.
      var inputs: [Node.Source] {
        switch self {
        case .step(let step): step.inputs
        case .observe(let node): [.node(node)]
        }
      }

      /// Steps come at the node they compute, observations right behind it.
      var order: (Int, Int) {
        switch self {
        case .step(let step): (step.outputs[0], 0)
        case .observe(let node): (node, 1)
        }
      }
    }

    /// Fuses a graph; fails where the authors' code fails on inputs of that shape.
    init(
      _ graph: Graph, _ packed: PackedWeights, input: [Int], observed: Set<Int>
    ) throws(ExecutionError) {
      self.graph = graph
      self.packed = packed
      self.observed = observed
      inputShape = input
      shapes = try graph.activationShapes(input: input)
      let fusion = GraphFusion(graph, input: input, shapes: shapes, keeping: observed)
      let shown = observed.union([graph.nodes.count - 1])
      events = (fusion.steps.map(Event.step) + shown.map(Event.observe)).sorted { $0.order < $1.order }
      for (index, event) in events.enumerated() {
        for source in event.inputs { lastUses[source] = index }
      }
    }

    /// Compiles all passes.
    mutating func compile() throws(ExecutionError) -> CompiledNetwork {
      let layout = try Layout(inputShape, dnnl_nchw)
      activations[.input] = Activation(
        shape: inputShape, place: newValue(layout.byteCount, until: lastUses[.input] ?? 0), layout: layout,
        block: 1)
      for (index, event) in events.enumerated() {
        position = index
        switch event {
        case .step(let step): try compile(step)
        case .observe(let node):
          let plain = try plain(activation(.node(node)))
          let count = shapes[node].reduce(1, *)
          draft { binding in
            unsafe .observe(node: node, UnsafePointer(binding.floats(plain.place)), count: count)
          }
        }
      }
      let placement = Arena(values, alignment: Slab.alignment)
      let arena = Slab(byteCount: placement.byteCount)
      let binding = Binding(arena: arena, offsets: placement.offsets)
      var passes: [Pass] = []
      for draft in drafts { passes.append(try draft(binding)) }
      return try unsafe CompiledNetwork(
        inputShape: inputShape, observed: observed, shapes: shapes, passes: passes, arena: arena,
        input: binding.floats(.arena(0)), constants: constants)
    }

    private mutating func compile(_ step: FusedStep) throws(ExecutionError) {
      switch step.kind {
      case .convolution(let layer, let norm): try compileConvolution(layer, norm: norm, step)
      case .linear(let layer, let norm): try compileLinear(layer, norm: norm, step)
      case .pointwise: try compileChain(step)
      case .windowPool(let pool, let isMaximum): try compileWindowPool(pool, isMaximum: isMaximum, step)
      case .channelPool(let mean, let maximum, let isSquare):
        try compileChannelPool(mean: mean, maximum: maximum, isSquare: isSquare, step)
      case .channelStatistics(let factor): try compileStatistics(factor: factor, step)
      case .channelConvolution(let layer): try compileChannelConvolution(layer, step)
      case .reshape: try compileReshape(step)
      }
    }

    // MARK: - What the passes are made of

    /// The value of a source.
    func activation(_ source: Node.Source) throws(ExecutionError) -> Activation {
      guard let activation = activations[source] else {
        throw ExecutionError(.engineFailure, "found no value for \(source)")
      }
      return activation
    }

    /// Adds a pass that is bound to memory later.
    mutating func draft(_ bind: @escaping (Binding) throws(ExecutionError) -> Pass) { drafts.append(bind) }

    /// A place in the arena from the current pass to another.
    mutating func newValue(_ byteCount: Int, until last: Int) -> Place {
      values.append(Arena.Value(byteCount: Slab.rounded(byteCount), first: position, last: last))
      return .arena(values.count - 1)
    }

    /// A constant array, kept alive with the network.
    mutating func constant(_ part: SlabPart) -> Place {
      constants.append(part)
      return .constant(part)
    }

    /// The output of a node in a new place, or in that of `reused`, whose value ends here.
    mutating func store(
      _ node: Int, _ layout: Layout, block: Int, reusing reused: Activation? = nil
    ) -> Activation {
      let last = lastUses[.node(node)] ?? position
      let place: Place
      if let reused, case .arena(let value) = reused.place {
        values[value].last = max(values[value].last, last)
        place = reused.place
      } else {
        place = newValue(layout.byteCount, until: last)
      }
      let activation = Activation(shape: shapes[node], place: place, layout: layout, block: block)
      activations[.node(node)] = activation
      return activation
    }

    /// Keeps the memory of a value as long as a node's output is needed.
    mutating func extend(_ activation: Activation, to node: Int) {
      guard case .arena(let value) = activation.place else { return }
      values[value].last = max(values[value].last, lastUses[.node(node)] ?? position)
    }

    /// Makes a value the output of a node.
    mutating func register(_ node: Int, _ activation: Activation) { activations[.node(node)] = activation }

    /// Whether nothing reads a value after the current pass.
    func endsHere(_ activation: Activation) -> Bool {
      if case .arena(let value) = activation.place { values[value].last == position } else { false }
    }

    /// A value in another layout, for the current pass only; itself where it is in that layout.
    mutating func reordered(_ value: Activation, _ layout: Layout, block: Int) throws(ExecutionError)
      -> Activation
    {
      if value.layout.matches(layout) { return value }
      let source = value.layout
      let primitive = try unsafe Primitive("reorder") { description, engine, attributes in
        unsafe source.withDescriptor { source in
          unsafe layout.withDescriptor {
            unsafe onednn_reorder_create(description, engine, source, $0, attributes)
          }
        }
      }
      var result = value
      result.layout = layout
      result.block = block
      result.place = newValue(layout.byteCount, until: position)
      try draft(primitive, [(DNNL_ARG_FROM, value.place, source), (DNNL_ARG_TO, result.place, layout)])
      return result
    }

    /// A value in row-major order, for the current pass only; itself where it is in that order.
    mutating func plain(_ value: Activation) throws(ExecutionError) -> Activation {
      if value.isPlain { return value }
      return try reordered(value, Layout(value.sides, dnnl_nchw), block: 1)
    }

    /// Adds a primitive with its arguments and the memory it needs while it runs.
    mutating func draft(
      _ primitive: Primitive, _ arguments: [(Int32, Place, Layout)]
    ) throws(ExecutionError) {
      var arguments = arguments
      let scratch = try primitive.scratch
      if scratch.byteCount > 0 {
        arguments.append((DNNL_ARG_SCRATCHPAD, newValue(scratch.byteCount, until: position), scratch))
      }
      draft { (binding) throws(ExecutionError) in
        .primitive(
          try unsafe BoundPrimitive(primitive, arguments.map { unsafe ($0.0, $0.2, binding.address($0.1)) }))
      }
    }
  }
#endif

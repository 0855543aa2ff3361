#if canImport(COneDNN)
  import Architectures
  import Checkpoint
  internal import COneDNN
  import Bytes
  import Synchronization

  /// The weights of a network in the layouts that oneDNN's primitives want, with norms folded in.
  ///
  /// Each is packed once and shared by all input shapes whose primitives want the same layout.
  final class PackedWeights: Sendable {
    /// A layer whose weights are packed: its module and the norm that is folded into it.
    struct Layer: Hashable, Sendable {
      /// The path of the convolution or the fully connected layer.
      var module: String
      /// Whether the layer has a bias.
      var hasBias: Bool
      /// The number of outputs, rows of the weight.
      var rows: Int
      /// The numbers of one row.
      var columns: Int
      /// The path of the norm and its epsilon.
      var norm: Norm?
    }

    /// A batch norm as a layer's last part.
    struct Norm: Hashable, Sendable {
      var module: String
      var epsilon: Double
      var hasScale: Bool
    }

    private struct State {
      var packed: [Layer: [(layout: Layout, part: SlabPart)]] = [:]
      var vectors: [String: Vector] = [:]
      var slab = Slab(byteCount: 0)
      var used = 0
      /// Holds one weight after scaling and before reordering.
      var scaled = Slab(byteCount: 0)
      var isFinite = true
    }

    /// How much memory is asked for at a time: some weights of a ResNet, and little of it unused.
    private static let slabSize = 1 << 24

    private let weights: ModelWeights
    private let state = Lock(State())

    init(_ weights: ModelWeights) {
      self.weights = weights
    }

    /// Whether everything packed so far is finite.
    var isFinite: Bool { state.withLock(\.isFinite) }

    /// The weight of a layer, times the scale of its norm, in the layout that a primitive wants; `plain` is the layout of
    /// the checkpoint.
    func weight(_ layer: Layer, plain: Layout, wanted: Layout) throws(ExecutionError) -> SlabPart {
      try state.withLock { (state) throws(ExecutionError) in
        if let found = state.packed[layer]?.first(where: { $0.layout.matches(wanted) }) { return found.part }
        let part = Self.reserve(wanted.byteCount, &state)
        let isPlain = plain.matches(wanted)
        if !isPlain, state.scaled.byteCount < plain.byteCount {
          state.scaled = Slab(byteCount: plain.byteCount)
        }
        let scaled = isPlain ? part : SlabPart(slab: state.scaled, offset: 0)
        try scale(layer, into: scaled)
        let count = layer.rows * layer.columns
        if unsafe onednn_is_finite(scaled.floats, Int64(count)) == 0 { state.isFinite = false }
        if !isPlain {
          let reorder = try unsafe Primitive("packing \(layer.module)") { description, engine, attributes in
            unsafe plain.withDescriptor { plain in
              unsafe wanted.withDescriptor {
                unsafe onednn_reorder_create(description, engine, plain, $0, attributes)
              }
            }
          }
          let scratch = try reorder.scratch
          let memory = Slab(byteCount: scratch.byteCount)
          try unsafe BoundPrimitive(
            reorder,
            [
              (DNNL_ARG_FROM, plain, scaled.address), (DNNL_ARG_TO, wanted, part.address),
              (DNNL_ARG_SCRATCHPAD, scratch, memory.address),
            ]
          ).run(try Stream())
        }
        state.packed[layer, default: []].append((wanted, part))
        return part
      }
    }

    /// The bias of a layer with its norm folded in; zeros where it has neither.
    func bias(_ layer: Layer) throws(ExecutionError) -> SlabPart {
      try vector("\(layer.module).bias \(layer.norm?.module ?? "")") { () throws(ExecutionError) in
        var bias =
          layer.hasBias
          ? try weights.doubles(layer.module + ".bias") : [Double](repeating: 0, count: layer.rows)
        guard let norm = layer.norm else { return bias }
        let (scale, shift) = try factors(norm)
        for row in bias.indices { bias[row] = bias[row] * scale[row] + shift[row] }
        return bias
      }.part
    }

    /// A vector among the weights.
    struct Vector: Sendable {
      var part: SlabPart
      var count: Int
    }

    /// The numbers of a parameter.
    func values(_ name: String) throws(ExecutionError) -> [Double] { try weights.doubles(name) }

    /// A vector of single precision that is computed once, by a name of its own.
    func vector(
      _ name: String, _ compute: () throws(ExecutionError) -> [Double]
    ) throws(ExecutionError) -> Vector {
      if let found = state.withLock({ $0.vectors[name] }) { return found }
      let values = try compute()
      return state.withLock { state in
        let part = Self.reserve(4 * values.count, &state)
        for (index, value) in values.enumerated() { unsafe part.floats[index] = Float(value) }
        if !values.allSatisfy({ Float($0).isFinite }) { state.isFinite = false }
        let vector = Vector(part: part, count: values.count)
        state.vectors[name] = vector
        return vector
      }
    }

    /// What a norm multiplies by and adds, per channel: gamma / sqrt(variance + epsilon), and beta minus the mean times that.
    func factors(_ norm: Norm) throws(ExecutionError) -> (scale: [Double], shift: [Double]) {
      let beta = try weights.doubles(norm.module + ".bias")
      let gamma =
        norm.hasScale
        ? try weights.doubles(norm.module + ".weight") : [Double](repeating: 1, count: beta.count)
      let mean = try weights.doubles(norm.module + ".running_mean")
      let variance = try weights.doubles(norm.module + ".running_var")
      let scale = gamma.indices.map { gamma[$0] / (variance[$0] + norm.epsilon).squareRoot() }
      return (scale, scale.indices.map { beta[$0] - mean[$0] * scale[$0] })
    }

    /// Writes a weight, row by row times its norm's scale, in the checkpoint's layout.
    private func scale(_ layer: Layer, into output: SlabPart) throws(ExecutionError) {
      let factors =
        try layer.norm.map { (norm) throws(ExecutionError) in try self.factors(norm).scale.map(Float.init) }
        ?? [Float](repeating: 1, count: layer.rows)
      let name = layer.module + ".weight"
      func run(_ input: UnsafeRawBufferPointer) {
        unsafe factors.withUnsafeBufferPointer { factors in
          var scaling = unsafe onednn_scaling(
            input: input.baseAddress, factors: factors.baseAddress, output: output.floats,
            rows: Int64(layer.rows),
            columns: Int64(layer.columns))
          unsafe onednn_run_scaling(&scaling)
        }
      }
      if let view = weights.mapped(name), view.elementType == .float32 {
        unsafe view.bytes.withUnsafeBytes { unsafe run($0) }
      } else {
        let values = try weights.floats(name)
        unsafe values.withUnsafeBytes { unsafe run($0) }
      }
    }

    private static func reserve(_ byteCount: Int, _ state: inout State) -> SlabPart {
      if state.used + byteCount > state.slab.byteCount {
        state.slab = Slab(byteCount: max(byteCount, slabSize))
        state.used = 0
      }
      defer { state.used += Slab.rounded(byteCount) }
      return SlabPart(slab: state.slab, offset: state.used)
    }
  }
#endif

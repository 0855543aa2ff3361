import Architectures

/// Asks a ``Wiring`` what kind of network it is: the questions that the guesses at an architecture are made of.
///
/// A guess may be wrong: it is compared with the wiring in full (``WiringMatch``).
struct WiringReading {
  let wiring: Wiring

  init(_ wiring: Wiring) { self.wiring = wiring }

  /// The step of a node; `nil` for the input of the network.
  func step(_ node: Int) -> Wiring.Step? {
    wiring.nodes.indices.contains(node) ? wiring.nodes[node].step : nil
  }

  func convolution(_ node: Int) -> Convolution? {
    guard case .operation(.convolution(let convolution)) = step(node) else { return nil }
    return convolution
  }

  func linear(_ node: Int) -> Linear? {
    guard case .operation(.linear(let layer)) = step(node) else { return nil }
    return layer
  }

  func norm(_ node: Int) -> BatchNorm? {
    guard case .operation(.batchNorm(let norm)) = step(node) else { return nil }
    return norm
  }

  func channelConvolution(_ node: Int) -> ChannelConvolution? {
    guard case .operation(.channelConvolution(let convolution)) = step(node) else { return nil }
    return convolution
  }

  func isStep(_ node: Int, _ operation: Operation) -> Bool { step(node) == .operation(operation) }

  /// The epsilon of most norms.
  var epsilon: Double {
    var counts: [Double: Int] = [:]
    for node in wiring.nodes.indices { if let norm = norm(node) { counts[norm.epsilon, default: 0] += 1 } }
    return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 1e-5
  }

  /// How the strided convolutions are padded: `same` where any of them has other zeros before than behind, or as the
  /// layer says.
  var padding: PaddingRule {
    for node in wiring.nodes {
      guard let convolution = node.convolution, convolution.stride != Extent(1),
        convolution.kernel != Extent(1)
      else { continue }
      switch convolution.padding {
      case .same: return .same
      case .fixed(let margins): if margins.top != margins.bottom { return .same }
      }
    }
    return .symmetric
  }

  /// The nodes between one and another, the latter included, on which the latter depends.
  func region(from start: Int, to end: Int) -> [Int] {
    var isInside: Set<Int> = [end]
    for node in ((start + 1)..<max(end + 1, start + 1)).reversed() where isInside.contains(node) {
      for source in wiring.nodes[node].inputs where source > start { isInside.insert(source) }
    }
    return isInside.sorted()
  }

  // MARK: Attention

  /// An attention module and its one place.
  enum Gate: Hashable {
    case squeezeExcitation(hidden: Int, hasBias: Bool)
    case cbam(hidden: Int, channelBias: Bool, spatial: Attention.SpatialGate?, addsInput: Bool)
    case bam(Attention.BAM)
    case eca(kernel: Int, hasBias: Bool)

    /// The variant for places with these gates, if they are all of one kind.
    static func attention(_ gates: [Gate]) -> Attention? {
      switch gates.first {
      case .squeezeExcitation(_, let hasBias):
        let hidden = gates.compactMap {
          if case .squeezeExcitation(let hidden, _) = $0 { hidden } else { nil }
        }
        return .squeezeExcitation(Attention.SqueezeExcitation(hidden: hidden, hasBias: hasBias))
      case .cbam(_, let channelBias, let spatial, let addsInput):
        let hidden = gates.compactMap { if case .cbam(let hidden, _, _, _) = $0 { hidden } else { nil } }
        return .cbam(
          Attention.CBAM(hidden: hidden, channelBias: channelBias, spatial: spatial, addsInput: addsInput))
      case .bam(var variant):
        variant.hidden = gates.flatMap { if case .bam(let variant) = $0 { variant.hidden } else { [Int]() } }
        return .bam(variant)
      case .eca(_, let hasBias):
        let kernels = gates.compactMap { if case .eca(let kernel, _) = $0 { kernel } else { nil } }
        return .eca(Attention.ECA(kernels: kernels, hasBias: hasBias))
      case nil: return nil
      }
    }
  }

  /// The attention module between a map and what it is gated to.
  func gate(from start: Int, to end: Int) -> Gate? {
    let nodes = region(from: start, to: end)
    if let eca = nodes.compactMap(channelConvolution).first {
      return .eca(kernel: eca.kernel, hasBias: eca.hasBias)
    }
    let layers = nodes.compactMap(linear)
    guard let first = layers.first else { return nil }
    let convolutions = nodes.filter { convolution($0) != nil }
    let hasMaximum = nodes.contains { isStep($0, .globalMaxPool) }
    if hasMaximum {
      var spatial: Attention.SpatialGate?
      if let number = convolutions.last, let convolution = convolution(number) {
        spatial = Attention.SpatialGate(
          kernel: convolution.kernel.height, hasNorm: nodes.contains { norm($0) != nil },
          hasBias: convolution.hasBias)
      }
      return .cbam(
        hidden: first.outputs, channelBias: first.hasBias, spatial: spatial, addsInput: isStep(end, .add))
    }
    guard !convolutions.isEmpty else {
      return .squeezeExcitation(hidden: first.outputs, hasBias: first.hasBias)
    }
    let dilated = convolutions.compactMap(convolution).filter { $0.kernel != Extent(1) }
    var variant = Attention.BAM(
      hidden: [first.outputs], channelLayers: layers.count - 1, dilatedLayers: dilated.count,
      channelPool: .global)
    if let layer = dilated.first {
      variant.dilation = layer.dilation.height
      if case .fixed(let margins) = layer.padding { variant.padding = margins.top }
    }
    let sigmoids = nodes.filter { isStep($0, .sigmoid) }
    if let input = sigmoids.last.flatMap({ wiring.nodes[$0].inputs.first }) {
      variant.combination = isStep(input, .add) ? .sum : .product
    }
    return .bam(variant)
  }
}

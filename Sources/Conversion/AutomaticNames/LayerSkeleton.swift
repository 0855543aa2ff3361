import Architectures

/// The layers that a code base creates for one kind of network, in their order, before sizes and depth are known.
struct LayerSkeleton: Sendable {
  /// One layer.
  struct Layer: Hashable, Sendable {
    /// The canonical module: from the top, or within its block or stage.
    var module: String
    /// The class whose numbers it takes part in.
    var kind: KerasLayerClass
    /// How the dialect arranges its weight.
    var layout: Layout?
  }

  /// The kind of block; `nil` for an attention module alone.
  let block: ResNet.Block?
  /// What comes before all stages; of an attention module alone, everything.
  private(set) var stem: [Layer] = []
  /// A block with a shortcut of its own.
  private(set) var first: [Layer] = []
  /// Any other block.
  private(set) var plain: [Layer] = []
  /// What follows the blocks of a stage that is not the last.
  private(set) var behindStage: [Layer] = []
  /// What comes behind all stages.
  private(set) var head: [Layer] = []

  /// The skeletons of all kinds of networks that the code base of a dialect builds.
  ///
  /// Layers come in the order of their creation, or in that of their depth in the network.
  static func all(of dialect: Dialect, byDepth: Bool) -> [LayerSkeleton] {
    guard let order = dialect.creationOrder else { return [] }
    let attentions = Attention.Kind.allCases.flatMap(variants)
    let stem = stem(dialect, order)
    // Two stages of two blocks have one of each part; widths do not matter.
    let networks = ResNet.Block.allCases.flatMap { block in
      ([nil] + attentions.map(Optional.some)).map { attention in
        Architecture.resnet(ResNet(block: block, blocksPerStage: [2, 2], stem: stem, attention: attention))
      }
    }
    let modules = attentions.map { Architecture.module(AttentionModule($0.alone, channels: stem.width)) }
    return (networks + modules).compactMap { LayerSkeleton(dialect, order, $0, byDepth: byDepth) }
  }

  private init?(
    _ dialect: Dialect, _ order: CreationOrder, _ network: Architecture, byDepth: Bool
  ) {
    if case .resnet(let network) = network { block = network.block } else { block = nil }
    let features = ArchitectureFeatures.of(network)
    guard ["family", "attention", "block"].allSatisfy({ isAccepted($0, features, dialect) }),
      let graph = try? network.graph()
    else { return nil }
    let depths = byDepth ? LayerDepth.of(graph.nodes) : [:]
    var seen: Set<String> = []
    var layers: [(place: CreationOrder.Place, layer: Layer)] = []
    for parameter in graph.parameters where seen.insert(parameter.module).inserted {
      // Parts that the code base has not, such as the norm of a shortcut, have no line.
      guard let place = order.place(of: parameter.module),
        let found = dialect.sourceModule(canonical: parameter.module, features: features)
      else { continue }
      let row = DialectMapping.row(parameter, found, dialect)
      layers.append(
        (place, Layer(module: parameter.module, kind: KerasLayerClass(row), layout: found.layout)))
    }
    guard network.attention == nil || layers.contains(where: { $0.layer.module.contains("attention.") })
    else {
      return nil
    }
    layers.sort { left, right in
      let deeper = (depths[left.layer.module] ?? 0, depths[right.layer.module] ?? 0)
      return deeper.0 == deeper.1 ? left.place < right.place : deeper.0 > deeper.1
    }
    for (place, layer) in layers { add(layer, at: place) }
  }

  private mutating func add(_ layer: Layer, at place: CreationOrder.Place) {
    func within(_ prefix: String) -> Layer {
      var layer = layer
      layer.module = String(layer.module.dropFirst(prefix.count))
      return layer
    }
    guard block != nil else {
      stem.append(layer)
      return
    }
    switch (place.stage, place.block) {
    case (-1, _): stem.append(layer)
    case (.max, _): head.append(layer)
    case (0, 1): plain.append(within("stages.0.blocks.1."))
    case (1, 0): first.append(within("stages.1.blocks.0."))
    case (0, .max): behindStage.append(within("stages.0."))
    default: break
    }
  }

  private static func stem(_ dialect: Dialect, _ order: CreationOrder) -> ResNet.Stem {
    if order.place(of: "stem.conv1") != nil {
      return ResNet.Stem(.deep(widths: [64, 64, 64]), maxPool: ResNet.Stem.MaxPool())
    }
    return dialect.accepts["stem"]?.contains("imagenet") ?? true ? .imageNet : .cifar(width: 64)
  }

  /// The variants of a kind of attention that differ in their layers, for a network of two stages.
  private static func variants(of kind: Attention.Kind) -> [Attention] {
    switch kind {
    case .squeezeExcitation: [.squeezeExcitation(.init(hidden: [1, 1], hasBias: true))]
    case .cbam:
      [true, false].map { hasNorm in .cbam(.init(hidden: [1, 1], spatial: .init(hasNorm: hasNorm))) }
    case .bam: [.bam(.init(hidden: [1]))]
    case .eca: [.eca(.init(kernels: [3, 3]))]
    case .nam: [.nam]
    }
  }
}

/// Whether the code base of a dialect builds networks with a feature; what it does not list it may have.
private func isAccepted(_ feature: String, _ features: [String: String], _ dialect: Dialect) -> Bool {
  guard let accepted = dialect.accepts[feature], let value = features[feature] else { return true }
  return accepted.contains(value)
}

extension Attention {
  /// The same variant for a module alone, whose lists hold one number.
  fileprivate var alone: Attention {
    switch self {
    case .squeezeExcitation(var variant):
      variant.hidden = [1]
      return .squeezeExcitation(variant)
    case .cbam(var variant):
      variant.hidden = [1]
      return .cbam(variant)
    case .eca(var variant):
      variant.kernels = [3]
      return .eca(variant)
    case .bam, .nam: return self
    }
  }
}

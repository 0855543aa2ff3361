import Architectures

/// The layers that a code base creates for one kind of ResNet, in their order, before sizes and depth are known.
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

  /// The kind of block.
  let block: ResNet.Block
  /// What comes before all stages.
  private(set) var stem: [Layer] = []
  /// A block with a shortcut of its own.
  private(set) var first: [Layer] = []
  /// Any other block.
  private(set) var plain: [Layer] = []
  /// What follows the blocks of a stage that is not the last.
  private(set) var behindStage: [Layer] = []
  /// What comes behind all stages.
  private(set) var head: [Layer] = []

  /// The skeleton of a kind of network in a dialect; `nil` where the code base does not build it. Layers come in the
  /// order of their creation, or in that of their depth in the network.
  init?(_ dialect: Dialect, block: ResNet.Block, attention kind: Attention.Kind?, byDepth: Bool) {
    self.block = block
    guard let order = dialect.creationOrder else { return nil }
    // Two stages of two blocks have one of each part; widths do not matter.
    let network = Architecture.resnet(
      ResNet(
        block: block, blocksPerStage: [2, 2], stem: Self.stem(dialect, order),
        attention: kind.map(Self.attention)))
    let features = ArchitectureFeatures.of(network)
    guard dialect.accepts["attention"]?.contains(kind?.rawValue ?? "none") ?? true,
      dialect.accepts["block"]?.contains(block.rawValue) ?? true,
      dialect.accepts["family"]?.contains("resnet") ?? true,
      let graph = try? network.graph()
    else { return nil }
    let depths = byDepth ? Self.depths(graph) : [:]
    var seen: Set<String> = []
    var layers: [(place: CreationOrder.Place, layer: Layer)] = []
    for parameter in graph.parameters where seen.insert(parameter.module).inserted {
      // Parts that the code base has not, such as the norm of a shortcut, have no line.
      guard let place = order.place(of: parameter.module),
        let found = dialect.sourceModule(canonical: parameter.module, features: features)
      else { continue }
      let row = DialectMapping.row(parameter, found, dialect.framework)
      layers.append(
        (place, Layer(module: parameter.module, kind: KerasLayerClass(row), layout: found.layout)))
    }
    guard kind == nil || layers.contains(where: { $0.layer.module.contains(".attention.") }) else {
      return nil
    }
    layers.sort { left, right in
      let deeper = (depths[left.layer.module] ?? 0, depths[right.layer.module] ?? 0)
      return deeper.0 == deeper.1 ? left.place < right.place : deeper.0 > deeper.1
    }
    for (place, layer) in layers { add(layer, at: place) }
  }

  /// How far each module is from the output, by the longest way. What Keras splits into more layers or fewer lies
  /// behind the modules of both ways through a block, so that their order is the same.
  private static func depths(_ graph: Graph) -> [String: Int] {
    var depths = Array(repeating: 0, count: graph.nodes.count)
    var modules: [String: Int] = [:]
    for (number, node) in graph.nodes.enumerated().reversed() {
      modules[node.module] = max(modules[node.module] ?? 0, depths[number])
      for case .node(let earlier) in node.inputs {
        depths[earlier] = max(depths[earlier], depths[number] + 1)
      }
    }
    return modules
  }

  private mutating func add(_ layer: Layer, at place: CreationOrder.Place) {
    func within(_ prefix: String) -> Layer {
      var layer = layer
      layer.module = String(layer.module.dropFirst(prefix.count))
      return layer
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

  private static func attention(_ kind: Attention.Kind) -> Attention {
    switch kind {
    case .squeezeExcitation: .squeezeExcitation(.init(hidden: [1, 1], hasBias: true))
    case .cbam: .cbam(.init(hidden: [1, 1]))
    case .bam: .bam(.init(hidden: [1]))
    case .eca: .eca(.init(kernels: [3, 3]))
    case .nam: .nam
    }
  }
}

/// Reads a ResNet off names and shapes.
struct ResNetInference {
  let table: ShapeTable
  let semantics: Semantics
  /// A network chosen by hand: its structure holds, only sizes are read.
  let preset: ResNet?

  /// The network, not yet validated.
  func network() -> ResNet {
    let block = preset?.block ?? blockKind()
    let blocksPerStage = preset?.blocksPerStage ?? depth(of: block)
    let stem = stem(stages: blocksPerStage.count)
    let expansion = block == .basic ? 1 : self.expansion()
    // The norm before the head is what only networks that activate first have.
    let preActivation = preset?.preActivation ?? table.outside.contains(prefix: "final.norm.")
    let widths = widths(stages: blocksPerStage.count, stem: stem, preActivation: preActivation)
    var shortcut = semantics.shortcut
    if case .deep = stem.convolutions { shortcut = semantics.deepStemShortcut }
    let attention = AttentionInference(
      table: table, semantics: semantics, channels: widths.map { Self.product($0, expansion) })
    let kind = preset == nil ? attention.networkKind() : preset?.attention?.kind
    let hasBias = mostly(table.leaves().map { $0["conv1.bias"] != nil || $0["conv2.bias"] != nil })
    let projections = table.leaves().filter { $0.contains(prefix: "shortcut.conv.") }
    let shortcutNorm = mostly(projections.map { $0.contains(prefix: "shortcut.norm.") })
    return ResNet(
      block: block, blocksPerStage: blocksPerStage, widths: widths, expansion: expansion, stem: stem,
      stridePosition: semantics.stridePosition, shortcut: preset?.shortcut ?? shortcut,
      attention: kind.map { attention.attention($0, preset: preset?.attention) },
      activatesBeforeAttention: block == .basic && semantics.basicBlockActivatesBeforeAttention,
      headPool: stem.maxPool == nil ? semantics.cifarHeadPool : semantics.headPool,
      classes: table.outside.side("head.weight", 0) ?? table.outside.side("head.bias", 0)
        ?? preset?.classes ?? 1000,
      inputChannels: table.outside.side("stem.conv.weight", 1) ?? table.outside.side("stem.conv1.weight", 1)
        ?? preset?.inputChannels ?? 3,
      epsilon: semantics.epsilon, convolutionBias: hasBias ?? preset?.convolutionBias ?? false,
      padding: semantics.padding, shortcutNorm: shortcutNorm ?? preset?.shortcutNorm ?? true,
      inputNorm: preset?.inputNorm ?? table.outside.contains(prefix: "stem.input_norm."),
      preActivation: preActivation)
  }

  /// Bottlenecks have a third convolution, and their first one is 1x1.
  private func blockKind() -> ResNet.Block {
    let votes = table.leaves().compactMap { leaves -> Bool? in
      if leaves.contains(prefix: "conv3.") || leaves.contains(prefix: "norm3.") { return true }
      return leaves.side("conv1.weight", 2).map { $0 == 1 }
    }
    return mostly(votes) == true ? .bottleneck : .basic
  }

  /// So many blocks of a stage may be missing before as many have to be there.
  private static let toleratedGap = 16

  /// Blocks per stage: those that are there if they are complete and without gaps, otherwise those of the nearest
  /// published depth if it is near.
  private func depth(of block: ResNet.Block) -> [Int] {
    let stages = (table.blocks.keys.max() ?? 0) + 1
    let found = (0..<stages).map { (table.blocks[$0]?.keys.max() ?? -1) + 1 }
    let convolutions = (1...(block == .basic ? 2 : 3)).map { "conv\($0).weight" }
    let isClean = (0..<stages).allSatisfy { stage in
      let blocks = table.blocks[stage] ?? [:]
      return !blocks.isEmpty && blocks.count == found[stage]
        && blocks.values.allSatisfy { leaves in convolutions.allSatisfy { leaves[$0] != nil } }
    }
    if isClean { return found }
    let present = table.blocks.values.reduce(0) { $0 + $1.count }
    let candidates = ResNet.depths.filter { $0.block == block }.map { depth in
      (depth: depth.blocksPerStage, distance: distance(to: depth.blocksPerStage))
    }
    // A tenth of the blocks, at least two: "a few" are missing or too many, not a different network.
    guard let nearest = candidates.min(by: { $0.distance < $1.distance }),
      nearest.distance <= max(2, present / 10)
    else {
      // One name with a large number makes no deep network: the work is to follow what is there.
      return found.enumerated().map { stage, depth in
        max(1, min(depth, 2 * (table.blocks[stage]?.count ?? 0) + Self.toleratedGap))
      }
    }
    return nearest.depth
  }

  /// How many blocks a depth has that are not there, and the other way around.
  private func distance(to depth: [Int]) -> Int {
    var distance = 0
    for stage in 0..<max(depth.count, (table.blocks.keys.max() ?? 0) + 1) {
      let expected = Set(0..<(stage < depth.count ? depth[stage] : 0))
      let found = Set((table.blocks[stage] ?? [:]).keys)
      distance += expected.symmetricDifference(found).count
    }
    return distance
  }

  private func stem(stages: Int) -> ResNet.Stem {
    let outside = table.outside
    let pool = ResNet.Stem.MaxPool(padding: semantics.maxPoolPadding, ceilMode: semantics.maxPoolCeilMode)
    let numbered = (1...3).count { outside["stem.conv\($0).weight"] != nil }
    let isDeep =
      if case .deep = preset?.stem.convolutions { true } else { preset == nil && numbered > 1 }
    if isDeep {
      var fallback = [32, 32, 64]
      if case .deep(let widths) = preset?.stem.convolutions { fallback = widths }
      let widths = (1...3).map { number in
        outside.side("stem.conv\(number).weight", 0) ?? outside.side("stem.norm\(number).weight", 0)
          ?? (number < 3 ? outside.side("stem.conv\(number + 1).weight", 1) : nil) ?? fallback[number - 1]
      }
      return ResNet.Stem(.deep(widths: widths), maxPool: pool)
    }
    let width =
      outside.side("stem.conv.weight", 0) ?? outside.side("stem.norm.weight", 0)
      ?? table.blocks[0]?[0]?.side("conv1.weight", 1) ?? preset?.stem.width ?? 64
    if let preset, case .single(_, let kernel, let stride) = preset.stem.convolutions {
      return ResNet.Stem(
        .single(width: width, kernel: kernel, stride: stride),
        maxPool: preset.stem.maxPool == nil ? nil : pool)
    }
    // The ImageNet stem is 7x7. A 3x3 stem is that of CIFAR networks; those of three stages have no other.
    let kernel = outside.side("stem.conv.weight", 2) ?? (stages < 4 ? 3 : 7)
    if kernel == 3 { return .cifar(width: width) }
    return ResNet.Stem(.single(width: width, kernel: kernel, stride: 2), maxPool: pool)
  }

  private func expansion() -> Int {
    let votes = table.leaves().map { leaves -> Int? in
      guard let outer = leaves.side("conv3.weight", 0), let inner = leaves.side("conv3.weight", 1) else {
        return nil
      }
      return max(outer / inner, 1)
    }
    return majority(votes) ?? preset?.expansion ?? 4
  }

  private func widths(stages: Int, stem: ResNet.Stem, preActivation: Bool) -> [Int] {
    // Behind the first convolution.
    let norm = preActivation ? "norm2.weight" : "norm1.weight"
    var widths: [Int] = []
    for stage in 0..<stages {
      let votes = table.leaves(stage: stage).flatMap { leaves in
        [leaves.side("conv1.weight", 0), leaves.side(norm, 0), leaves.side("conv2.weight", 1)]
      }
      let doubled = widths.last.map { Self.product($0, 2) }
      let given = preset.flatMap { $0.widths.indices.contains(stage) ? $0.widths[stage] : nil }
      widths.append(majority(votes) ?? given ?? doubled ?? stem.width)
    }
    return widths
  }

  /// A product that stays within the integers; validation refuses what is too large.
  private static func product(_ left: Int, _ right: Int) -> Int {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? Int.max : product
  }
}

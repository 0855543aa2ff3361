import Architectures

/// Guesses which architecture a ``Wiring`` is.
///
/// Only the features of an architecture are guessed, from the first place that shows each. Whether the wiring then is
/// that network, node by node, is for ``WiringMatch`` to say.
struct ArchitectureGuess {
  private let reading: WiringReading
  private let wiring: Wiring

  init(_ wiring: Wiring) {
    self.wiring = wiring
    reading = WiringReading(wiring)
  }

  /// The architecture; `nil` where the wiring resembles none.
  func architecture() -> Architecture? {
    let convolutions = wiring.nodes.indices.filter { reading.convolution($0) != nil }
    let hasDepthwise = convolutions.contains { reading.convolution($0)?.isDepthwise == true }
    if hasDepthwise { return mobileNet().map(Architecture.mobilenetV2) }
    if let network = resnet() { return .resnet(network) }
    return module().map(Architecture.module)
  }

  // MARK: One module

  private func module() -> AttentionModule? {
    guard let gate = reading.gate(from: Wiring.input, to: wiring.nodes.count - 1),
      let attention = WiringReading.Gate.attention([gate])
    else { return nil }
    // ECA's one kernel does not show the channels.
    let channels = wiring.nodes.indices.lazy.compactMap { reading.linear($0)?.inputs }.first
    return AttentionModule(attention, channels: channels, epsilon: reading.epsilon)
  }

  // MARK: MobileNetV2

  private func mobileNet() -> MobileNetV2? {
    let convolutions = wiring.nodes.indices.compactMap { node in reading.convolution(node) }
    let projected = convolutions.indices.dropLast().filter { convolutions[$0].isDepthwise }.map {
      convolutions[$0 + 1].outputChannels
    }
    guard let first = convolutions.first, let last = convolutions.last,
      projected.count == MobileNetV2.blocksPerStage.reduce(0, +),
      let head = reading.linear(wiring.nodes.count - 1)
    else { return nil }
    var widths: [Int] = []
    var block = 0
    for count in MobileNetV2.blocksPerStage {
      widths.append(projected[block])
      block += count
    }
    return MobileNetV2(
      stemWidth: first.outputChannels, widths: widths, finalWidth: last.outputChannels,
      attention: mobileNetAttention(), classes: head.outputs, inputChannels: first.inputChannels,
      epsilon: reading.epsilon, padding: reading.padding)
  }

  private func mobileNetAttention() -> Attention? {
    let kernels = wiring.nodes.indices.compactMap { reading.channelConvolution($0) }
    guard let first = kernels.first, kernels.count == MobileNetV2.blocksPerStage.reduce(0, +) else {
      return nil
    }
    var ofStages: [Int] = []
    var block = 0
    for count in MobileNetV2.blocksPerStage {
      ofStages.append(kernels[block].kernel)
      block += count
    }
    return .eca(Attention.ECA(kernels: ofStages, hasBias: first.hasBias))
  }

  // MARK: ResNet

  /// One residual block: what its two ways show.
  private struct Block {
    var convolutions: [Convolution]
    var gate: WiringReading.Gate?
    var activatesBeforeAttention = false
    /// What stands in the shortcut.
    var shortcutPools = false
    var shortcutNorm: Bool?
    /// The attention behind the block.
    var following: WiringReading.Gate?

    var stride: Int { convolutions.map(\.stride.height).max() ?? 1 }
    var width: Int { convolutions.first?.outputChannels ?? 0 }
    var outputWidth: Int { convolutions.last?.outputChannels ?? 0 }
  }

  private func resnet() -> ResNet? {
    let trunk = wiring.trunk()
    guard let head = trunk.last.flatMap(reading.linear) else { return nil }
    var blocks: [Block] = []
    var stem: [Int] = []
    for (place, node) in trunk.enumerated() {
      let start = place > 0 ? trunk[place - 1] : Wiring.input
      if reading.isStep(node, .add), let block = block(from: start, to: node) {
        blocks.append(block)
      } else if reading.isStep(node, .multiply), !blocks.isEmpty {
        blocks[blocks.count - 1].following = reading.gate(from: start, to: node)
      } else if blocks.isEmpty {
        stem.append(node)
      }
    }
    guard let first = blocks.first, let stemShape = self.stem(stem) else { return nil }
    var stages: [[Block]] = []
    for block in blocks {
      let isNew = block.stride > 1 || block.outputWidth != stages.last?.last?.outputWidth
      if isNew || stages.isEmpty { stages.append([]) }
      stages[stages.count - 1].append(block)
    }
    let kind: ResNet.Block = first.convolutions.count == 3 ? .bottleneck : .basic
    let strided = blocks.first { $0.stride > 1 }
    let isFirst = strided?.convolutions.first?.stride != Extent(1)
    let behind = trunk.lastIndex { reading.isStep($0, .add) }.map { trunk[$0...] } ?? []
    let gates = stages.compactMap { $0.first?.gate }
    let between = stages.compactMap { $0.last?.following }
    return ResNet(
      block: kind, blocksPerStage: stages.map(\.count), widths: stages.map { $0[0].width },
      expansion: kind == .basic ? 1 : max(1, first.outputWidth / max(1, first.width)), stem: stemShape,
      stridePosition: isFirst ? .conv1 : .conv2,
      shortcut: blocks.contains(where: \.shortcutPools) ? .averagePool : .convolution,
      attention: WiringReading.Gate.attention(gates.isEmpty ? between : gates),
      activatesBeforeAttention: blocks.contains(where: \.activatesBeforeAttention), headPool: headPool(trunk),
      classes: head.outputs,
      inputChannels: stem.lazy.compactMap(reading.convolution).first?.inputChannels ?? 3,
      epsilon: reading.epsilon, convolutionBias: first.convolutions[0].hasBias, padding: reading.padding,
      shortcutNorm: blocks.compactMap(\.shortcutNorm).first ?? true,
      inputNorm: stem.first.flatMap(reading.norm) != nil,
      // Blocks that begin with their norm leave one for the end.
      preActivation: behind.contains { reading.norm($0) != nil })
  }

  private func stem(_ nodes: [Int]) -> ResNet.Stem? {
    let convolutions = nodes.compactMap(reading.convolution)
    var maxPool: ResNet.Stem.MaxPool?
    for node in nodes {
      guard case .operation(.maxPool) = wiring.nodes[node].step, let pool = wiring.nodes[node].pool else {
        continue
      }
      maxPool = ResNet.Stem.MaxPool(padding: pool.padding, ceilMode: pool.ceilMode)
    }
    switch convolutions.count {
    case 1:
      return ResNet.Stem(
        .single(
          width: convolutions[0].outputChannels, kernel: convolutions[0].kernel.height,
          stride: convolutions[0].stride.height), maxPool: maxPool)
    case 3: return ResNet.Stem(.deep(widths: convolutions.map(\.outputChannels)), maxPool: maxPool)
    default: return nil
    }
  }

  private func headPool(_ trunk: [Int]) -> ResNet.HeadPool {
    guard let pool = trunk.dropLast().last.flatMap({ wiring.nodes[$0].pool }) else { return .adaptive }
    return .fixed(kernel: pool.kernel, stride: pool.stride)
  }

  /// The block that ends in a sum; `nil` where neither way has convolutions.
  private func block(from start: Int, to end: Int) -> Block? {
    // Ways without convolutions count too; the shortcut is the one with fewer.
    let ways = wiring.nodes[end].inputs.map { way in (end: way, trunk: wiring.trunk(from: start, to: way)) }
    guard ways.count == 2 else { return nil }
    func count(_ trunk: [Int]) -> Int { trunk.count { reading.convolution($0) != nil } }
    let (main, shortcut) =
      count(ways[0].trunk) >= count(ways[1].trunk) ? (ways[0], ways[1]) : (ways[1], ways[0])
    guard 2...3 ~= count(main.trunk) else { return nil }
    var block = Block(convolutions: main.trunk.compactMap(reading.convolution))
    if let gated = main.trunk.firstIndex(where: { reading.isStep($0, .multiply) }), gated > 0 {
      let before = main.trunk[gated - 1]
      block.gate = reading.gate(from: before, to: main.end)
      block.activatesBeforeAttention = reading.isStep(before, .relu)
    }
    let inside = shortcut.trunk
    block.shortcutPools = inside.contains {
      if case .operation(.averagePool) = reading.step($0) { true } else { false }
    }
    if !inside.isEmpty { block.shortcutNorm = inside.contains { reading.norm($0) != nil } }
    return block
  }
}

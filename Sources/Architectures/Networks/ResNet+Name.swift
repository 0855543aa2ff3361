extension ResNet {
  /// A depth with a name: its number of layers, the kind of block and the blocks per stage.
  struct Depth: Hashable, Sendable {
    var layers: Int
    var block: Block
    var blocksPerStage: [Int]
  }

  /// The published depths: table 1 and section 4.2 of He et al. 2016, and timm's ResNet-10, -14 and -26.
  static let depths: [Depth] = [
    Depth(layers: 10, block: .basic, blocksPerStage: [1, 1, 1, 1]),
    Depth(layers: 18, block: .basic, blocksPerStage: [2, 2, 2, 2]),
    Depth(layers: 34, block: .basic, blocksPerStage: [3, 4, 6, 3]),
    Depth(layers: 14, block: .bottleneck, blocksPerStage: [1, 1, 1, 1]),
    Depth(layers: 26, block: .bottleneck, blocksPerStage: [2, 2, 2, 2]),
    Depth(layers: 50, block: .bottleneck, blocksPerStage: [3, 4, 6, 3]),
    Depth(layers: 101, block: .bottleneck, blocksPerStage: [3, 4, 23, 3]),
    Depth(layers: 152, block: .bottleneck, blocksPerStage: [3, 8, 36, 3]),
    Depth(layers: 20, block: .basic, blocksPerStage: [3, 3, 3]),
    Depth(layers: 32, block: .basic, blocksPerStage: [5, 5, 5]),
    Depth(layers: 44, block: .basic, blocksPerStage: [7, 7, 7]),
    Depth(layers: 56, block: .basic, blocksPerStage: [9, 9, 9]),
    Depth(layers: 110, block: .basic, blocksPerStage: [18, 18, 18]),
  ]

  /// `preact` where activations come first, the name without attention, then attention, then stem, joined by hyphens.
  var name: String {
    var parts = preActivation ? ["preact"] : []
    if let depth = Self.depths.first(where: { $0.block == block && $0.blocksPerStage == blocksPerStage }) {
      parts.append("resnet\(depth.layers)" + letter)
    } else {
      let blocks = blocksPerStage.map(String.init).joined(separator: ".")
      parts.append("resnet-\(blocks)-\(block.rawValue)")
    }
    if let attention { parts.append(attention.kind.rawValue) }
    if stem.maxPool == nil { parts.append("cifar") }
    return parts.joined(separator: "-")
  }

  /// The letters of timm for deep stems and pooled shortcuts: c, d, e, s, t.
  private var letter: String {
    guard case .deep(let widths) = stem.convolutions else { return "" }
    return switch (widths, shortcut) {
    case ([24, 32, 64], .averagePool): "t"
    case ([64, 64, 128], .averagePool): "e"
    case ([64, 64, 128], .convolution): "s"
    case (_, .averagePool): "d"
    case (_, .convolution): "c"
    }
  }
}

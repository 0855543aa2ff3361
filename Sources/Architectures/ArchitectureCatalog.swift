/// Networks that can be asked for by name.
public enum ArchitectureCatalog {
  /// All names, sorted; the source of suggestions for a name that is not among them.
  public static let names: [String] = presets.keys.sorted()

  /// The network of that name with 1000 classes, or 100 for CIFAR stems; attention as in the official code, with a
  /// reduction of 16.
  public static func architecture(named name: String) throws(ArchitectureError) -> Architecture {
    guard let preset = presets[name] else {
      throw ArchitectureError(
        .unknownArchitecture,
        "found architecture \"\(name)\", expected one of the \(names.count) known names",
        hint: "for example resnet50, resnet50-cbam, resnet18-bam-cifar, mobilenetv2-eca or cbam-module")
    }
    return preset
  }

  private static let presets: [String: Architecture] = {
    var presets: [String: Architecture] = [:]
    for architecture in residualNetworks() + mobileNetworks() + modules() {
      presets[architecture.name] = architecture
    }
    return presets
  }()

  /// Layers of the depths that presets exist for.
  private static let imageNetLayers: Set<Int> = [18, 34, 50, 101, 152]
  private static let cifarLayers: Set<Int> = [20, 32, 44, 56, 110]

  private static func residualNetworks() -> [Architecture] {
    var networks: [ResNet] = []
    for depth in ResNet.depths {
      if imageNetLayers.contains(depth.layers) {
        networks.append(ResNet(block: depth.block, blocksPerStage: depth.blocksPerStage))
        networks.append(
          ResNet(
            block: depth.block, blocksPerStage: depth.blocksPerStage, stem: .cifar(width: 64), classes: 100))
      }
      if cifarLayers.contains(depth.layers) {
        networks.append(
          ResNet(
            block: depth.block, blocksPerStage: depth.blocksPerStage, stem: .cifar(width: 16), classes: 100))
      }
      if depth.layers == 50 {
        // timm's resnet50d and resnet50t.
        for widths in [[32, 32, 64], [24, 32, 64]] {
          networks.append(
            ResNet(
              block: depth.block, blocksPerStage: depth.blocksPerStage, widths: [64, 128, 256, 512],
              stem: ResNet.Stem(.deep(widths: widths), maxPool: ResNet.Stem.MaxPool()), shortcut: .averagePool
            ))
        }
      }
    }
    let kinds: [Attention.Kind?] = [nil] + Attention.Kind.allCases
    return networks.flatMap { network in
      kinds.map { kind -> Architecture in
        var variant = network
        variant.attention = kind.map { attention($0, channels: network.outputWidths) }
        return .resnet(variant)
      }
    }
  }

  private static func mobileNetworks() -> [Architecture] {
    // The official network has kernels of 1 below 96 channels and of 3 from there.
    let eca = Attention.eca(Attention.ECA(kernels: MobileNetV2.standardWidths.map { $0 < 96 ? 1 : 3 }))
    return [.mobilenetV2(MobileNetV2()), .mobilenetV2(MobileNetV2(attention: eca))]
  }

  private static func modules() -> [Architecture] {
    Attention.Kind.allCases.map { kind in
      let channels = 64
      let attention = attention(kind, channels: kind == .bam ? [channels, channels] : [channels])
      return .module(AttentionModule(attention, channels: kind == .eca ? nil : channels))
    }
  }

  private static func attention(_ kind: Attention.Kind, channels: [Int]) -> Attention {
    let hidden = channels.map { max($0 / 16, 1) }
    return switch kind {
    case .squeezeExcitation:
      .squeezeExcitation(Attention.SqueezeExcitation(hidden: hidden, hasBias: true))
    case .cbam: .cbam(Attention.CBAM(hidden: hidden))
    case .bam: .bam(Attention.BAM(hidden: hidden.dropLast()))
    case .eca: .eca(Attention.ECA(kernels: channels.map(Attention.ECA.kernel(channels:))))
    case .nam: .nam
    }
  }
}

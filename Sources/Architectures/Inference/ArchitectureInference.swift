/// Recognises a network from the names and shapes of its parameters.
///
/// Names are canonical; a few may be missing, wrong or too many. Where entries disagree the majority decides, so
/// that a comparison of the result's ``Graph/parameters`` with what is there names the odd ones.
public enum ArchitectureInference {
  /// Finds the network whose parameters have these names and shapes.
  ///
  /// - Parameters:
  ///   - shapes: canonical names and shapes as in PyTorch.
  ///   - semantics: what names and shapes do not show.
  ///   - preset: an architecture chosen by hand. Its family, depth, stem and attention are kept; widths, classes
  ///     and the sizes of the attention come from the shapes where those show them.
  /// - Returns: a network whose description has been checked.
  /// - Throws: `unrecognized-architecture` where the names are those of no network, or a preset is of another kind.
  public static func infer(
    shapes: [String: [Int]], semantics: Semantics = Semantics(), following preset: Architecture? = nil
  ) throws(ArchitectureError) -> Architecture {
    try infer(ShapeTable(shapes), semantics: semantics, following: preset)
  }

  /// The same for entries that are sorted already, which several semantics may share.
  package static func infer(
    _ table: ShapeTable, semantics: Semantics, following preset: Architecture?
  ) throws(ArchitectureError) -> Architecture {
    let architecture: Architecture
    switch preset ?? family(of: table) {
    case .resnet(let network):
      let inference = ResNetInference(
        table: table, semantics: semantics, preset: preset == nil ? nil : network)
      architecture = .resnet(inference.network())
    case .mobilenetV2(let network):
      architecture = .mobilenetV2(
        mobileNet(table, semantics, preset: network, isForced: preset != nil))
    case .module(let module):
      architecture = .module(try self.module(table, semantics, preset: preset == nil ? nil : module))
    case nil:
      throw ArchitectureError(
        .unrecognizedArchitecture,
        "found \(table.count) tensors but neither stages of blocks nor an attention module among them",
        hint:
          "name the architecture with --architecture if the tensors are those of a network listed by --help")
    }
    // Sizes read from shapes may contradict each other or exceed the limits.
    switch architecture {
    case .resnet(let network): try network.validate()
    case .mobilenetV2(let network): try network.validate()
    case .module(let module): try module.validate()
    }
    return architecture
  }

  /// A stand-in of the family that the names belong to.
  private static func family(of table: ShapeTable) -> Architecture? {
    let blocks = table.leaves()
    guard !blocks.isEmpty else {
      return table.moduleAttention == nil ? nil : .module(AttentionModule(.nam, channels: 1))
    }
    let middle = blocks.compactMap { $0["conv2.weight"] }
    let depthwise = mostly(middle.map { $0.count == 4 && $0[1] == 1 && $0[0] > 1 }) ?? false
    if depthwise || (table.outside.contains(prefix: "final.") && table.blocks.count > 4) {
      return .mobilenetV2(MobileNetV2())
    }
    return .resnet(ResNet(block: .basic, blocksPerStage: []))
  }

  private static func mobileNet(
    _ table: ShapeTable, _ semantics: Semantics, preset: MobileNetV2, isForced: Bool
  ) -> MobileNetV2 {
    var network = preset
    network.epsilon = semantics.epsilon
    network.padding = semantics.padding
    let outside = table.outside
    network.stemWidth =
      outside.side("stem.conv.weight", 0) ?? outside.side("stem.norm.weight", 0) ?? preset.stemWidth
    network.finalWidth =
      outside.side("final.conv.weight", 0) ?? outside.side("head.weight", 1) ?? preset.finalWidth
    network.classes = outside.side("head.weight", 0) ?? outside.side("head.bias", 0) ?? preset.classes
    network.inputChannels = outside.side("stem.conv.weight", 1) ?? preset.inputChannels
    for stage in network.widths.indices {
      let blocks = table.leaves(stage: stage)
      network.widths[stage] =
        majority(blocks.map { $0.side("conv3.weight", 0) })
        ?? majority(blocks.map { $0.side("norm3.weight", 0) }) ?? preset.widths[stage]
    }
    let inference = AttentionInference(table: table, semantics: semantics, channels: network.widths)
    let kind = isForced ? preset.attention?.kind : inference.networkKind()
    network.attention = kind.map { inference.attention($0, preset: preset.attention) }
    return network
  }

  private static func module(
    _ table: ShapeTable, _ semantics: Semantics, preset: AttentionModule?
  ) throws(ArchitectureError) -> AttentionModule {
    guard let leaves = table.moduleAttention ?? (preset == nil ? nil : [:]),
      let kind = preset?.attention.kind ?? AttentionInference.kind(of: [leaves])
    else {
      throw ArchitectureError(
        .unrecognizedArchitecture, "found an attention module of a kind unknown here",
        hint: "SE, CBAM, BAM, ECA and NAM are known")
    }
    let candidates = [
      leaves.side("reduce.weight", 1), leaves.side("expand.weight", 0),
      leaves.side("channel.reduce.weight", 1),
      leaves.side("channel.expand.weight", 0), leaves.side("spatial.reduce.weight", 1),
      kind == .nam ? leaves.side("channel.norm.weight", 0) : nil,
      kind == .eca ? leaves.side("conv.weight", 0).flatMap { $0 > 1 ? $0 : nil } : nil,
    ]
    let channels = majority(candidates) ?? preset?.channels
    let inference = AttentionInference(table: table, semantics: semantics, channels: [channels ?? 1])
    return AttentionModule(
      inference.attention(kind, preset: preset?.attention), channels: channels, epsilon: semantics.epsilon)
  }
}

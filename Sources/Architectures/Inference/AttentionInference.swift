/// Reads the kind and the variant of an attention module off names and shapes.
struct AttentionInference {
  private typealias Leaves = ShapeTable.Leaves

  private let table: ShapeTable
  private let semantics: Semantics
  /// Channels of the gated map at each place: behind each stage, or those of a single module.
  private let channels: [Int]

  init(table: ShapeTable, semantics: Semantics, channels: [Int]) {
    self.table = table
    self.semantics = semantics
    self.channels = channels
  }

  /// The kind of attention that at least half of the blocks, or of the places between stages, have.
  func networkKind() -> Attention.Kind? {
    let inside = table.blockAttention()
    if 2 * inside.count >= table.leaves().count, let kind = Self.kind(of: inside), kind != .bam {
      return kind
    }
    let between = Array(table.stageAttention.values)
    if 2 * between.count >= channels.count - 1, !between.isEmpty { return .bam }
    return nil
  }

  /// The kind that most names under `attention.` belong to. A name that two kinds share counts half.
  static func kind(of modules: [ShapeTable.Leaves]) -> Attention.Kind? {
    var votes: [Attention.Kind: Int] = [:]
    for name in modules.flatMap(\.keys) {
      for (prefix, kinds) in owners where name.hasPrefix(prefix) {
        for kind in kinds { votes[kind, default: 0] += kinds.count == 1 ? 2 : 1 }
        break
      }
    }
    // Of equal votes the kind with fewer parts wins: CBAM without a spatial gate over BAM, NAM over BAM.
    let order: [Attention.Kind] = [.squeezeExcitation, .eca, .nam, .cbam, .bam]
    var best: (kind: Attention.Kind, votes: Int)?
    for kind in order {
      if let count = votes[kind], count > best?.votes ?? 0 { best = (kind, count) }
    }
    return best?.kind
  }

  private static let owners: [(prefix: String, kinds: [Attention.Kind])] = [
    ("reduce.", [.squeezeExcitation]), ("expand.", [.squeezeExcitation]), ("conv.", [.eca]),
    ("spatial.conv.", [.cbam]), ("spatial.norm.", [.cbam]),
    ("spatial.", [.bam]), ("channel.hidden", [.bam]),
    ("channel.norm.", [.nam, .bam]),
    ("channel.reduce.", [.cbam, .bam]), ("channel.expand.", [.cbam, .bam]),
  ]

  /// The variant of a kind; sizes that no shape shows come from `preset`, then from the usual rule.
  func attention(_ kind: Attention.Kind, preset: Attention? = nil) -> Attention {
    switch kind {
    case .squeezeExcitation: squeezeExcitation(preset)
    case .cbam: cbam(preset)
    case .bam: bam(preset)
    case .eca: eca(preset)
    case .nam: .nam
    }
  }

  /// The modules at one place; a single module is the only one of the only place.
  private func modules(at place: Int, betweenStages: Bool) -> [Leaves] {
    if table.blocks.isEmpty { return table.moduleAttention.map { [$0] } ?? [] }
    if betweenStages { return table.stageAttention[place].map { [$0] } ?? [] }
    return table.blockAttention(stage: place)
  }

  private func modules(betweenStages: Bool) -> [Leaves] {
    places(betweenStages: betweenStages).flatMap { modules(at: $0, betweenStages: betweenStages) }
  }

  private func places(betweenStages: Bool) -> Range<Int> {
    let isSingle = table.blocks.isEmpty && channels.count == 1
    return 0..<(betweenStages && !isSingle ? channels.count - 1 : channels.count)
  }

  /// Hidden widths at each place from the shapes of two layers; where they are missing, the same share of the
  /// channels as elsewhere, or a sixteenth.
  private func hidden(reduce: String, expand: String, betweenStages: Bool, preset: [Int]?) -> [Int] {
    let places = places(betweenStages: betweenStages)
    let found = places.map { place in
      majority(
        modules(at: place, betweenStages: betweenStages).flatMap { leaves in
          [
            leaves.side(reduce + ".weight", 0), leaves.side(expand + ".weight", 1),
            leaves.side(reduce + ".bias", 0),
          ]
        })
    }
    let ratio = majority(zip(places, found).map { place, width in width.map { channels[place] / $0 } }) ?? 16
    return places.map { place in
      found[place] ?? (preset.flatMap { $0.indices.contains(place) ? $0[place] : nil })
        ?? max(channels[place] / max(ratio, 1), 1)
    }
  }

  private func squeezeExcitation(_ preset: Attention?) -> Attention {
    var given: Attention.SqueezeExcitation?
    if case .squeezeExcitation(let variant) = preset { given = variant }
    let modules = modules(betweenStages: false)
    return .squeezeExcitation(
      Attention.SqueezeExcitation(
        hidden: hidden(reduce: "reduce", expand: "expand", betweenStages: false, preset: given?.hidden),
        hasBias: mostly(modules.map { $0["reduce.bias"] != nil || $0["expand.bias"] != nil })
          ?? given?.hasBias ?? true))
  }

  private func cbam(_ preset: Attention?) -> Attention {
    var given: Attention.CBAM?
    if case .cbam(let variant) = preset { given = variant }
    let modules = modules(betweenStages: false)
    var gate = given == nil ? Attention.SpatialGate() : given?.spatial
    if let isThere = mostly(modules.map { $0.contains(prefix: "spatial.") }) {
      let fallback = gate ?? Attention.SpatialGate()
      let gated = modules.filter { $0.contains(prefix: "spatial.") }
      gate =
        isThere
        ? Attention.SpatialGate(
          kernel: majority(modules.map { $0.side("spatial.conv.weight", 3) }) ?? fallback.kernel,
          hasNorm: mostly(gated.map { $0.contains(prefix: "spatial.norm.") }) ?? fallback.hasNorm,
          hasBias: mostly(gated.map { $0["spatial.conv.bias"] != nil }) ?? fallback.hasBias)
        : nil
    }
    return .cbam(
      Attention.CBAM(
        hidden: hidden(
          reduce: "channel.reduce", expand: "channel.expand", betweenStages: false, preset: given?.hidden),
        channelBias: mostly(
          modules.map { $0["channel.reduce.bias"] != nil || $0["channel.expand.bias"] != nil })
          ?? given?.channelBias ?? true,
        spatial: gate, addsInput: semantics.cbamAddsInput))
  }

  private func bam(_ preset: Attention?) -> Attention {
    var given: Attention.BAM?
    if case .bam(let variant) = preset { given = variant }
    let modules = modules(betweenStages: true)
    func layers(_ prefix: String) -> Int? {
      majority(
        modules.map { leaves -> Int? in
          let indices = leaves.keys.compactMap { name -> Int? in
            guard name.hasPrefix(prefix) else { return nil }
            return name.dropFirst(prefix.count).split(separator: ".").first.flatMap { Int($0) }
          }
          return (indices.filter { (0..<Limits.branchLayers).contains($0) }.max() ?? -1) + 1
        })
    }
    return .bam(
      Attention.BAM(
        hidden: hidden(
          reduce: "channel.reduce", expand: "channel.expand", betweenStages: true, preset: given?.hidden),
        channelLayers: min(
          layers("channel.hidden.").map { $0 + 1 } ?? given?.channelLayers ?? 1, Limits.branchLayers),
        dilatedLayers: layers("spatial.dilated.") ?? given?.dilatedLayers ?? 2,
        dilation: semantics.bamDilation, padding: semantics.bamPadding,
        combination: semantics.bamCombination, channelPool: semantics.bamChannelPool))
  }

  private func eca(_ preset: Attention?) -> Attention {
    var given: Attention.ECA?
    if case .eca(let variant) = preset { given = variant }
    let modules = modules(betweenStages: false)
    let kernels = places(betweenStages: false).map { place -> Int in
      majority(self.modules(at: place, betweenStages: false).map { $0.side("conv.weight", 2) })
        ?? given.flatMap { $0.kernels.indices.contains(place) ? $0.kernels[place] : nil }
        ?? Attention.ECA.kernel(channels: channels[place])
    }
    let isShared = mostly(modules.compactMap { $0.side("conv.weight", 0) }.map { $0 == 1 })
    return .eca(
      Attention.ECA(
        kernels: kernels,
        hasBias: mostly(modules.map { $0["conv.bias"] != nil }) ?? given?.hasBias ?? false,
        edge: semantics.ecaEdge, isShared: isShared ?? given?.isShared ?? true))
  }
}

extension Attention.ECA {
  /// The kernel that the paper's adaptive rule gives for a number of channels (equation 12 with gamma 2 and b 1): the
  /// odd number at or next above |log2(channels) + 1| / 2, at least 3.
  static func kernel(channels: Int) -> Int {
    let bits = Int.bitWidth - 1 - max(channels, 1).leadingZeroBitCount
    let size = (bits + 1) / 2
    return max(size.isMultiple(of: 2) ? size + 1 : size, 3)
  }
}

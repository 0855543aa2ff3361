import Architectures

/// Small networks of every family and attention.
enum NarrowNetworks {
  struct Case: Sendable, CustomStringConvertible {
    var name: String
    var architecture: Architecture
    var side: Int

    var description: String { name }
  }

  static let all: [Case] = {
    let outputs = [16, 32, 64, 80]
    let attentions: [(String, Attention?)] = [
      ("cbam", .cbam(Attention.CBAM(hidden: [2, 2, 4, 5]))),
      ("plain", nil),
      (
        "cbam with input",
        .cbam(
          Attention.CBAM(
            hidden: [2, 2, 4, 5], channelBias: false,
            spatial: Attention.SpatialGate(kernel: 3, hasNorm: false, hasBias: true), addsInput: true))
      ),
      ("cbam without space", .cbam(Attention.CBAM(hidden: [2, 2, 4, 5], spatial: nil))),
      ("se", .squeezeExcitation(Attention.SqueezeExcitation(hidden: [2, 2, 4, 5], hasBias: false))),
      ("bam", .bam(Attention.BAM(hidden: [2, 2, 4]))),
      (
        "bam sum",
        .bam(Attention.BAM(hidden: [2, 2, 4], channelLayers: 2, combination: .sum, channelPool: .global))
      ),
      ("eca", .eca(Attention.ECA(kernels: [3, 3, 5, 5]))),
      ("nam", .nam),
    ]
    var cases = attentions.map { name, attention in
      Case(
        name: "bottleneck \(name)",
        architecture: .resnet(
          ResNet(
            block: .bottleneck, blocksPerStage: [2, 1, 1, 1], widths: [4, 8, 16, 20],
            stem: ResNet.Stem(.single(width: 8, kernel: 7, stride: 2), maxPool: ResNet.Stem.MaxPool()),
            attention: attention,
            classes: 10)),
        side: 32)
    }
    cases += attentions.map { name, attention in
      Case(
        name: "basic \(name)",
        architecture: .resnet(
          ResNet(
            block: .basic, blocksPerStage: [2, 2, 1, 1], widths: outputs,
            stem: ResNet.Stem(
              .deep(widths: [4, 6, 16]), maxPool: ResNet.Stem.MaxPool(padding: 0, ceilMode: true)),
            shortcut: .averagePool, attention: attention, activatesBeforeAttention: name == "se", classes: 10)
        ),
        side: 33)
    }
    cases.append(
      Case(
        name: "mobilenet",
        architecture: .mobilenetV2(
          MobileNetV2(
            stemWidth: 8, widths: [4, 6, 8, 12, 16, 20, 24], finalWidth: 40,
            attention: .eca(Attention.ECA(kernels: [1, 1, 3, 3, 3, 5, 5])), classes: 10)),
        side: 40))
    // As Keras builds them: padding by the size of the map, biases, shortcuts without a norm.
    for side in [32, 33] {
      cases.append(
        Case(
          name: "keras mobilenet on \(side)",
          architecture: .mobilenetV2(
            MobileNetV2(
              stemWidth: 16, widths: [8, 8, 16, 24, 32, 56, 112], finalWidth: 40, classes: 10, epsilon: 1e-3,
              padding: .same)),
          side: side))
      cases.append(
        Case(
          name: "keras cifar on \(side)",
          architecture: .resnet(
            ResNet(
              block: .basic, blocksPerStage: [1, 2, 1], stem: .cifar(width: 8),
              attention: .cbam(
                Attention.CBAM(
                  hidden: [1, 2, 4], spatial: Attention.SpatialGate(kernel: 7, hasNorm: false))),
              classes: 10, epsilon: 1e-3, convolutionBias: true, padding: .same, shortcutNorm: false)),
          side: side))
    }
    for block in ResNet.Block.allCases {
      cases.append(
        Case(
          name: "activated before convolutions, \(block.rawValue)",
          architecture: .resnet(
            ResNet(
              block: block, blocksPerStage: [2, 1], widths: [8, 12],
              stem: ResNet.Stem(.single(width: 8, kernel: 7, stride: 2), maxPool: ResNet.Stem.MaxPool()),
              attention: block == .basic
                ? .squeezeExcitation(Attention.SqueezeExcitation(hidden: [2, 3], hasBias: true)) : nil,
              classes: 10, epsilon: 2e-5, shortcutNorm: false, inputNorm: true, preActivation: true)),
          side: 32))
    }
    return cases
  }()
}

import Architectures
import Testing

/// A network as a known code base builds it, with the size of its state dict there.
struct ReferenceNetwork: CustomTestStringConvertible {
  /// The name of its table in `Fixtures/parameter-tables`, where there is one.
  var name: String
  var architecture: Architecture
  /// State-dict entries, buffers included.
  var entries: Int
  /// Trained parameters.
  var parameters: Int

  init(_ name: String, _ architecture: Architecture, entries: Int, parameters: Int) {
    self.name = name
    self.architecture = architecture
    self.entries = entries
    self.parameters = parameters
  }

  var testDescription: String { name }
}

/// A ResNet with one of the published depths.
func resnet(
  _ layers: Int, stem: ResNet.Stem = .imageNet, stridePosition: ResNet.StridePosition = .conv2,
  shortcut: ResNet.Shortcut = .convolution, headPool: ResNet.HeadPool = .adaptive, classes: Int = 1000,
  activatesBeforeAttention: Bool = false, attention: ([Int]) -> Attention? = { _ in nil }
) -> Architecture {
  let depths: [Int: (ResNet.Block, [Int])] = [
    18: (.basic, [2, 2, 2, 2]), 34: (.basic, [3, 4, 6, 3]), 50: (.bottleneck, [3, 4, 6, 3]),
    101: (.bottleneck, [3, 4, 23, 3]), 152: (.bottleneck, [3, 8, 36, 3]),
    20: (.basic, [3, 3, 3]), 32: (.basic, [5, 5, 5]), 56: (.basic, [9, 9, 9]),
  ]
  let (block, blocksPerStage) = depths[layers] ?? (.basic, [])
  let narrowest = layers == 20 || layers == 32 || layers == 56 ? 16 : 64
  var network = ResNet(
    block: block, blocksPerStage: blocksPerStage, widths: blocksPerStage.indices.map { narrowest << $0 },
    stem: stem,
    stridePosition: stridePosition, shortcut: shortcut, activatesBeforeAttention: activatesBeforeAttention,
    headPool: headPool, classes: classes)
  network.attention = attention(network.outputWidths)
  return .resnet(network)
}

/// The BAM of Jongchan/attention-module.
func officialBAM(_ channels: [Int]) -> Attention {
  .bam(Attention.BAM(hidden: channels.dropLast().map { $0 / 16 }))
}

/// The CBAM of Jongchan/attention-module.
func officialCBAM(_ channels: [Int]) -> Attention {
  .cbam(Attention.CBAM(hidden: channels.map { $0 / 16 }))
}

/// The CBAM of luuuyi/CBAM.PyTorch: no biases, no norm.
func plainCBAM(_ channels: [Int]) -> Attention {
  .cbam(
    Attention.CBAM(
      hidden: channels.map { $0 / 16 }, channelBias: false, spatial: Attention.SpatialGate(hasNorm: false)))
}

/// The CBAM of timm: no biases.
func timmCBAM(_ channels: [Int]) -> Attention {
  .cbam(Attention.CBAM(hidden: channels.map { $0 / 16 }, channelBias: false))
}

/// SE with a reduction of 16.
func squeezeExcitation(bias: Bool) -> ([Int]) -> Attention? {
  { channels in
    .squeezeExcitation(Attention.SqueezeExcitation(hidden: channels.map { $0 / 16 }, hasBias: bias))
  }
}

/// timm's SE: a reduction of 16, rounded to a multiple of 8 of at least 8.
func timmSqueezeExcitation(_ channels: [Int]) -> Attention {
  .squeezeExcitation(Attention.SqueezeExcitation(hidden: channels.map { max($0 / 16, 8) }, hasBias: true))
}

/// ECA with kernels per stage.
func eca(_ kernels: Int...) -> ([Int]) -> Attention? {
  { _ in .eca(Attention.ECA(kernels: kernels)) }
}

private let cifar = ResNet.Stem.cifar(width: 64)
private let caffe = ResNet.Stem(
  .single(width: 64, kernel: 7, stride: 2), maxPool: ResNet.Stem.MaxPool(padding: 0, ceilMode: true))
private let fixed = ResNet.HeadPool.fixed(kernel: 7, stride: 7)

/// A single module of 64 channels.
func module(_ attention: Attention, channels: Int? = 64) -> Architecture {
  .module(AttentionModule(attention, channels: channels))
}

/// The deep stems of timm.
func deep(_ widths: [Int]) -> ResNet.Stem {
  ResNet.Stem(.deep(widths: widths), maxPool: ResNet.Stem.MaxPool())
}

/// Counted on the authors' networks (see `Fixtures/parameter-tables`).
let referenceNetworks: [ReferenceNetwork] = [
  // Jongchan/attention-module
  .init("jc_imagenet_r18_none", resnet(18, headPool: fixed), entries: 122, parameters: 11_689_512),
  .init("jc_imagenet_r34_none", resnet(34, headPool: fixed), entries: 218, parameters: 21_797_672),
  .init("jc_imagenet_r50_none", resnet(50, headPool: fixed), entries: 320, parameters: 25_557_032),
  .init("jc_imagenet_r101_none", resnet(101, headPool: fixed), entries: 626, parameters: 44_549_160),
  .init("jc_imagenet_r18_bam", resnet(18, attention: officialBAM), entries: 218, parameters: 11_712_503),
  .init("jc_imagenet_r34_bam", resnet(34, attention: officialBAM), entries: 314, parameters: 21_820_663),
  .init("jc_imagenet_r50_bam", resnet(50, attention: officialBAM), entries: 416, parameters: 25_915_099),
  .init("jc_imagenet_r101_bam", resnet(101, attention: officialBAM), entries: 722, parameters: 44_907_227),
  .init("jc_imagenet_r18_cbam", resnet(18, attention: officialCBAM), entries: 202, parameters: 11_779_392),
  .init("jc_imagenet_r34_cbam", resnet(34, attention: officialCBAM), entries: 378, parameters: 21_960_468),
  .init("jc_imagenet_r50_cbam", resnet(50, attention: officialCBAM), entries: 480, parameters: 28_089_624),
  .init("jc_imagenet_r101_cbam", resnet(101, attention: officialCBAM), entries: 956, parameters: 49_330_172),
  .init("jc_cifar100_r18_none", resnet(18, stem: cifar, classes: 100), entries: 122, parameters: 11_220_132),
  .init("jc_cifar100_r50_none", resnet(50, stem: cifar, classes: 100), entries: 320, parameters: 23_705_252),
  .init(
    "jc_cifar100_r18_bam", resnet(18, stem: cifar, classes: 100, attention: officialBAM), entries: 218,
    parameters: 11_243_123),
  .init(
    "jc_cifar100_r101_bam", resnet(101, stem: cifar, classes: 100, attention: officialBAM), entries: 722,
    parameters: 43_055_447),
  .init(
    "jc_cifar100_r18_cbam", resnet(18, stem: cifar, classes: 100, attention: officialCBAM), entries: 202,
    parameters: 11_310_012),
  .init(
    "jc_cifar100_r50_cbam", resnet(50, stem: cifar, classes: 100, attention: officialCBAM), entries: 480,
    parameters: 26_237_844),
  // Christian-lyc/NAM
  .init("nam_imagenet_r18_nam", resnet(18, attention: { _ in .nam }), entries: 162, parameters: 11_693_352),
  .init("nam_imagenet_r34_nam", resnet(34, attention: { _ in .nam }), entries: 298, parameters: 21_805_224),
  .init("nam_imagenet_r50_nam", resnet(50, attention: { _ in .nam }), entries: 400, parameters: 25_587_240),
  .init("nam_imagenet_r101_nam", resnet(101, attention: { _ in .nam }), entries: 791, parameters: 44_614_184),
  .init(
    "nam_cifar100_r18_nam", resnet(18, stem: cifar, classes: 100, attention: { _ in .nam }), entries: 162,
    parameters: 11_223_972),
  // BangguWu/ECANet
  .init("ecanet_r18_k3577", resnet(18, attention: eca(3, 5, 7, 7)), entries: 130, parameters: 11_689_556),
  .init("ecanet_r34_k3357", resnet(34, attention: eca(3, 3, 5, 7)), entries: 234, parameters: 21_797_744),
  .init("ecanet_r50_k3333", resnet(50, attention: eca(3, 3, 3, 3)), entries: 336, parameters: 25_557_080),
  .init("ecanet_r50_k3557", resnet(50, attention: eca(3, 5, 5, 7)), entries: 336, parameters: 25_557_112),
  .init("ecanet_r101_k3357", resnet(101, attention: eca(3, 3, 5, 7)), entries: 659, parameters: 44_549_317),
  .init("ecanet_r152_k3357", resnet(152, attention: eca(3, 3, 5, 7)), entries: 982, parameters: 60_193_042),
  .init(
    "ecanet_mobilenetv2_k13",
    .mobilenetV2(MobileNetV2(attention: .eca(Attention.ECA(kernels: [1, 1, 1, 1, 3, 3, 3])))), entries: 331,
    parameters: 3_504_903),
  // moskomule/senet.pytorch
  .init(
    "moskomule_r18_se", resnet(18, attention: squeezeExcitation(bias: false)), entries: 138,
    parameters: 11_776_552),
  .init(
    "moskomule_r34_se", resnet(34, attention: squeezeExcitation(bias: false)), entries: 250,
    parameters: 21_954_856),
  .init(
    "moskomule_r50_se", resnet(50, attention: squeezeExcitation(bias: false)), entries: 352,
    parameters: 28_071_976),
  .init(
    "moskomule_r152_se", resnet(152, attention: squeezeExcitation(bias: false)), entries: 1032,
    parameters: 66_770_984),
  .init(
    "moskomule_cifar_r20_se",
    resnet(20, stem: .cifar(width: 16), classes: 10, attention: squeezeExcitation(bias: false)), entries: 146,
    parameters: 274_490),
  .init(
    "moskomule_cifar_r32_se",
    resnet(32, stem: .cifar(width: 16), classes: 10, attention: squeezeExcitation(bias: false)), entries: 230,
    parameters: 470_266),
  .init(
    "moskomule_cifar_r56_se",
    resnet(56, stem: .cifar(width: 16), classes: 10, attention: squeezeExcitation(bias: false)), entries: 398,
    parameters: 861_818),
  // Cadene/pretrained-models.pytorch and timm's legacy_*
  .init(
    "cadene_r50_se",
    resnet(50, stem: caffe, stridePosition: .conv1, attention: squeezeExcitation(bias: true)),
    entries: 384, parameters: 28_088_024),
  .init(
    "cadene_r152_se",
    resnet(152, stem: caffe, stridePosition: .conv1, attention: squeezeExcitation(bias: true)),
    entries: 1132, parameters: 66_821_848),
  .init(
    "timm_legacy_seresnet18",
    resnet(18, stem: caffe, activatesBeforeAttention: true, attention: squeezeExcitation(bias: true)),
    entries: 154, parameters: 11_778_592),
  // luuuyi/CBAM.PyTorch
  .init("luuuyi_r18_cbam", resnet(18, attention: plainCBAM), entries: 146, parameters: 11_777_336),
  .init("luuuyi_r50_cbam", resnet(50, attention: plainCBAM), entries: 368, parameters: 28_073_544),
  .init("luuuyi_r152_cbam", resnet(152, attention: plainCBAM), entries: 1082, parameters: 66_775_884),
  // timm
  .init(
    "timm_resnet18_se", resnet(18, attention: timmSqueezeExcitation), entries: 154, parameters: 11_779_624),
  .init(
    "timm_resnet50_se", resnet(50, attention: timmSqueezeExcitation), entries: 384, parameters: 28_088_024),
  .init("timm_resnet18_eca", resnet(18, attention: eca(3, 5, 5, 5)), entries: 130, parameters: 11_689_548),
  .init("timm_resnet50_eca", resnet(50, attention: eca(5, 5, 5, 7)), entries: 336, parameters: 25_557_118),
  .init("timm_resnet18_cbam", resnet(18, attention: timmCBAM), entries: 186, parameters: 11_777_352),
  .init("timm_resnet50_cbam", resnet(50, attention: timmCBAM), entries: 448, parameters: 28_073_576),
  .init(
    "timm_ecaresnet50d",
    resnet(50, stem: deep([32, 32, 64]), shortcut: .averagePool, attention: eca(5, 5, 5, 7)), entries: 348,
    parameters: 25_576_350),
  .init(
    "timm_ecaresnet50t",
    resnet(50, stem: deep([24, 32, 64]), shortcut: .averagePool, attention: eca(5, 5, 5, 7)), entries: 348,
    parameters: 25_573_814),
  // torchvision
  .init("tv_resnet18", resnet(18), entries: 122, parameters: 11_689_512),
  .init("tv_resnet50", resnet(50), entries: 320, parameters: 25_557_032),
  .init("tv_mobilenet_v2", .mobilenetV2(MobileNetV2()), entries: 314, parameters: 3_504_872),
  // Single modules of the authors and of xmu-xiaoma666/External-Attention-pytorch
  .init("mod_bam_c64", module(.bam(Attention.BAM(hidden: [4]))), entries: 32, parameters: 1173),
  .init("mod_cbam_c64", module(.cbam(Attention.CBAM(hidden: [4]))), entries: 10, parameters: 680),
  .init(
    "mod_cbamnospatial_c64", module(.cbam(Attention.CBAM(hidden: [4], spatial: nil))), entries: 4,
    parameters: 580),
  .init("mod_eca_k3", module(.eca(Attention.ECA(kernels: [3])), channels: nil), entries: 1, parameters: 3),
  .init("mod_eca_k5", module(.eca(Attention.ECA(kernels: [5])), channels: nil), entries: 1, parameters: 5),
  .init(
    "mod_ecans_k3", module(.eca(Attention.ECA(kernels: [3], isShared: false))), entries: 1, parameters: 192),
  .init("mod_nam_c64", module(.nam), entries: 5, parameters: 128),
  .init(
    "mod_se_c64", module(.squeezeExcitation(Attention.SqueezeExcitation(hidden: [4], hasBias: false))),
    entries: 2,
    parameters: 512),
  .init(
    "xmu_se_c64r16", module(.squeezeExcitation(Attention.SqueezeExcitation(hidden: [4], hasBias: false))),
    entries: 2, parameters: 512),
  .init(
    "xmu_bam_c64r16",
    module(
      .bam(
        Attention.BAM(
          hidden: [4], channelLayers: 3, dilatedLayers: 3, dilation: 2, padding: 1, combination: .sum,
          channelPool: .global))),
    entries: 53, parameters: 1385),
  .init(
    "xmu_cbam_k49",
    module(
      .cbam(
        Attention.CBAM(
          hidden: [4], channelBias: false,
          spatial: Attention.SpatialGate(kernel: 49, hasNorm: false, hasBias: true),
          addsInput: true))),
    entries: 4, parameters: 5315),
  .init(
    "xmu_eca_k3", module(.eca(Attention.ECA(kernels: [3], hasBias: true)), channels: nil), entries: 2,
    parameters: 4),
]

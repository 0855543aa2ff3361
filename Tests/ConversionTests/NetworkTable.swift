import Testing

/// What each table of `Fixtures/parameter-tables` must be recognised as.
struct NetworkTable: CustomTestStringConvertible, Sendable {
  var table: String
  var architecture: String
  var dialect: String
  /// Entries of the state dict, batch counts included.
  var entries: Int
  /// Trained parameters.
  var parameters: Int
  /// Dialects that give the same tensors.
  var alternatives: [String]

  var testDescription: String { table }

  /// Entries and parameters are counted from the tables by another program.
  static let all: [NetworkTable] = [
    .init("cadene_r152_se", "resnet152-se", "cadene", 1132, 66_821_848),
    .init("cadene_r50_se", "resnet50-se", "cadene", 384, 28_088_024),
    .init("ecanet_mobilenetv2_k13", "mobilenetv2-eca", "ecanet", 331, 3_504_903),
    .init("ecanet_r152_k3357", "resnet152-eca", "ecanet", 982, 60_193_042),
    .init("ecanet_r18_k3577", "resnet18-eca", "ecanet", 130, 11_689_556),
    .init("ecanet_r50_k3557", "resnet50-eca", "ecanet", 336, 25_557_112),
    .init("jc_cifar100_r18_bam", "resnet18-bam-cifar", "attention-module", 218, 11_243_123),
    .init("jc_cifar100_r18_cbam", "resnet18-cbam-cifar", "attention-module", 202, 11_310_012),
    .init("jc_cifar100_r18_none", "resnet18-cifar", "attention-module", 122, 11_220_132, ["senet-moskomule"]),
    .init("jc_imagenet_r101_bam", "resnet101-bam", "attention-module", 722, 44_907_227),
    .init("jc_imagenet_r101_cbam", "resnet101-cbam", "attention-module", 956, 49_330_172),
    .init("jc_imagenet_r18_bam", "resnet18-bam", "attention-module", 218, 11_712_503),
    .init("jc_imagenet_r18_cbam", "resnet18-cbam", "attention-module", 202, 11_779_392),
    .init(
      "jc_imagenet_r18_none", "resnet18", "torchvision", 122, 11_689_512,
      ["attention-module", "timm", "senet-moskomule"]
    ),
    .init("jc_imagenet_r50_bam", "resnet50-bam", "attention-module", 416, 25_915_099),
    .init("jc_imagenet_r50_cbam", "resnet50-cbam", "attention-module", 480, 28_089_624),
    .init(
      "jc_imagenet_r50_none", "resnet50", "torchvision", 320, 25_557_032,
      ["attention-module", "timm", "senet-moskomule"]
    ),
    .init("keras/mobilenet_v2", "mobilenetv2", "keras-applications", 262, 3_504_872),
    .init("keras/resnet50", "resnet50", "keras-applications", 320, 25_583_592),
    .init("luuuyi_r152_cbam", "resnet152-cbam", "luuuyi-cbam", 1082, 66_775_884),
    .init("luuuyi_r18_cbam", "resnet18-cbam", "luuuyi-cbam", 146, 11_777_336),
    .init("luuuyi_r50_cbam", "resnet50-cbam", "luuuyi-cbam", 368, 28_073_544),
    .init("mod_bam_c64", "bam-module", "attention-module", 32, 1173),
    .init("mod_cbam_c64", "cbam-module", "attention-module", 10, 680),
    .init("mod_cbamnospatial_c64", "cbam-module", "attention-module", 4, 580),
    .init("mod_eca_k3", "eca-module", "ecanet", 1, 3, ["external-attention"]),
    .init("mod_eca_k5", "eca-module", "ecanet", 1, 5, ["external-attention"]),
    .init("mod_ecans_k3", "eca-module", "ecanet", 1, 192, ["external-attention"]),
    .init("mod_nam_c64", "nam-module", "nam", 5, 128),
    .init("mod_se_c64", "se-module", "senet-moskomule", 2, 512, ["external-attention"]),
    .init("moskomule_cifar_r20_se", "resnet20-se-cifar", "senet-moskomule", 146, 274_490),
    .init("moskomule_cifar_r56_se", "resnet56-se-cifar", "senet-moskomule", 398, 861_818),
    .init("moskomule_r152_se", "resnet152-se", "senet-moskomule", 1032, 66_770_984),
    .init("moskomule_r18_se", "resnet18-se", "senet-moskomule", 138, 11_776_552),
    .init("moskomule_r50_se", "resnet50-se", "senet-moskomule", 352, 28_071_976),
    .init("nam_cifar100_r18_nam", "resnet18-nam-cifar", "nam", 162, 11_223_972),
    .init("nam_imagenet_r101_nam", "resnet101-nam", "nam", 791, 44_614_184),
    .init("nam_imagenet_r18_nam", "resnet18-nam", "nam", 162, 11_693_352),
    .init("nam_imagenet_r50_nam", "resnet50-nam", "nam", 400, 25_587_240),
    .init("timm_ecaresnet50d", "resnet50d-eca", "timm", 348, 25_576_350),
    .init("timm_ecaresnet50t", "resnet50t-eca", "timm", 348, 25_573_814),
    .init("timm_legacy_seresnet18", "resnet18-se", "cadene", 154, 11_778_592),
    .init("timm_legacy_seresnet50", "resnet50-se", "cadene", 384, 28_088_024),
    .init("timm_resnet18_cbam", "resnet18-cbam", "timm", 186, 11_777_352),
    .init("timm_resnet18_eca", "resnet18-eca", "timm", 130, 11_689_548),
    .init("timm_resnet18_se", "resnet18-se", "timm", 154, 11_779_624),
    .init("timm_resnet50_cbam", "resnet50-cbam", "timm", 448, 28_073_576),
    .init("timm_resnet50_eca", "resnet50-eca", "timm", 336, 25_557_118),
    .init("timm_resnet50_se", "resnet50-se", "timm", 384, 28_088_024),
    .init("tv_mobilenet_v2", "mobilenetv2", "torchvision", 314, 3_504_872),
    .init(
      "tv_resnet18", "resnet18", "torchvision", 122, 11_689_512,
      ["attention-module", "timm", "senet-moskomule"]
    ),
    .init(
      "tv_resnet50", "resnet50", "torchvision", 320, 25_557_032,
      ["attention-module", "timm", "senet-moskomule"]
    ),
    .init("xmu_bam_c64r16", "bam-module", "external-attention", 53, 1385),
    .init("xmu_cbam_k49", "cbam-module", "external-attention", 4, 5315),
    .init("xmu_cbam_k7", "cbam-module", "external-attention", 4, 611),
    .init("xmu_eca_k3", "eca-module", "external-attention", 2, 4, ["ecanet"]),
    .init("xmu_se_c64r16", "se-module", "senet-moskomule", 2, 512, ["external-attention"]),
  ]

  private init(
    _ table: String, _ architecture: String, _ dialect: String, _ entries: Int, _ parameters: Int,
    _ alternatives: [String] = []
  ) {
    self.table = table
    self.architecture = architecture
    self.dialect = dialect
    self.entries = entries
    self.parameters = parameters
    self.alternatives = alternatives
  }
}

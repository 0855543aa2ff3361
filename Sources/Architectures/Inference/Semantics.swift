public import JSON

/// What names and shapes of tensors do not show about a network. The code base that wrote a checkpoint decides it,
/// so each dialect supplies it. Every default is what torchvision does, or the paper's official code for what
/// torchvision does not have.
public struct Semantics: Hashable, Sendable {
  /// Which convolution of a bottleneck halves the map. Default: the second. Basic blocks always use the first.
  public var stridePosition = ResNet.StridePosition.conv2
  /// Padding of the stem's 3x3 max pool of stride 2. Default: 1.
  public var maxPoolPadding = 1
  /// Whether that pool rounds the number of windows up. Default: false.
  public var maxPoolCeilMode = false
  /// How shortcuts halve the map behind a stem of one convolution. Default: by a convolution.
  public var shortcut = ResNet.Shortcut.convolution
  /// How shortcuts halve the map behind a stem of three convolutions. Default: by an average pool (ResNet-D).
  public var deepStemShortcut = ResNet.Shortcut.averagePool
  /// Whether basic blocks end in a ReLU before their attention (timm's `legacy_seresnet18`). Default: false.
  public var basicBlockActivatesBeforeAttention = false
  /// The pool before the head of a ResNet with a max pool in its stem. Default: adaptive.
  public var headPool = ResNet.HeadPool.adaptive
  /// The pool before the head of a ResNet without one (CIFAR). Default: adaptive.
  public var cifarHeadPool = ResNet.HeadPool.adaptive
  /// What lies beyond the first and last channel in ECA's convolution. Default: zeros.
  public var ecaEdge = ChannelConvolution.Edge.zero
  /// How BAM combines its branches. Default: their product.
  public var bamCombination = Attention.BAM.Combination.product
  /// Dilation of BAM's 3x3 convolutions. Default: 4.
  public var bamDilation = 4
  /// Padding of BAM's 3x3 convolutions. Default: 4.
  public var bamPadding = 4
  /// How BAM's channel branch pools. Default: over a square, as the official code does.
  public var bamChannelPool = Attention.BAM.ChannelPool.square
  /// Whether CBAM adds its input to its output. Default: false.
  public var cbamAddsInput = false
  /// What the norms add to the variance. Default: 1e-5.
  public var epsilon = 1e-5
  /// How the convolutions of a network are padded. Default: symmetrically.
  public var padding = PaddingRule.symmetric

  /// Creates the defaults.
  public init() {}

  private static let members = [
    "stridePosition", "maxPoolPadding", "maxPoolCeilMode", "shortcut", "deepStemShortcut",
    "basicBlockActivatesBeforeAttention", "headPool", "cifarHeadPool", "ecaEdge", "bamCombination",
    "bamDilation", "bamPadding", "bamChannelPool", "cbamAddsInput", "epsilon", "padding",
  ]

  /// Reads the members of a JSON object strictly; all are optional, unknown ones are refused.
  public init(json: JSONValue) throws(ArchitectureError) {
    let reader = try DescriptionReader(json, path: "semantics", known: Self.members)
    func has(_ name: String) -> Bool { reader.contains(name) }
    if has("stridePosition") {
      stridePosition = try reader.choice("stridePosition", of: ResNet.StridePosition.self)
    }
    if has("maxPoolPadding") { maxPoolPadding = try reader.integer("maxPoolPadding", in: 0...1) }
    if has("maxPoolCeilMode") { maxPoolCeilMode = try reader.boolean("maxPoolCeilMode") }
    if has("shortcut") { shortcut = try reader.choice("shortcut", of: ResNet.Shortcut.self) }
    if has("deepStemShortcut") {
      deepStemShortcut = try reader.choice("deepStemShortcut", of: ResNet.Shortcut.self)
    }
    if has("basicBlockActivatesBeforeAttention") {
      basicBlockActivatesBeforeAttention = try reader.boolean("basicBlockActivatesBeforeAttention")
    }
    if has("headPool") {
      headPool = try ResNet.HeadPool(reader.value("headPool"), path: reader.label("headPool"))
    }
    if has("cifarHeadPool") {
      cifarHeadPool = try ResNet.HeadPool(reader.value("cifarHeadPool"), path: reader.label("cifarHeadPool"))
    }
    if has("ecaEdge") { ecaEdge = try reader.choice("ecaEdge", of: ChannelConvolution.Edge.self) }
    if has("bamCombination") {
      bamCombination = try reader.choice("bamCombination", of: Attention.BAM.Combination.self)
    }
    if has("bamDilation") { bamDilation = try reader.integer("bamDilation", in: 1...Limits.step) }
    if has("bamPadding") { bamPadding = try reader.integer("bamPadding", in: 0...Limits.step) }
    if has("bamChannelPool") {
      bamChannelPool = try reader.choice("bamChannelPool", of: Attention.BAM.ChannelPool.self)
    }
    if has("cbamAddsInput") { cbamAddsInput = try reader.boolean("cbamAddsInput") }
    if has("epsilon") { epsilon = try reader.epsilon("epsilon") }
    if has("padding") { padding = try reader.choice("padding", of: PaddingRule.self) }
  }

  /// All members as a JSON object.
  public var json: JSONValue {
    [
      "stridePosition": .string(stridePosition.rawValue),
      "maxPoolPadding": .integer(maxPoolPadding),
      "maxPoolCeilMode": .bool(maxPoolCeilMode),
      "shortcut": .string(shortcut.rawValue),
      "deepStemShortcut": .string(deepStemShortcut.rawValue),
      "basicBlockActivatesBeforeAttention": .bool(basicBlockActivatesBeforeAttention),
      "headPool": headPool.json,
      "cifarHeadPool": cifarHeadPool.json,
      "ecaEdge": .string(ecaEdge.rawValue),
      "bamCombination": .string(bamCombination.rawValue),
      "bamDilation": .integer(bamDilation),
      "bamPadding": .integer(bamPadding),
      "bamChannelPool": .string(bamChannelPool.rawValue),
      "cbamAddsInput": .bool(cbamAddsInput),
      "epsilon": .number(epsilon),
      "padding": .string(padding.rawValue),
    ]
  }
}

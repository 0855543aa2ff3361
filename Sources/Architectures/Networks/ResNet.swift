/// A residual network (He et al. 2016) and its variant.
///
/// Stage 0 keeps the size of the map, every later stage halves it in its first block. A block has a shortcut
/// convolution where it changes the size or the channels, and none elsewhere.
public struct ResNet: Hashable, Sendable {
  /// The kinds of residual block.
  public enum Block: String, Hashable, Sendable, CaseIterable {
    /// Two 3x3 convolutions.
    case basic
    /// 1x1, 3x3 and 1x1 convolutions; the output is `expansion` times wider.
    case bottleneck
  }

  /// Which convolution of a block halves the map.
  public enum StridePosition: String, Hashable, Sendable, CaseIterable {
    /// The first one; all basic blocks, and bottlenecks as in the paper and in Caffe.
    case conv1
    /// The second one, the 3x3 of a bottleneck, as in torchvision (ResNet v1.5).
    case conv2
  }

  /// How the shortcut halves the map.
  public enum Shortcut: String, Hashable, Sendable, CaseIterable {
    /// By the stride of its 1x1 convolution.
    case convolution
    /// By a 2x2 average pool before a 1x1 convolution of stride 1 (ResNet-D, He et al. 2019; timm's `d` and `t`). The
    /// pool has ceil mode and does not count padding.
    case averagePool
  }

  /// What precedes the first stage; every convolution is followed by a norm and a ReLU.
  public struct Stem: Hashable, Sendable {
    /// The convolutions of a stem.
    public enum Convolutions: Hashable, Sendable {
      /// One convolution: 7x7 of stride 2 for ImageNet, 3x3 of stride 1 for CIFAR.
      case single(width: Int, kernel: Int, stride: Int)
      /// Three 3x3 convolutions of given widths, the first of stride 2 (ResNet-C, He et al. 2019).
      case deep(widths: [Int])
    }

    /// The max pool behind the convolutions: 3x3 of stride 2.
    public struct MaxPool: Hashable, Sendable {
      /// 1 in torchvision, 0 in Caffe.
      public var padding: Int
      /// False in torchvision, true in Caffe.
      public var ceilMode: Bool

      /// Creates a pool; the defaults are those of torchvision.
      public init(padding: Int = 1, ceilMode: Bool = false) {
        self.padding = padding
        self.ceilMode = ceilMode
      }
    }

    /// The convolutions.
    public var convolutions: Convolutions
    /// The pool; `nil` for CIFAR stems.
    public var maxPool: MaxPool?

    /// Creates a stem.
    public init(_ convolutions: Convolutions, maxPool: MaxPool?) {
      self.convolutions = convolutions
      self.maxPool = maxPool
    }

    /// One 7x7 convolution of stride 2 and a max pool.
    public static let imageNet = Stem(.single(width: 64, kernel: 7, stride: 2), maxPool: MaxPool())

    /// One 3x3 convolution of stride 1, no pool.
    public static func cifar(width: Int) -> Stem {
      Stem(.single(width: width, kernel: 3, stride: 1), maxPool: nil)
    }

    /// Channels behind the stem.
    public var width: Int {
      switch convolutions {
      case .single(let width, _, _): width
      case .deep(let widths): widths.last ?? 0
      }
    }
  }

  /// The average pool before the head.
  public enum HeadPool: Hashable, Sendable {
    /// Over the whole map, whatever its size.
    case adaptive
    /// Over windows of fixed size. The map is flattened behind it, so exactly one window must fit; what lies
    /// outside of that window at the top left does not count.
    case fixed(kernel: Int, stride: Int)
  }

  /// The kind of block.
  public var block: Block
  /// Blocks of each stage.
  public var blocksPerStage: [Int]
  /// Inner width of the blocks of each stage: 64, 128, 256, 512 for ImageNet.
  public var widths: [Int]
  /// Output width of a block relative to its inner width: 1 for basic blocks, 4 for bottlenecks.
  public var expansion: Int
  /// What precedes the first stage.
  public var stem: Stem
  /// Which convolution of a block halves the map; `conv1` for basic blocks.
  public var stridePosition: StridePosition
  /// How the shortcut halves the map.
  public var shortcut: Shortcut
  /// The attention module; `nil` for a plain network.
  public var attention: Attention?
  /// Whether a ReLU follows the last norm of a block, before the attention (timm's `legacy_seresnet18` and `34`).
  public var activatesBeforeAttention: Bool
  /// The average pool before the head.
  public var headPool: HeadPool
  /// Number of classes.
  public var classes: Int
  /// Channels of the input.
  public var inputChannels: Int
  /// What the norms add to the variance.
  public var epsilon: Double
  /// Whether the convolutions of stem, blocks and shortcuts have biases (Keras).
  public var convolutionBias: Bool
  /// How the convolutions of stem, blocks and shortcuts are padded.
  public var padding: PaddingRule
  /// Whether a norm follows the convolution of a shortcut; false in Keras' ResNet for CIFAR.
  public var shortcutNorm: Bool
  /// Whether the input is normed, without a scale, before the stem (qubvel, after MXNet's ResNets).
  public var inputNorm: Bool
  /// Whether norms and ReLUs precede the convolutions of blocks, and a last norm and ReLU the head (He et al. 2016,
  /// "Identity Mappings in Deep Residual Networks"). The first block of every stage then has a shortcut convolution, which
  /// reads its first ReLU.
  public var preActivation: Bool

  /// Creates a description; the defaults are those of torchvision. Basic blocks always stride in `conv1`.
  public init(
    block: Block, blocksPerStage: [Int], widths: [Int]? = nil, expansion: Int? = nil, stem: Stem = .imageNet,
    stridePosition: StridePosition = .conv2, shortcut: Shortcut = .convolution, attention: Attention? = nil,
    activatesBeforeAttention: Bool = false, headPool: HeadPool = .adaptive, classes: Int = 1000,
    inputChannels: Int = 3, epsilon: Double = 1e-5, convolutionBias: Bool = false,
    padding: PaddingRule = .symmetric, shortcutNorm: Bool = true, inputNorm: Bool = false,
    preActivation: Bool = false
  ) {
    self.block = block
    self.blocksPerStage = blocksPerStage
    self.widths = widths ?? blocksPerStage.indices.map { stem.width << min($0, Limits.stages) }
    self.expansion = expansion ?? (block == .basic ? 1 : 4)
    self.stem = stem
    self.stridePosition = block == .basic ? .conv1 : stridePosition
    self.shortcut = shortcut
    self.attention = attention
    self.activatesBeforeAttention = activatesBeforeAttention
    self.headPool = headPool
    self.classes = classes
    self.inputChannels = inputChannels
    self.epsilon = epsilon
    self.convolutionBias = convolutionBias
    self.padding = padding
    self.shortcutNorm = shortcutNorm
    self.inputNorm = inputNorm
    self.preActivation = preActivation
  }

  /// How many times smaller than the input, on each side, the map before the head is: 32 for ImageNet.
  public var totalStride: Int {
    let stemStride =
      switch stem.convolutions {
      case .single(_, _, let stride): stride
      case .deep: 2
      }
    return (stem.maxPool == nil ? stemStride : stemStride * 2) << max(blocksPerStage.count - 1, 0)
  }

  /// Channels behind each stage.
  public var outputWidths: [Int] { widths.map { $0 * expansion } }
}

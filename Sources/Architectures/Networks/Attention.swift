/// An attention module and the variant of it. Lists hold one number per stage of the network; for BAM, which
/// sits between stages, one per stage but the last; for a single module, one.
public enum Attention: Hashable, Sendable {
  /// Squeeze-and-excitation (Hu et al. 2018), inside every block.
  case squeezeExcitation(SqueezeExcitation)
  /// The convolutional block attention module (Woo et al. 2018), inside every block.
  case cbam(CBAM)
  /// The bottleneck attention module (Park et al. 2018), after every stage but the last.
  case bam(BAM)
  /// Efficient channel attention (Wang et al. 2020), inside every block.
  case eca(ECA)
  /// Normalization-based attention (Liu et al. 2021), channel part, inside every block. The spatial part was
  /// never released.
  case nam

  /// Gates channels by a two-layer perceptron of their means.
  public struct SqueezeExcitation: Hashable, Sendable {
    /// Width of the hidden layer.
    public var hidden: [Int]
    /// Whether both layers have biases.
    public var hasBias: Bool

    /// Creates a variant.
    public init(hidden: [Int], hasBias: Bool) {
      self.hidden = hidden
      self.hasBias = hasBias
    }
  }

  /// Gates channels by a perceptron shared by their means and maxima, then positions by a convolution over
  /// the maximum and the mean of the channels.
  public struct CBAM: Hashable, Sendable {
    /// Width of the perceptron's hidden layer.
    public var hidden: [Int]
    /// Whether both layers of the perceptron have biases.
    public var channelBias: Bool
    /// The gate of positions; `nil` where there is none.
    public var spatial: SpatialGate?
    /// Whether the input is added to the output (External-Attention-pytorch).
    public var addsInput: Bool

    /// Creates a variant.
    public init(
      hidden: [Int], channelBias: Bool = true, spatial: SpatialGate? = SpatialGate(), addsInput: Bool = false
    ) {
      self.hidden = hidden
      self.channelBias = channelBias
      self.spatial = spatial
      self.addsInput = addsInput
    }
  }

  /// CBAM's gate of positions. Its convolution reads the maximum first, the mean second.
  public struct SpatialGate: Hashable, Sendable {
    /// Side of the convolution's kernel; odd.
    public var kernel: Int
    /// Whether a batch norm follows the convolution.
    public var hasNorm: Bool
    /// Whether the convolution has a bias.
    public var hasBias: Bool

    /// Creates a gate; the defaults are those of the official module.
    public init(kernel: Int = 7, hasNorm: Bool = true, hasBias: Bool = false) {
      self.kernel = kernel
      self.hasNorm = hasNorm
      self.hasBias = hasBias
    }
  }

  /// Multiplies the input by 1 + sigmoid of a channel branch combined with a spatial branch.
  public struct BAM: Hashable, Sendable {
    /// How the two branches become one.
    public enum Combination: String, Hashable, Sendable, CaseIterable {
      /// Their product, as the official code has it.
      case product
      /// Their sum, as the paper has it.
      case sum
    }

    /// How the channel branch pools.
    public enum ChannelPool: String, Hashable, Sendable, CaseIterable {
      /// Over the H x H square at the left, as the official code has it.
      case square
      /// Over the whole map.
      case global
    }

    /// Width of both branches.
    public var hidden: [Int]
    /// Normed layers of the channel branch; 1 in the official code.
    public var channelLayers: Int
    /// Dilated 3x3 convolutions of the spatial branch; 2 in the official code.
    public var dilatedLayers: Int
    /// Their dilation; 4 in the official code.
    public var dilation: Int
    /// Their padding; 4 in the official code. Less than the dilation makes the map shrink.
    public var padding: Int
    /// How the branches are combined.
    public var combination: Combination
    /// How the channel branch pools.
    public var channelPool: ChannelPool

    /// Creates a variant; the defaults are those of the official module.
    public init(
      hidden: [Int], channelLayers: Int = 1, dilatedLayers: Int = 2, dilation: Int = 4, padding: Int = 4,
      combination: Combination = .product, channelPool: ChannelPool = .square
    ) {
      self.hidden = hidden
      self.channelLayers = channelLayers
      self.dilatedLayers = dilatedLayers
      self.dilation = dilation
      self.padding = padding
      self.combination = combination
      self.channelPool = channelPool
    }
  }

  /// Gates channels by a one-dimensional convolution over their means.
  public struct ECA: Hashable, Sendable {
    /// Lengths of the kernels; odd.
    public var kernels: [Int]
    /// Whether the convolution has a bias (External-Attention-pytorch).
    public var hasBias: Bool
    /// What lies beyond the first and the last channel.
    public var edge: ChannelConvolution.Edge
    /// Whether all channels share one kernel; false for ECA-NS, which has one per channel.
    public var isShared: Bool

    /// Creates a variant; the defaults are those of the official module.
    public init(
      kernels: [Int], hasBias: Bool = false, edge: ChannelConvolution.Edge = .zero, isShared: Bool = true
    ) {
      self.kernels = kernels
      self.hasBias = hasBias
      self.edge = edge
      self.isShared = isShared
    }
  }

  /// The kinds of attention, without their variants.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Squeeze-and-excitation.
    case squeezeExcitation = "se"
    /// The convolutional block attention module.
    case cbam
    /// The bottleneck attention module.
    case bam
    /// Efficient channel attention.
    case eca
    /// Normalization-based attention.
    case nam
  }

  /// Which kind of attention this is; its raw value is the word used in names and descriptions.
  public var kind: Kind {
    switch self {
    case .squeezeExcitation: .squeezeExcitation
    case .cbam: .cbam
    case .bam: .bam
    case .eca: .eca
    case .nam: .nam
    }
  }

  /// Whether the module sits between stages and not inside blocks.
  public var followsStages: Bool { kind == .bam }

  /// How many numbers the variant's list holds; `nil` where it has none.
  var placeCount: Int? {
    switch self {
    case .squeezeExcitation(let variant): variant.hidden.count
    case .cbam(let variant): variant.hidden.count
    case .bam(let variant): variant.hidden.count
    case .eca(let variant): variant.kernels.count
    case .nam: nil
    }
  }
}

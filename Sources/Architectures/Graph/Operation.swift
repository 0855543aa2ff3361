/// One computation of a network, with everything an executor needs besides the weights.
///
/// Activations are [batch, channels, height, width] (maps) or [batch, channels] (vectors). All semantics are
/// those of evaluation mode in PyTorch.
public enum Operation: Hashable, Sendable {
  /// A two-dimensional convolution (cross-correlation, as in all deep-learning frameworks).
  case convolution(Convolution)
  /// Batch norm with running statistics: (x - mean) / sqrt(variance + epsilon) * weight + bias per channel;
  /// on maps and on vectors.
  case batchNorm(BatchNorm)
  /// A fully connected layer on vectors: x · weightᵀ + bias.
  case linear(Linear)
  /// max(x, 0).
  case relu
  /// min(max(x, 0), 6).
  case relu6
  /// 1 / (1 + exp(-x)).
  case sigmoid
  /// The largest element of each window; padding never wins.
  case maxPool(Pool)
  /// The mean of each window.
  case averagePool(Pool)
  /// The mean of each channel: [N, C, H, W] -> [N, C, 1, 1].
  case globalAveragePool
  /// The largest element of each channel: [N, C, H, W] -> [N, C, 1, 1].
  case globalMaxPool
  /// The average pool of the official BAM: window and stride are H x H, the height used for both sides, so
  /// [N, C, H, W] -> [N, C, 1, W / H]. Only H <= W < 2 H leaves one value per channel, the mean of the H x H
  /// square at the left.
  case squareAveragePool
  /// Two maps from many, in this order: the maximum and the mean over the channels;
  /// [N, C, H, W] -> [N, 2, H, W].
  case channelStatistics
  /// The one-dimensional convolution of ECA along the channel axis: [N, C, 1, 1] -> [N, C, 1, 1].
  case channelConvolution(ChannelConvolution)
  /// NAM's weighting: each channel is multiplied by |weight[c]| / sum |weight| of a norm.
  case normWeightScale(NormWeightScale)
  /// The sum of two inputs, broadcast over sides of size 1.
  case add
  /// The product of two inputs, broadcast over sides of size 1: a gate is [N, C, 1, 1] or [N, 1, H, W].
  case multiply
  /// The sum with a constant.
  case addScalar(Double)
  /// [N, C, H, W] -> [N, C * H * W], in that order.
  case flatten
  /// [N, C] -> [N, C, 1, 1].
  case unflatten

  /// A short name for tables: `convolution`, `batch norm`, ...
  public var kind: String {
    switch self {
    case .convolution(let layer): layer.isDepthwise ? "depthwise convolution" : "convolution"
    case .batchNorm: "batch norm"
    case .linear: "linear"
    case .relu: "relu"
    case .relu6: "relu6"
    case .sigmoid: "sigmoid"
    case .maxPool: "max pool"
    case .averagePool: "average pool"
    case .globalAveragePool: "global average pool"
    case .globalMaxPool: "global max pool"
    case .squareAveragePool: "square average pool"
    case .channelStatistics: "channel statistics"
    case .channelConvolution: "channel convolution"
    case .normWeightScale: "norm weight scale"
    case .add: "add"
    case .multiply: "multiply"
    case .addScalar: "add scalar"
    case .flatten: "flatten"
    case .unflatten: "unflatten"
    }
  }

  /// How many inputs the operation takes: 2 for sums and products, 1 otherwise.
  public var inputCount: Int {
    switch self {
    case .add, .multiply: 2
    default: 1
    }
  }

  /// The state-dict entries of a layer that computes this, in PyTorch's order; empty for most operations.
  public func parameters(module: String) -> [Parameter] {
    func entry(_ leaf: String, _ shape: [Int], _ role: Parameter.Role) -> Parameter {
      Parameter(module: module, leaf: leaf, shape: shape, role: role)
    }
    switch self {
    case .convolution(let layer):
      let weight = entry("weight", layer.weightShape, .convolutionWeight)
      return layer.hasBias ? [weight, entry("bias", [layer.outputChannels], .bias)] : [weight]
    case .linear(let layer):
      let weight = entry("weight", [layer.outputs, layer.inputs], .linearWeight)
      return layer.hasBias ? [weight, entry("bias", [layer.outputs], .bias)] : [weight]
    case .channelConvolution(let layer):
      let weight = entry("weight", [layer.kernelCount, 1, layer.kernel], .channelConvolutionWeight)
      return layer.hasBias ? [weight, entry("bias", [layer.kernelCount], .bias)] : [weight]
    case .batchNorm(let layer):
      let weight = layer.hasScale ? [entry("weight", [layer.channels], .normWeight)] : []
      return weight + [
        entry("bias", [layer.channels], .normBias),
        entry("running_mean", [layer.channels], .runningMean),
        entry("running_var", [layer.channels], .runningVariance),
        entry("num_batches_tracked", [], .batchCount),
      ]
    default:
      return []
    }
  }
}

/// One entry of a network's state dict: a weight or a buffer, under its canonical name.
public struct Parameter: Hashable, Sendable {
  /// What a parameter is for. Conversions choose the layout change by it.
  public enum Role: String, Hashable, Sendable, CaseIterable {
    /// A two-dimensional convolution kernel, [output channels, input channels / groups, height, width].
    case convolutionWeight
    /// The matrix of a fully connected layer, [outputs, inputs].
    case linearWeight
    /// The bias of a convolution or a fully connected layer, [outputs].
    case bias
    /// The scale of a batch norm (gamma), [channels].
    case normWeight
    /// The shift of a batch norm (beta), [channels].
    case normBias
    /// The running mean of a batch norm, [channels]; a buffer.
    case runningMean
    /// The running variance of a batch norm, [channels]; a buffer.
    case runningVariance
    /// How many batches a norm has seen, a scalar; a buffer that carries no meaning in evaluation.
    case batchCount
    /// The one-dimensional kernel of ECA, [1 or channels, 1, kernel].
    case channelConvolutionWeight
  }

  /// The full canonical name, for example `stages.0.blocks.1.conv2.weight`.
  public let name: String
  /// The shape as in PyTorch; empty for a scalar.
  public let shape: [Int]
  /// What the parameter is for.
  public let role: Role
  /// The path of the layer that owns it, for example `stages.0.blocks.1.conv2`.
  public let module: String

  /// Whether a checkpoint is complete without it: true for batch counts, which PyTorch 0.4 introduced.
  public var isOptional: Bool { role == .batchCount }

  /// Whether it is a statistic kept by a norm and not a trained parameter.
  public var isBuffer: Bool {
    switch role {
    case .runningMean, .runningVariance, .batchCount: true
    default: false
    }
  }

  /// The number of elements; 1 for a scalar.
  public var elementCount: Int { shape.reduce(1, *) }

  init(module: String, leaf: String, shape: [Int], role: Role) {
    self.name = module + "." + leaf
    self.shape = shape
    self.role = role
    self.module = module
  }
}

/// Batch norm in evaluation mode (Ioffe and Szegedy 2015), with running statistics.
public struct BatchNorm: Hashable, Sendable {
  /// Channels of the input and length of all parameters.
  public var channels: Int
  /// The number added to the variance before the square root.
  public var epsilon: Double
  /// Whether there is a weight; 1 for all channels where there is none (`scale=False` in Keras).
  public var hasScale: Bool

  /// Creates a norm.
  public init(_ channels: Int, epsilon: Double, hasScale: Bool = true) {
    self.channels = channels
    self.epsilon = epsilon
    self.hasScale = hasScale
  }
}

/// NAM's channel weighting (Liu et al. 2021): |weight[c]| / sum |weight| of a batch norm elsewhere in the graph.
public struct NormWeightScale: Hashable, Sendable {
  /// Channels of the input and length of the weight.
  public var channels: Int
  /// The path of the norm whose weight is used; the operation owns no parameter of its own.
  public var norm: String

  /// Creates the weighting by a norm's weight.
  public init(_ channels: Int, norm: String) {
    self.channels = channels
    self.norm = norm
  }

  /// The canonical name of the weight that is read.
  public var weightName: String { norm + ".weight" }
}

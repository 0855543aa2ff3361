/// The convolution of ECA (Wang et al. 2020) along the channel axis of pooled features.
///
/// Output channel c is the sum over j of weight[j] * input[c + j - (kernel - 1) / 2].
public struct ChannelConvolution: Hashable, Sendable {
  /// What lies beyond the first and the last channel.
  public enum Edge: String, Hashable, Sendable, CaseIterable {
    /// Zeros, as in the paper.
    case zero
    /// The channels at the other end (timm's `ceca`).
    case circular
  }

  /// The number of kernels: one per channel for ECA-NS, `nil` where all channels share one kernel.
  public var channels: Int?
  /// The length of a kernel; odd.
  public var kernel: Int
  /// What lies beyond the first and the last channel.
  public var edge: Edge
  /// Whether there is a bias per kernel.
  public var hasBias: Bool

  /// Creates a convolution; `channels` is `nil` where all channels share one kernel.
  public init(channels: Int? = nil, kernel: Int, edge: Edge = .zero, hasBias: Bool = false) {
    self.channels = channels
    self.kernel = kernel
    self.edge = edge
    self.hasBias = hasBias
  }

  /// How many kernels there are: 1, or one per channel.
  public var kernelCount: Int { channels ?? 1 }
}

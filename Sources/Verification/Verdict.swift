/// Whether a network computes what was recorded, and where it does not.
public struct Verdict: Hashable, Sendable {
  /// The comparison of the output.
  public let output: Comparison
  /// The comparisons of the recorded nodes, in the order of the network.
  public let taps: [Comparison]
  /// Where the network begins to differ; `nil` where all agrees.
  public let divergence: Divergence?
  /// What else is worth knowing, in words.
  public let notes: [String]

  /// Whether every tensor agrees.
  public var passed: Bool { divergence == nil }

  /// All comparisons in the order of the network, the output last.
  public var comparisons: [Comparison] { taps + [output] }
}

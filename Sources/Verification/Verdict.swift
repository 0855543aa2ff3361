/// Whether a network computes what was recorded, and where it does not.
public struct Verdict: Hashable, Sendable {
  /// The comparison of the output.
  public let output: Comparison
  /// The comparisons of the recorded nodes, in the order of the network.
  public let taps: [Comparison]
  /// Where the network begins to differ; `nil` where all agrees.
  public let divergence: Divergence?
  /// What is wrong; `nil` where all agrees or where it was not asked for.
  public let diagnosis: Diagnosis?
  /// What else is worth knowing, in words.
  public let notes: [String]

  /// How much single precision alone changes; `nil` where it was not measured.
  public var noiseFloor: NoiseFloor?
  /// Which parameters the reference checks; `nil` where it was not measured.
  public var sensitivity: Sensitivity?

  /// Whether every tensor agrees.
  public var passed: Bool { divergence == nil }

  /// All comparisons in the order of the network, the output last.
  public var comparisons: [Comparison] { taps + [output] }

  /// The comparisons of what each part computes from the recorded tensors before it; empty without a diagnosis.
  public var local: [Comparison] { diagnosis?.local ?? [] }

  /// The parts that are broken by themselves; empty without a diagnosis.
  public var brokenParts: [NetworkPart] { diagnosis?.brokenParts ?? [] }

  /// The known faults that explain what is wrong; empty without a diagnosis.
  public var causes: [LikelyCause] { diagnosis?.causes ?? [] }

  /// Whether a recorded tensor differs only because of parts before the one that computes it.
  public func follows(_ comparison: Comparison) -> Bool {
    !comparison.passes && local.contains { $0.tensor == comparison.tensor && $0.passes }
  }
}

/// Which parameters of a network a reference checks: each is moved, and those whose change no recorded tensor shows are blind
/// spots, in which a fault would pass.
///
/// Each number of a parameter moves by a tenth of its largest magnitude, up or down; running variances only up. A parameter
/// is seen where a recorded tensor then differs by more than the tolerance, the measure of ``Comparison``. That some of its
/// numbers are seen is enough. `num_batches_tracked` carries no meaning in evaluation and is left out.
public struct Sensitivity: Hashable, Sendable {
  /// How the change of one parameter shows.
  public struct Response: Hashable, Sendable {
    /// The canonical name of the parameter.
    public let parameter: String
    /// The recorded tensor that shows the change most; `output` where none shows any.
    public let tensor: String
    /// How much that tensor changes, relative to its largest magnitude; infinite where numbers become infinite or NaN,
    /// or where they were all 0.
    public let change: Double
    /// For blind spots: what keeps the change from every recorded tensor, in the order of the network; empty where that
    /// is not known, and where the change is only too small.
    public let obstacles: [Obstacle]
  }

  /// The size of a step, relative to the largest magnitude of the parameter; the step itself where all its numbers are 0.
  public static let step = Perturbation.step

  /// The change that counts as seen, relative to the largest magnitude of a tensor.
  public let tolerance: Double
  /// All parameters in the order of the network.
  public let responses: [Response]
  /// How many parameters carry no meaning in evaluation and were left out.
  public let leftOut: Int

  /// The parameters that no recorded tensor shows.
  public var blind: [Response] { responses.filter { !isSeen($0) } }

  /// How many parameters a recorded tensor shows.
  public var seenCount: Int { responses.count(where: isSeen) }

  /// The seen parameter that shows least; `nil` where none is seen.
  public var weakest: Response? { responses.filter(isSeen).min { $0.change < $1.change } }

  private func isSeen(_ response: Response) -> Bool { response.change > tolerance }
}

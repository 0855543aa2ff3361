import Architectures
import Execution

/// The numbers of the self-test's networks, a function of names and shapes, the same as
/// `Fixtures/self-test/deterministic.py` makes them.
///
/// The bits of element i of a tensor come from SplitMix64 (Steele, Lea and Flood 2014) whose seed is the 64-bit FNV-1a
/// hash of the tensor's canonical name: u in [-1, 1) with 24 bits, then `center + radius * u` in double precision,
/// rounded to single precision once.
enum SelfTestNumbers {
  /// A network with all its numbers.
  static func weights(_ graph: Graph) throws(ExecutionError) -> ModelWeights {
    var tensors: [String: Tensor<Float>] = [:]
    for parameter in graph.parameters where parameter.role != .batchCount {
      let (center, radius) = scale(parameter)
      let values = uniform(parameter.name, parameter.elementCount).map { Float(center + radius * $0) }
      tensors[parameter.name] = try Tensor(shape: parameter.shape, values: values)
    }
    return try ModelWeights(graph, tensors: tensors)
  }

  /// Norms have variances about as small as their epsilon, and scales to match, so that every other epsilon shows; some
  /// scales are negative, as NAM needs them. The layers of attention are linear; small weights keep their gates half
  /// open.
  private static func scale(_ parameter: Parameter) -> (center: Double, radius: Double) {
    /// The weight of a uniform distribution that keeps the size of what `inputs` numbers give.
    func radius(_ inputs: Int) -> Double { (3 / Double(inputs)).squareRoot() }
    switch parameter.role {
    case .normWeight: return (0x3p-9, 0x3p-8)
    case .normBias, .bias: return (0.5, 0.5)
    case .runningMean: return (0, 0.5)
    case .runningVariance: return (0x1p-17, 0x1p-18)
    case .linearWeight: return (0, 0.25 * radius(parameter.shape[1]))
    case .convolutionWeight, .channelConvolutionWeight:
      return (0, radius(parameter.shape.dropFirst().reduce(1, *)))
    case .batchCount: return (0, 0)
    }
  }

  /// Numbers of [-1, 1) with steps of 2^-23.
  private static func uniform(_ name: String, _ count: Int) -> [Double] {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return (0..<count).map { _ in
      state &+= 0x9E37_79B9_7F4A_7C15
      var bits = state
      bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
      bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
      bits ^= bits >> 31
      return Double(bits >> 40) * 0x1p-23 - 1
    }
  }
}

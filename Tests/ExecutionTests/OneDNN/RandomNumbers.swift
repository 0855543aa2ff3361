import Architectures
import Execution

/// Reproducible numbers (SplitMix64, Steele et al. 2014).
struct RandomNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A number from -1 to 1.
  mutating func next() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    bits ^= bits >> 31
    return Double(bits >> 11) * 0x1p-52 - 1
  }

  mutating func tensor(_ shape: [Int], scale: Double, around center: Double = 0) throws -> Tensor<Float> {
    try Tensor(shape: shape, values: (0..<shape.reduce(1, *)).map { _ in Float(center + scale * next()) })
  }

  /// Weights that keep activations near unit size.
  mutating func weights(of graph: Graph) throws -> [String: Tensor<Float>] {
    var tensors: [String: Tensor<Float>] = [:]
    for parameter in graph.parameters where parameter.role != .batchCount {
      let fan = Double(max(1, parameter.shape.dropFirst().reduce(1, *)))
      tensors[parameter.name] =
        switch parameter.role {
        case .normWeight, .runningVariance: try tensor(parameter.shape, scale: 0.5, around: 1)
        case .bias, .normBias, .runningMean: try tensor(parameter.shape, scale: 0.2)
        default: try tensor(parameter.shape, scale: (4 / fan).squareRoot())
        }
    }
    return tensors
  }
}

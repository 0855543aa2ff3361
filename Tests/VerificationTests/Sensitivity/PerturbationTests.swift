import Architectures
import Testing

@testable import Verification

/// How parameters are moved.
@Suite struct PerturbationTests {
  private static let parameters: [String: Parameter] = {
    let norm = Architectures.Operation.batchNorm(BatchNorm(4, epsilon: 1e-5)).parameters(module: "norm")
    let linear = Architectures.Operation.linear(Linear(4, 2)).parameters(module: "linear")
    return Dictionary(uniqueKeysWithValues: (norm + linear).map { ($0.name, $0) })
  }()

  private func moved(_ name: String, _ values: [Float]) throws -> [Float] {
    Perturbation.moved(try #require(Self.parameters[name]), values)
  }

  @Test(
    arguments: [
      ("norm.weight", [1, -2, 0.5, 0], 0.2), ("norm.bias", [0, 0, 0, 0], 0.1),
      ("norm.running_mean", [0, 0, 0, -1e-3], 1e-4), ("linear.weight", [8, 4, 2, 1, 0, -8, 1, 1], 0.8),
    ] as [(String, [Float], Float)])
  func `every number moves by a tenth of the largest magnitude`(
    _ name: String, _ values: [Float], _ step: Float
  ) throws {
    let steps = zip(try moved(name, values), values).map { $0 - $1 }
    #expect(steps.allSatisfy { abs(abs($0) - step) <= 1e-6 }, "\(steps)")
  }

  @Test func `variances only grow`() throws {
    #expect(try moved("norm.running_var", [0, 0, 0, 0]) == [0.1, 0.1, 0.1, 0.1])
    let steps = zip(try moved("norm.running_var", [0.5, 2, 0, 1]), [0.5, 2, 0, 1]).map { $0 - $1 }
    #expect(steps.allSatisfy { abs($0 - 0.2) <= 1e-6 }, "\(steps)")
  }

  /// FNV-1a and SplitMix64, computed apart from this program, with Python's whole numbers.
  @Test func `signs follow from the name alone`() throws {
    let zeros = [Float](repeating: 0, count: 8)
    #expect(
      try moved("linear.weight", zeros).map { $0 > 0 } == [
        false, true, true, false, false, true, true, false,
      ])
    #expect(try moved("norm.weight", [0, 0, 0, 0]).map { $0 > 0 } == [false, true, false, true])
  }

  @Test func `numbers that are not finite have no part in the step`() throws {
    let values = try moved("norm.weight", [.infinity, 1, .nan, -2])
    #expect(abs(abs(values[1] - 1) - 0.2) <= 1e-6)
  }
}

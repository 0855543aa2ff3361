import Checkpoint
import Foundation

/// A fully connected layer, with or without bias.
struct Linear {
  let outputs: Int
  let inputs: Int
  private let weight: [Float]  // outputs x inputs
  private let bias: [Float]

  init(_ checkpoint: Checkpoint, _ name: String) throws {
    let weight = try checkpoint.tensor("\(name).weight")
    guard weight.shape.count == 2 else {
      throw Failure("\(name).weight: found shape \(weight.shape), expected [outputs, inputs]")
    }
    (outputs, inputs) = (weight.shape[0], weight.shape[1])
    self.weight = try weight.floats()
    // `nil` where the variant has no bias; a misspelt name would be `nil` as well, `tensor(_:)` throws for one.
    bias = try checkpoint["\(name).bias"]?.floats() ?? [Float](repeating: 0, count: outputs)
    guard bias.count == outputs else {
      throw Failure("\(name).bias: found \(bias.count) numbers, expected \(outputs)")
    }
  }

  func callAsFunction(_ input: [Float]) -> [Float] {
    (0..<outputs).map { row in
      zip(weight[row * inputs..<(row + 1) * inputs], input).reduce(bias[row]) { $0 + $1.0 * $1.1 }
    }
  }
}

/// A batch norm of one channel in evaluation mode.
struct Norm {
  private let scale: Float
  private let shift: Float

  /// `nil` where the checkpoint has no norm of that name.
  init?(_ checkpoint: Checkpoint, _ name: String, epsilon: Double) throws {
    guard checkpoint["\(name).weight"] != nil else { return nil }
    func number(_ leaf: String) throws -> Double {
      let values = try checkpoint.tensor("\(name).\(leaf)").floats()
      guard values.count == 1 else {
        throw Failure("\(name).\(leaf): found \(values.count) numbers, expected 1")
      }
      return Double(values[0])
    }
    let factor = try number("weight") / (number("running_var") + epsilon).squareRoot()
    scale = Float(factor)
    shift = Float(try number("bias") - number("running_mean") * factor)
  }

  func callAsFunction(_ value: Float) -> Float { value * scale + shift }
}

func sigmoid(_ value: Float) -> Float { 1 / (1 + exp(-value)) }

import Execution

/// Small numbers that single precision holds exactly, and that differ from their neighbours.
enum Ramp {
  /// x(shape) of the comments: ((i * 7) % 11 - 5) / 4, in PyTorch
  /// `((torch.arange(n) * 7) % 11 - 5).double().reshape(shape) / 4`.
  static func input(_ shape: [Int]) -> Tensor<Float> {
    tensor(shape) { Float($0 * 7 % 11 - 5) / 4 }
  }

  /// w(shape) of the comments: ((i * 5) % 7 - 3) / 2.
  static func weight(_ shape: [Int]) -> Tensor<Float> {
    tensor(shape) { Float($0 * 5 % 7 - 3) / 2 }
  }

  /// v(n) of the comments: (i + 1) / 2.
  static func vector(_ count: Int) -> Tensor<Float> {
    tensor([count]) { Float($0 + 1) / 2 }
  }

  private static func tensor(_ shape: [Int], _ element: (Int) -> Float) -> Tensor<Float> {
    let values = (0..<shape.reduce(1, *)).map(element)
    do {
      return try Tensor(shape: shape, values: values)
    } catch {
      preconditionFailure("a tensor of as many values as its shape has: \(error)")
    }
  }
}

extension Tensor<Float> {
  /// The same shape with every number changed.
  func map(_ transform: (Float) -> Float) throws(ExecutionError) -> Tensor {
    try Tensor(shape: shape, values: values.map(transform))
  }
}

extension Operation {
  /// The shape of the output for inputs of given shapes.
  ///
  /// Fails where PyTorch fails on the authors' code: channels that do not match, a window larger than the
  /// input, sides that cannot be broadcast. The message does not name the layer; ``Graph/shapes(input:)`` adds it.
  public func outputShape(_ inputs: [[Int]]) throws(ArchitectureError) -> [Int] {
    guard inputs.count == inputCount, let first = inputs.first else {
      throw mismatch("found \(inputs.count) inputs, expected \(inputCount)")
    }
    switch self {
    case .convolution(let layer): return try layer.outputShape(first)
    case .batchNorm(let layer):
      try require(first, channels: layer.channels, ranks: 2...4)
      return first
    case .linear(let layer):
      try require(first, channels: layer.inputs, ranks: 2...2)
      return [first[0], layer.outputs]
    case .relu, .relu6, .sigmoid, .addScalar: return first
    case .maxPool(let pool), .averagePool(let pool):
      try require(first, channels: nil, ranks: 4...4)
      guard let height = pool.outputSize(first[2]), let width = pool.outputSize(first[3]) else {
        throw mismatch(
          "found a map of \(first[2])x\(first[3]), expected at least the pooling window of "
            + "\(pool.kernel)x\(pool.kernel)")
      }
      return [first[0], first[1], height, width]
    case .globalAveragePool, .globalMaxPool:
      try require(first, channels: nil, ranks: 4...4)
      return [first[0], first[1], 1, 1]
    case .squareAveragePool:
      try require(first, channels: nil, ranks: 4...4)
      guard first[3] >= first[2] else {
        throw mismatch(
          "found a map of \(first[2])x\(first[3]), higher than wide; the authors' pool uses the height for "
            + "both sides and fails on it")
      }
      guard first[3] < 2 * first[2] else {
        throw mismatch(
          "found a map of \(first[2])x\(first[3]), at least twice as wide as high; the authors' pool uses the "
            + "height for both sides and leaves \(first[3] / first[2]) values per channel instead of 1")
      }
      return [first[0], first[1], 1, 1]
    case .channelStatistics:
      try require(first, channels: nil, ranks: 4...4)
      return [first[0], 2, first[2], first[3]]
    case .channelConvolution(let layer):
      try require(first, channels: layer.channels, ranks: 4...4)
      guard first[2] == 1, first[3] == 1 else {
        throw mismatch("found a map of \(first[2])x\(first[3]), expected 1x1")
      }
      // Circular padding repeats at most once around, as in PyTorch.
      guard layer.edge == .zero || layer.kernel / 2 <= first[1] else {
        throw mismatch("found \(first[1]) channels, expected at least \(layer.kernel / 2) to wrap around")
      }
      return first
    case .normWeightScale(let scale):
      try require(first, channels: scale.channels, ranks: 2...4)
      return first
    case .add, .multiply: return try broadcast(first, inputs[1])
    case .flatten:
      return [first[0], try checkedProduct(first.dropFirst())]
    case .unflatten:
      try require(first, channels: nil, ranks: 2...2)
      return first + [1, 1]
    }
  }

  /// The number of multiply-adds, counted as usual: convolutions and fully connected layers only, biases,
  /// norms, activations and gates not.
  public func multiplyAdds(output: [Int]) throws(ArchitectureError) -> Int {
    switch self {
    case .convolution(let layer): try checkedProduct(output + layer.weightShape.dropFirst())
    case .linear(let layer): try checkedProduct(output + [layer.inputs])
    case .channelConvolution(let layer): try checkedProduct(output + [layer.kernel])
    default: 0
    }
  }
}

extension Convolution {
  fileprivate func outputShape(_ input: [Int]) throws(ArchitectureError) -> [Int] {
    try require(input, channels: inputChannels, ranks: 4...4)
    let margins = margins(input: Extent(height: input[2], width: input[3]))
    let padded = Extent(
      height: input[2] + margins.top + margins.bottom, width: input[3] + margins.left + margins.right)
    let reach = Extent(
      height: dilation.height * (kernel.height - 1) + 1, width: dilation.width * (kernel.width - 1) + 1)
    guard padded.height >= reach.height, padded.width >= reach.width else {
      throw mismatch(
        "found a map of \(padded.height)x\(padded.width) with padding, expected at least the kernel's reach "
          + "of \(reach.height)x\(reach.width)")
    }
    return [
      input[0], outputChannels,
      (padded.height - reach.height) / stride.height + 1,
      (padded.width - reach.width) / stride.width + 1,
    ]
  }
}

/// The product of sizes, refused where it does not fit.
func checkedProduct(_ sizes: some Sequence<Int>) throws(ArchitectureError) -> Int {
  var product = 1
  for size in sizes {
    let (value, overflow) = product.multipliedReportingOverflow(by: size)
    guard !overflow else {
      throw ArchitectureError(.tooLarge, "found sizes \(Array(sizes)), whose product does not fit 64 bits")
    }
    product = value
  }
  return product
}

private func mismatch(_ message: String) -> ArchitectureError {
  ArchitectureError(.shapeMismatch, message)
}

private func require(_ shape: [Int], channels: Int?, ranks: ClosedRange<Int>) throws(ArchitectureError) {
  guard ranks.contains(shape.count) else {
    throw mismatch("found a shape of \(shape.count) sides, expected \(ranks.upperBound)")
  }
  if let channels, shape[1] != channels {
    throw mismatch("found \(shape[1]) channels, expected \(channels)")
  }
}

private func broadcast(_ first: [Int], _ second: [Int]) throws(ArchitectureError) -> [Int] {
  var shape: [Int] = []
  for (left, right) in zip(first, second) {
    guard first.count == second.count, left == right || left == 1 || right == 1 else { break }
    shape.append(left == 1 ? right : left)
  }
  guard shape.count == first.count, first.count == second.count else {
    throw mismatch("found shapes \(first) and \(second), which cannot be broadcast")
  }
  return shape
}

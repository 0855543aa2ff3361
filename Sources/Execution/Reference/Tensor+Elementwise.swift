#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// 1 / (1 + exp(-x)).
func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

extension Tensor<Double> {
  /// Replaces every element.
  @inline(__always)
  mutating func update(_ transform: (Double) -> Double) {
    var target = values.mutableSpan
    for index in 0..<target.count { target[index] = transform(target[index]) }
  }

  /// Batch norm in evaluation mode, on maps and on vectors.
  mutating func normalize(
    mean: [Double], variance: [Double], weight: [Double], bias: [Double], epsilon: Double
  ) {
    updateChannels { channel in
      let scale = weight[channel] / (variance[channel] + epsilon).squareRoot()
      return (scale, bias[channel] - mean[channel] * scale)
    }
  }

  /// NAM's weighting: each channel times |weight[c]| / sum |weight|.
  mutating func scaleChannels(byNormWeight weight: [Double]) {
    let sum = weight.reduce(0) { $0 + abs($1) }
    updateChannels { channel in (abs(weight[channel]) / sum, 0) }
  }

  /// Replaces every element x of a channel by x * scale + shift.
  private mutating func updateChannels(_ numbers: (Int) -> (scale: Double, shift: Double)) {
    let (channels, count) = (channels, channelCount)
    let planes = shape[0] * channels
    var target = values.mutableSpan
    for plane in 0..<planes {
      let (scale, shift) = numbers(plane % channels)
      for index in plane * count..<(plane + 1) * count { target[index] = target[index] * scale + shift }
    }
  }

  /// A sum or product of two tensors, broadcast over sides of size 1.
  @inline(__always)
  func combined(with other: Tensor, shape: [Int], _ operation: (Double, Double) -> Double) -> Tensor {
    let sides = Self.fourSides(shape)
    let (first, firstSteps) = (values.span, broadcastSteps)
    let (second, secondSteps) = (other.values.span, other.broadcastSteps)
    var output = Tensor(shape: shape, repeating: 0)
    var target = output.values.mutableSpan
    var index = 0
    for image in 0..<sides[0] {
      for channel in 0..<sides[1] {
        for row in 0..<sides[2] {
          let left = image * firstSteps[0] + channel * firstSteps[1] + row * firstSteps[2]
          let right = image * secondSteps[0] + channel * secondSteps[1] + row * secondSteps[2]
          for column in 0..<sides[3] {
            target[index] = operation(
              first[left + column * firstSteps[3]], second[right + column * secondSteps[3]])
            index += 1
          }
        }
      }
    }
    return output
  }

  /// The distance in `values` between neighbours along each of four sides; 0 along a side of size 1, so that
  /// its one element is met again and again.
  private var broadcastSteps: [Int] {
    let sides = Self.fourSides(shape)
    let steps = [sides[1] * sides[2] * sides[3], sides[2] * sides[3], sides[3], 1]
    return zip(sides, steps).map { $0 == 1 ? 0 : $1 }
  }

  private static func fourSides(_ shape: [Int]) -> [Int] {
    shape + Array(repeating: 1, count: 4 - shape.count)
  }
}

import Checkpoint

/// The convolutional block attention module, written by hand in plain Swift: a gate per channel, then a gate per
/// position (Woo et al., 2018, https://arxiv.org/abs/1807.06521).
///
/// Its weights come from a canonical checkpoint by name, in the shapes that PyTorch gives them.
struct CBAM {
  let channels: Int
  let hidden: Int
  /// The side of the spatial gate's kernel, an odd number.
  let kernel: Int

  private let reduce: Linear  // hidden x channels
  private let expand: Linear  // channels x hidden
  private let spatialWeight: [Float]  // 1 x 2 x kernel x kernel; the maximum comes first, then the mean
  private let spatialBias: Float
  private let spatialNorm: Norm?

  /// Takes the parameters under a prefix such as `stages.0.blocks.2.attention.`.
  init(_ checkpoint: Checkpoint, under prefix: String) throws {
    let architecture = checkpoint.metadata.architecture
    let attention = architecture["attention"]
    guard attention?["kind"]?.stringValue == "cbam" else {
      throw Failure("found \(attention?["kind"]?.stringValue ?? "no attention"), expected cbam")
    }
    // What no tensor shows stands in the metadata. This layer implements the module of the paper.
    guard attention?["addsInput"]?.boolValue == false else {
      throw Failure("found a variant that adds its input to its output, which this layer does not")
    }
    guard let epsilon = architecture["epsilon"]?.doubleValue else {
      throw Failure("the description of the network has no epsilon")
    }
    guard checkpoint["\(prefix)channel.reduce.weight"] != nil else {
      throw Failure(
        "found no layer under \"\(prefix)\"", hint: "'attnconv inspect --tensors' lists all names")
    }
    reduce = try Linear(checkpoint, "\(prefix)channel.reduce")
    expand = try Linear(checkpoint, "\(prefix)channel.expand")
    (hidden, channels) = (reduce.outputs, reduce.inputs)
    guard expand.outputs == channels, expand.inputs == hidden else {
      throw Failure(
        "found an expansion \(expand.outputs) x \(expand.inputs), expected \(channels) x \(hidden)")
    }

    let weight = try checkpoint.tensor("\(prefix)spatial.conv.weight")
    kernel = weight.shape.last ?? 0
    guard weight.shape == [1, 2, kernel, kernel], !kernel.isMultiple(of: 2) else {
      throw Failure("found a spatial kernel \(weight.shape), expected [1, 2, k, k] with an odd k")
    }
    spatialWeight = try weight.floats()
    spatialBias = try checkpoint["\(prefix)spatial.conv.bias"]?.floats().first ?? 0
    spatialNorm = try Norm(checkpoint, "\(prefix)spatial.norm", epsilon: epsilon)
  }

  /// The gated map, of the input's shape.
  func callAsFunction(_ input: FeatureMap) throws -> FeatureMap {
    guard input.channels == channels else {
      throw Failure("found an input of \(input.channels) channels, expected \(channels)")
    }
    var output = input
    for image in 0..<input.images {
      gateChannels(&output, image)
      gatePositions(&output, image)
    }
    return output
  }

  /// Multiplies each channel with sigmoid(mlp(mean) + mlp(maximum)).
  private func gateChannels(_ map: inout FeatureMap, _ image: Int) {
    var means: [Float] = []
    var maxima: [Float] = []
    for channel in 0..<channels {
      let plane = map.values[map.plane(image, channel)]
      means.append(plane.reduce(0, +) / Float(plane.count))
      maxima.append(plane.reduce(-.infinity, max))
    }
    let gate = zip(perceptron(means), perceptron(maxima)).map { sigmoid($0 + $1) }
    for channel in 0..<channels {
      for index in map.plane(image, channel) { map.values[index] *= gate[channel] }
    }
  }

  private func perceptron(_ input: [Float]) -> [Float] {
    expand(reduce(input).map { max($0, 0) })
  }

  /// Multiplies each position with sigmoid(norm(conv([maximum over channels, mean over channels]))).
  private func gatePositions(_ map: inout FeatureMap, _ image: Int) {
    let (height, width) = (map.height, map.width)
    var maxima = [Float](repeating: -.infinity, count: height * width)
    var means = [Float](repeating: 0, count: height * width)
    for channel in 0..<channels {
      for (position, value) in map.values[map.plane(image, channel)].enumerated() {
        maxima[position] = max(maxima[position], value)
        means[position] += value / Float(channels)
      }
    }
    let reach = kernel / 2  // the same size comes out, zeros lie around
    var gate: [Float] = []
    for y in 0..<height {
      for x in 0..<width {
        var sum = spatialBias
        for row in max(0, y - reach)..<min(height, y + reach + 1) {
          for column in max(0, x - reach)..<min(width, x + reach + 1) {
            let tap = (row - y + reach) * kernel + column - x + reach
            sum += maxima[row * width + column] * spatialWeight[tap]
            sum += means[row * width + column] * spatialWeight[kernel * kernel + tap]
          }
        }
        gate.append(sigmoid(spatialNorm?(sum) ?? sum))
      }
    }
    for channel in 0..<channels {
      for (position, index) in map.plane(image, channel).enumerated() { map.values[index] *= gate[position] }
    }
  }
}

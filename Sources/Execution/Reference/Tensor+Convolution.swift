import Architectures

extension Tensor<Double> {
  /// A two-dimensional convolution: [N, C, H, W] -> [N, O, H', W'].
  ///
  /// As a matrix product per image and group: weight [O / groups, K] times patches [K, H' * W'], K = C /
  /// groups * kernel height * width (Chellapilla et al. 2006, "im2col"). Patches are laid out a block of
  /// columns at a time, so memory grows with the depth of the layer and not with the map.
  func convolved(
    _ layer: Convolution, weight: [Double], bias: [Double]?, shape: [Int], workers: Workers
  ) -> Tensor {
    let patches = Patches(layer, input: self.shape, output: Extent(height: shape[2], width: shape[3]))
    let rows = layer.outputChannels / layer.groups
    let filters = (0..<layer.groups).map { group in
      MatrixProduct.Panels(
        rows: weight[group * rows * patches.depth..<(group + 1) * rows * patches.depth], count: rows,
        depth: patches.depth)
    }
    // At least two blocks per thread and image, at most 64 columns.
    let share = (patches.columns + 2 * workers.count - 1) / (2 * workers.count)
    let blockColumns = Swift.min(
      64, (share + MatrixProduct.tile - 1) / MatrixProduct.tile * MatrixProduct.tile)
    let blocks = (patches.columns + blockColumns - 1) / blockColumns
    let products = workers.map(shape[0] * layer.groups * blocks) { piece in
      let (image, group, block) = (
        piece / blocks / layer.groups, piece / blocks % layer.groups, piece % blocks
      )
      let columns = block * blockColumns..<Swift.min((block + 1) * blockColumns, patches.columns)
      return MatrixProduct.multiply(
        filters[group], patches.panels(columns, of: values, image: image, group: group),
        bias: bias?[group * rows..<(group + 1) * rows])
    }
    var output = [Double](repeating: 0, count: shape.reduce(1, *))
    var target = output.mutableSpan
    for (piece, product) in products.enumerated() {
      // Pieces of one image and group are consecutive: the first row of their output is piece / blocks * rows.
      let begin = piece / blocks * rows * patches.columns + piece % blocks * blockColumns
      let columns = product.count / rows
      let source = product.span
      for row in 0..<rows {
        for column in 0..<columns {
          target[begin + row * patches.columns + column] = source[row * columns + column]
        }
      }
    }
    return Tensor(uncheckedShape: shape, values: output)
  }

  /// A fully connected layer: [N, inputs] -> [N, outputs].
  func connected(_ layer: Linear, weight: [Double], bias: [Double]?) -> Tensor {
    let source = values.span
    let weights = weight.span
    var output: [Double] = []
    output.reserveCapacity(shape[0] * layer.outputs)
    for image in 0..<shape[0] {
      for row in 0..<layer.outputs {
        var sum = bias?[row] ?? 0
        for k in 0..<layer.inputs {
          sum += source[image * layer.inputs + k] * weights[row * layer.inputs + k]
        }
        output.append(sum)
      }
    }
    return Tensor(uncheckedShape: [shape[0], layer.outputs], values: output)
  }

  /// ECA's convolution over the channels: [N, C, 1, 1] -> [N, C, 1, 1].
  func convolvedOverChannels(_ layer: ChannelConvolution, weight: [Double], bias: [Double]?) -> Tensor {
    var output = self
    for image in 0..<shape[0] {
      for channel in 0..<channels {
        let kernel = layer.channels == nil ? 0 : channel
        var sum = bias?[kernel] ?? 0
        for tap in 0..<layer.kernel {
          var source = channel + tap - (layer.kernel - 1) / 2
          if layer.edge == .circular { source = (source + channels) % channels }
          guard 0..<channels ~= source else { continue }
          sum += weight[kernel * layer.kernel + tap] * values[image * channels + source]
        }
        output.values[image * channels + channel] = sum
      }
    }
    return output
  }
}

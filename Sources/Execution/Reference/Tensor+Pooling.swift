import Architectures

extension Tensor<Double> {
  /// The largest element of each window; padding never wins, NaN always does, as in PyTorch.
  func maxPooled(_ pool: Pool, shape: [Int]) -> Tensor {
    pooled(pool, shape: shape) { window, _ in window.maximum }
  }

  /// The mean of each window. The divisor counts the padding where the pool says so, but never what ceil mode
  /// reaches beyond it (PyTorch, `aten/src/ATen/native/cpu/AvgPoolKernel.cpp`).
  func averagePooled(_ pool: Pool, shape: [Int]) -> Tensor {
    pooled(pool, shape: shape) { window, paddedCount in
      window.sum / Double(pool.countsPadding ? paddedCount : window.count)
    }
  }

  /// One number per channel from the columns left of `width`, or from all: [N, C, H, W] -> [N, C, 1, 1].
  func reducedPerChannel(width: Int?, _ reduce: (Window) -> Double) -> Tensor {
    let (height, rowLength) = (shape[2], shape[3])
    var output: [Double] = []
    for plane in 0..<shape[0] * channels {
      output.append(
        reduce(
          Window(
            values: values, plane: plane * height * rowLength, rowLength: rowLength, rows: 0..<height,
            columns: 0..<(width ?? rowLength))))
    }
    return Tensor(uncheckedShape: [shape[0], channels, 1, 1], values: output)
  }

  /// The maximum and the mean over the channels, in this order: [N, C, H, W] -> [N, 2, H, W].
  func channelStatistics() -> Tensor {
    let plane = channelCount
    let source = values.span
    var output = Tensor(shape: [shape[0], 2, shape[2], shape[3]], repeating: 0)
    var target = output.values.mutableSpan
    for image in 0..<shape[0] {
      for position in 0..<plane {
        var (maximum, sum) = (-Double.infinity, 0.0)
        for channel in 0..<channels {
          let value = source[(image * channels + channel) * plane + position]
          if value > maximum || value.isNaN { maximum = value }
          sum += value
        }
        target[image * 2 * plane + position] = maximum
        target[(image * 2 + 1) * plane + position] = sum / Double(channels)
      }
    }
    return output
  }

  /// A part of one channel of one image.
  struct Window {
    /// All elements of the tensor.
    let values: [Double]
    /// The index of the channel's first element.
    let plane: Int
    /// The width of the map.
    let rowLength: Int
    let rows: Range<Int>
    let columns: Range<Int>

    var count: Int { rows.count * columns.count }

    var sum: Double {
      var sum = 0.0
      for row in rows {
        for column in columns { sum += values[plane + row * rowLength + column] }
      }
      return sum
    }

    var maximum: Double {
      var maximum = -Double.infinity
      for row in rows {
        for column in columns {
          let value = values[plane + row * rowLength + column]
          if value > maximum || value.isNaN { maximum = value }
        }
      }
      return maximum
    }
  }

  /// One number per window, from the part of it inside the map and its count with padding.
  private func pooled(_ pool: Pool, shape: [Int], _ reduce: (Window, Int) -> Double) -> Tensor {
    let (height, width) = (self.shape[2], self.shape[3])
    /// Where a window lies inside the map, and how long it is with padding.
    func span(_ index: Int, size: Int) -> (inside: Range<Int>, padded: Int) {
      let begin = index * pool.stride - pool.padding
      let end = Swift.min(begin + pool.kernel, size + pool.padding)
      let first = Swift.max(begin, 0)
      return (first..<Swift.max(first, Swift.min(end, size)), end - begin)
    }
    var output: [Double] = []
    output.reserveCapacity(shape.reduce(1, *))
    for plane in 0..<shape[0] * channels {
      for row in 0..<shape[2] {
        let rows = span(row, size: height)
        for column in 0..<shape[3] {
          let columns = span(column, size: width)
          let window = Window(
            values: values, plane: plane * height * width, rowLength: width, rows: rows.inside,
            columns: columns.inside)
          output.append(reduce(window, rows.padded * columns.padded))
        }
      }
    }
    return Tensor(uncheckedShape: shape, values: output)
  }
}

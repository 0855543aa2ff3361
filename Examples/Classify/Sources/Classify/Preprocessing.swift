import Execution

/// What the networks trained on ImageNet expect: the shorter side 256 pixels, the 224 x 224 pixels in the middle, each
/// channel minus its mean, divided by its deviation.
///
/// It is `ImageClassification(crop_size=224)` of torchvision (torchvision/transforms/_presets.py), computed in floating
/// point throughout, where torchvision rounds the resized pixels of an 8-bit image to whole steps.
enum ImageNet {
  static let resizedSide = 256
  static let side = 224
  static let means: [Float] = [0.485, 0.456, 0.406]
  static let deviations: [Float] = [0.229, 0.224, 0.225]

  /// The batch [1, 3, 224, 224] of one image.
  static func batch(of image: PixelMap) throws -> Tensor<Float> {
    let shorter = min(image.width, image.height)
    let resized = image.resized(
      width: resizedSide * image.width / shorter, height: resizedSide * image.height / shorter)
    var crop = resized.cropped(side)
    for channel in 0..<3 {
      for index in channel * side * side..<(channel + 1) * side * side {
        crop.values[index] = (crop.values[index] - means[channel]) / deviations[channel]
      }
    }
    return try Tensor(shape: [1, 3, side, side], values: crop.values)
  }
}

extension PixelMap {
  /// The image in another size, bilinear and antialiased as in Pillow and torchvision: each new pixel is a mean of the
  /// old ones around its centre, weighted by a triangle as wide as the pixels are apart, one direction after the other.
  func resized(width newWidth: Int, height newHeight: Int) -> PixelMap {
    var result = self
    let columns = Self.windows(from: width, to: newWidth)
    (result.width, result.values) = (newWidth, [])
    for row in 0..<3 * height {
      for window in columns {
        var sum: Float = 0
        for (tap, weight) in window.weights.enumerated() {
          sum += weight * values[row * width + window.first + tap]
        }
        result.values.append(sum)
      }
    }
    let wide = result.values
    (result.height, result.values) = (newHeight, [])
    for channel in 0..<3 {
      for window in Self.windows(from: height, to: newHeight) {
        for column in 0..<newWidth {
          var sum: Float = 0
          for (tap, weight) in window.weights.enumerated() {
            sum += weight * wide[(channel * height + window.first + tap) * newWidth + column]
          }
          result.values.append(sum)
        }
      }
    }
    return result
  }

  /// The old pixels that a new one is made of, with their weights, for each new pixel of a line.
  private static func windows(from old: Int, to new: Int) -> [(first: Int, weights: [Float])] {
    let scale = Double(old) / Double(new)
    let reach = max(scale, 1)
    return (0..<new).map { index in
      let centre = (Double(index) + 0.5) * scale
      let first = max(0, Int(centre - reach + 0.5))
      let weights = (first..<min(old, Int(centre + reach + 0.5))).map { pixel in
        max(0, 1 - abs((Double(pixel) + 0.5 - centre) / reach))
      }
      let total = weights.reduce(0, +)
      return (first, weights.map { Float($0 / total) })
    }
  }

  /// The square in the middle.
  func cropped(_ side: Int) -> PixelMap {
    // Python's `round` rounds halves to even.
    let top = Int((Double(height - side) / 2).rounded(.toNearestOrEven))
    let left = Int((Double(width - side) / 2).rounded(.toNearestOrEven))
    var result = self
    (result.width, result.height, result.values) = (side, side, [])
    for channel in 0..<3 {
      for row in top..<top + side {
        let begin = (channel * height + row) * width + left
        result.values += values[begin..<begin + side]
      }
    }
    return result
  }
}

/// A batch of feature maps, images x channels x height x width, row-major.
struct FeatureMap {
  let images: Int
  let channels: Int
  let height: Int
  let width: Int
  var values: [Float]

  init(shape: [Int], values: [Float]) throws {
    guard shape.count == 4, !shape.contains(0) else {
      throw Failure("found a map of shape \(shape), expected [images, channels, height, width]")
    }
    (images, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
    self.values = values
  }

  /// The indices of one channel of one image.
  func plane(_ image: Int, _ channel: Int) -> Range<Int> {
    let begin = (image * channels + channel) * height * width
    return begin..<begin + height * width
  }

  /// The largest difference to another map, relative to that map's largest magnitude.
  func difference(to expected: FeatureMap) throws -> Float {
    let (found, wanted) = (shape, expected.shape)
    guard found == wanted else { throw Failure("found an output of shape \(found), expected \(wanted)") }
    let scale = expected.values.reduce(0) { max($0, abs($1)) }
    var largest: Float = 0
    for (value, other) in zip(values, expected.values) {
      let difference = abs(value - other) / scale
      // A NaN would lose every comparison with a number.
      guard difference.isFinite else { return .infinity }
      largest = max(largest, difference)
    }
    return largest
  }

  private var shape: [Int] { [images, channels, height, width] }
}

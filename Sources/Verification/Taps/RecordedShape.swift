import Execution

/// The shape under which a framework recorded the output of a node.
///
/// Code bases return the same numbers under other shapes: with further sides of 1 ([N, C, 1, 1] for [N, C]), and repeated
/// along sides where the node gives them once ([N, C, H, W] for a gate [N, C, 1, 1]).
struct RecordedShape {
  private let shape: [Int]

  init(_ shape: [Int]) { self.shape = shape }

  /// Whether a tensor of this shape may hold the numbers of a node's output.
  func holds(_ node: [Int]) -> Bool {
    hasSameSides(as: node) || repeated(from: node) != nil
  }

  /// The tensor in the shape of a node's output; `nil` where numbers that the node gives once are recorded as different
  /// ones.
  ///
  /// - Precondition: the shape ``holds(_:)`` that of the node.
  func narrowing(_ tensor: Tensor<Float>, to node: [Int]) -> Tensor<Float>? {
    let values = hasSameSides(as: node) ? tensor.values : first(of: tensor, repeated(from: node) ?? shape)
    return values.flatMap { try? Tensor(shape: node, values: $0) }
  }

  /// Whether only sides of 1 were added or left out; the order of the numbers is the same then.
  private func hasSameSides(as node: [Int]) -> Bool {
    shape.filter { $0 != 1 } == node.filter { $0 != 1 }
  }

  /// The node's shape with as many sides as this one, if repeating it along sides of 1 gives this one.
  private func repeated(from node: [Int]) -> [Int]? {
    guard node.count <= shape.count else { return nil }
    let padded = node + Array(repeating: 1, count: shape.count - node.count)
    return zip(padded, shape).allSatisfy { $0 == 1 || $0 == $1 } ? padded : nil
  }

  /// The numbers at index 0 of each side that is 1 in `padded`; `nil` where others along that side are not the same.
  private func first(of tensor: Tensor<Float>, _ padded: [Int]) -> [Float]? {
    var strides = padded
    var stride = 1
    for side in padded.indices.reversed() {
      strides[side] = padded[side] == 1 ? 0 : stride
      stride *= padded[side]
    }
    var values = [Float?](repeating: nil, count: stride)
    var index = Array(repeating: 0, count: shape.count)
    var place = 0
    for value in tensor.values {
      // Bit patterns, so that NaN is NaN.
      guard values[place].map({ $0.bitPattern == value.bitPattern }) ?? true else { return nil }
      values[place] = value
      for side in shape.indices.reversed() {
        index[side] += 1
        place += strides[side]
        if index[side] < shape[side] { break }
        place -= strides[side] * shape[side]
        index[side] = 0
      }
    }
    return values.compactMap(\.self)
  }
}

/// Another order of a tensor's elements that leaves its shape as it is.
struct Rearrangement: Hashable, Sendable {
  /// For each side of the result the side of the source that it runs along.
  let axes: [Int]?
  /// The sides of the source that are read from their ends.
  let reversed: Set<Int>

  /// Sides of the same length change places.
  init(axes: [Int]) {
    self.axes = axes
    reversed = []
  }

  /// Some sides are reversed.
  init(reversing sides: Set<Int>) {
    axes = nil
    reversed = sides
  }

  /// Elements in row-major order, rearranged.
  ///
  /// - Precondition: sides that change places have the same length.
  func applied(to values: [Float], shape: [Int]) -> [Float] {
    var strides = [Int](repeating: 1, count: shape.count)
    for side in shape.indices.dropLast().reversed() { strides[side] = strides[side + 1] * shape[side + 1] }
    let axes = axes ?? Array(shape.indices)
    precondition(axes.map { shape[$0] } == shape, "only sides of the same length change places")
    var result: [Float] = []
    result.reserveCapacity(values.count)
    func append(_ side: Int, _ offset: Int) {
      guard side < shape.count else { return result.append(values[offset]) }
      let (stride, count) = (strides[axes[side]], shape[side])
      for index in 0..<count {
        append(side + 1, offset + stride * (reversed.contains(axes[side]) ? count - 1 - index : index))
      }
    }
    append(0, 0)
    return result
  }
}

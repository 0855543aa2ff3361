/// An array of numbers with a shape, row-major: the last side runs fastest.
///
/// Activations are maps [N, C, H, W] (batch, channels, height, width) or vectors [N, C]; parameters have the
/// shapes of their ``/Architectures/Parameter``. A tensor is a value: a copy shares its storage until one of
/// the two changes.
///
///     let image = try Tensor<Float>(shape: [1, 3, 224, 224], values: pixels)
public struct Tensor<Element: TensorElement>: Hashable, Sendable {
  /// The sides, outermost first; empty for a scalar.
  public let shape: [Int]

  /// The numbers in row-major order, as many as the product of the sides.
  public internal(set) var values: [Element]

  /// Creates a tensor of given numbers.
  ///
  /// - Throws: ``ExecutionError`` with code `unsuitableInput` where the count is not the product of the
  ///   sides.
  public init(shape: [Int], values: [Element]) throws(ExecutionError) {
    var count: Int? = 1
    for side in shape {
      count = count.flatMap { count in
        let (product, overflow) = count.multipliedReportingOverflow(by: side)
        return overflow || side < 0 ? nil : product
      }
    }
    guard count == values.count else {
      let expected = count.map(String.init) ?? "a smaller shape"
      throw ExecutionError(
        .unsuitableInput,
        "found \(values.count) values for a tensor of shape \(shape), expected \(expected)")
    }
    self.init(uncheckedShape: shape, values: values)
  }

  /// Creates a tensor of one number everywhere.
  init(shape: [Int], repeating value: Element) {
    self.init(uncheckedShape: shape, values: Array(repeating: value, count: shape.reduce(1, *)))
  }

  /// Creates a tensor whose count is known to fit.
  init(uncheckedShape shape: [Int], values: [Element]) {
    assert(shape.reduce(1, *) == values.count, "a tensor of shape \(shape) has \(values.count) values")
    self.shape = shape
    self.values = values
  }

  /// The same numbers in another element type; widening is exact, narrowing rounds to nearest.
  public init<Other: TensorElement>(_ other: Tensor<Other>) {
    let values =
      Element.self == Double.self
      ? Element.converting(Other.doubles(other.values)) : Element.converting(Other.floats(other.values))
    self.init(uncheckedShape: other.shape, values: values)
  }

  /// The number of elements.
  public var count: Int { values.count }

  /// The numbers in single precision, row-major.
  public var floats: [Float] { Element.floats(values) }

  /// The numbers in double precision, row-major.
  public var doubles: [Double] { Element.doubles(values) }

  /// The element at one index per side.
  ///
  /// - Precondition: as many indices as sides, each inside its side.
  public subscript(indices: Int...) -> Element {
    precondition(indices.count == shape.count, "found \(indices.count) indices, expected \(shape.count)")
    var offset = 0
    for (index, side) in zip(indices, shape) {
      precondition(0..<side ~= index, "index \(index) is outside of a side of \(side)")
      offset = offset * side + index
    }
    return values[offset]
  }

  /// The same numbers under another shape of the same count.
  consuming func reshaped(_ shape: [Int]) -> Tensor {
    Tensor(uncheckedShape: shape, values: values)
  }
}

extension Tensor {
  /// The number of channels: the second side.
  var channels: Int { shape[1] }

  /// The number of elements of one channel of one image: 1 for vectors.
  var channelCount: Int { shape.dropFirst(2).reduce(1, *) }
}

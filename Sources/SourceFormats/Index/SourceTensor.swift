public import Checkpoint

/// A tensor of a source file: a strided view of a storage.
public struct SourceTensor: Hashable, Sendable {
  /// The keys that lead from the top of the file to the tensor: `["state_dict", "module.conv1.weight"]`.
  public var path: [String]

  /// The type of one element.
  public var elementType: ElementType

  /// The shape; empty for a scalar.
  public var shape: [Int]

  /// The distance between neighbours in each dimension, in elements. Negative for a flipped dimension.
  public var strides: [Int]

  /// The index of the storage in ``SourceIndex/storages``.
  public var storage: Int

  /// The first element of the view, counted in elements from the start of the storage.
  public var storageOffset: Int

  /// What has still to be done to each element to get the value of the tensor.
  public var conversion: ElementConversion

  /// Creates a view of a storage.
  public init(
    path: [String], elementType: ElementType, shape: [Int], strides: [Int], storage: Int,
    storageOffset: Int = 0, conversion: ElementConversion = []
  ) {
    self.path = path
    self.elementType = elementType
    self.shape = shape
    self.strides = strides
    self.storage = storage
    self.storageOffset = storageOffset
    self.conversion = conversion
  }

  /// The number of elements.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Whether elements lie one after the other in row-major (C) order.
  public var isContiguous: Bool {
    if elementCount == 0 { return true }
    var expected = 1
    for (dimension, stride) in zip(shape, strides).reversed() where dimension != 1 {
      if stride != expected { return false }
      expected *= dimension
    }
    return true
  }

  /// The strides of a row-major tensor of a shape, in elements.
  public static func contiguousStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for index in shape.indices.dropLast().reversed() {
      strides[index] = strides[index + 1] * max(1, shape[index + 1])
    }
    return strides
  }

  /// Lazy views that PyTorch keeps as flags beside the data.
  public struct ElementConversion: OptionSet, Hashable, Sendable {
    /// The bits of the set.
    public let rawValue: UInt8

    /// Creates a set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The imaginary parts change their sign (`torch.conj` of a complex tensor).
    public static let conjugate = ElementConversion(rawValue: 1)

    /// The sign of every element changes (`torch.imag` of a conjugated tensor).
    public static let negate = ElementConversion(rawValue: 2)
  }
}

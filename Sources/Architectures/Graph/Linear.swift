/// A fully connected layer. Its weight is [outputs, inputs].
public struct Linear: Hashable, Sendable {
  /// Length of an input vector.
  public var inputs: Int
  /// Length of an output vector.
  public var outputs: Int
  /// Whether there is a bias per output.
  public var hasBias: Bool

  /// Creates a layer.
  public init(_ inputs: Int, _ outputs: Int, hasBias: Bool = true) {
    self.inputs = inputs
    self.outputs = outputs
    self.hasBias = hasBias
  }
}

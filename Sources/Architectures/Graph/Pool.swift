/// A pooling window, the same on both axes.
public struct Pool: Hashable, Sendable {
  /// The side of the window.
  public var kernel: Int
  /// The step between windows.
  public var stride: Int
  /// Rows and columns added on each side: minus infinity for a maximum, zeros for a mean.
  public var padding: Int
  /// Whether a last window may reach past the padded input, as in Caffe. As in PyTorch, a window that would
  /// begin in the padding on the far side is left out.
  public var ceilMode: Bool
  /// For means: whether padding counts in the divisor. What ceil mode reaches beyond the padding never does.
  public var countsPadding: Bool

  /// Creates a window.
  public init(
    kernel: Int, stride: Int, padding: Int = 0, ceilMode: Bool = false, countsPadding: Bool = true
  ) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.ceilMode = ceilMode
    self.countsPadding = countsPadding
  }

  /// How many windows fit along a side of `size` elements, or `nil` where not even one does.
  public func outputSize(_ size: Int) -> Int? {
    let room = size + 2 * padding - kernel
    guard room >= 0 else { return nil }
    guard ceilMode else { return room / stride + 1 }
    let count = (room + stride - 1) / stride + 1
    return (count - 1) * stride >= size + padding ? count - 1 : count
  }
}

/// Zeros around the input of a convolution.
public enum Padding: Hashable, Sendable, ExpressibleByIntegerLiteral {
  /// The same zeros around inputs of any size.
  case fixed(Margins)
  /// As many zeros as let a window begin at every multiple of the stride, as TensorFlow's `same` does: they depend on the
  /// size of the input, and the odd row and column lie behind it.
  case same

  /// Creates a padding of equal sides.
  public init(_ side: Int) {
    self = .fixed(Margins(top: side, left: side, bottom: side, right: side))
  }

  /// Creates a padding of four sides.
  public init(top: Int, left: Int, bottom: Int, right: Int) {
    self = .fixed(Margins(top: top, left: left, bottom: bottom, right: right))
  }

  /// Creates a padding of equal sides.
  public init(integerLiteral side: Int) {
    self.init(side)
  }

  /// What `same` adds to an axis, in front and behind together
  /// (tensorflow/core/framework/common_shape_fns.cc, `GetWindowedOutputSizeVerbose`).
  static func same(_ size: Int, kernel: Int, stride: Int, dilation: Int = 1) -> Int {
    let windows = (size + stride - 1) / stride
    let reach = dilation * (kernel - 1) + 1
    return max((windows - 1) * stride + reach - size, 0)
  }
}

/// Rows and columns around a map.
public struct Margins: Hashable, Sendable {
  /// Rows above.
  public var top: Int
  /// Columns to the left.
  public var left: Int
  /// Rows below.
  public var bottom: Int
  /// Columns to the right.
  public var right: Int

  /// Creates margins of four sides.
  public init(top: Int, left: Int, bottom: Int, right: Int) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }
}

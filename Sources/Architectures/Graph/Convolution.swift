/// A two-dimensional convolution. Its weight is [output channels, input channels / groups, height, width].
public struct Convolution: Hashable, Sendable {
  /// Channels of the input.
  public var inputChannels: Int
  /// Channels of the output.
  public var outputChannels: Int
  /// The kernel's height and width.
  public var kernel: Extent
  /// The vertical and horizontal step between windows.
  public var stride: Extent
  /// Zeros around the input.
  public var padding: Padding
  /// The distance between neighbouring kernel elements.
  public var dilation: Extent
  /// How many groups of channels are convolved apart; as many as channels for a depthwise convolution.
  public var groups: Int
  /// Whether there is a bias per output channel.
  public var hasBias: Bool

  /// Creates a convolution with a square kernel; the padding defaults to none.
  public init(
    _ inputChannels: Int, _ outputChannels: Int, kernel: Int, stride: Int = 1, padding: Padding = 0,
    dilation: Int = 1, groups: Int = 1, hasBias: Bool = false
  ) {
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernel = Extent(kernel)
    self.stride = Extent(stride)
    self.padding = padding
    self.dilation = Extent(dilation)
    self.groups = groups
    self.hasBias = hasBias
  }

  /// The shape of the weight.
  public var weightShape: [Int] {
    [outputChannels, inputChannels / groups, kernel.height, kernel.width]
  }

  /// The zeros around an input of some size.
  public func margins(input: Extent) -> Margins {
    switch padding {
    case .fixed(let margins): return margins
    case .same:
      let rows = Padding.same(
        input.height, kernel: kernel.height, stride: stride.height, dilation: dilation.height)
      let columns = Padding.same(
        input.width, kernel: kernel.width, stride: stride.width, dilation: dilation.width)
      return Margins(
        top: rows / 2, left: columns / 2, bottom: rows - rows / 2, right: columns - columns / 2)
    }
  }

  /// Whether every channel is convolved apart from the others.
  public var isDepthwise: Bool { groups > 1 && groups == inputChannels }
}

/// A height and a width.
public struct Extent: Hashable, Sendable {
  /// The vertical size.
  public var height: Int
  /// The horizontal size.
  public var width: Int

  /// Creates an extent of two sides.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// Creates a square extent.
  public init(_ side: Int) {
    self.init(height: side, width: side)
  }
}

/// MobileNetV2 (Sandler et al. 2018): inverted residual blocks in seven stages.
///
/// A block widens its input by a 1x1 convolution, filters it by a 3x3 depthwise one, both followed by a norm and
/// ReLU6, and narrows it by a 1x1 convolution and a norm without activation. The input is added where the block
/// changes neither size nor channels.
public struct MobileNetV2: Hashable, Sendable {
  /// How much the blocks of each stage widen their input (t in table 2 of the paper). At 1 there is no widening
  /// convolution.
  public static let expansions = [1, 6, 6, 6, 6, 6, 6]
  /// Blocks of each stage (n).
  public static let blocksPerStage = [1, 2, 3, 4, 3, 3, 1]
  /// Stride of the first block of each stage (s).
  public static let strides = [1, 2, 2, 2, 1, 2, 1]
  /// Output channels of each stage at a width multiplier of 1 (c).
  public static let standardWidths = [16, 24, 32, 64, 96, 160, 320]

  /// Channels behind the stem.
  public var stemWidth: Int
  /// Output channels of each stage; seven numbers.
  public var widths: [Int]
  /// Channels behind the last convolution.
  public var finalWidth: Int
  /// ECA after the last norm of each block, before the input is added (BangguWu/ECANet); `nil` for none.
  public var attention: Attention?
  /// Number of classes.
  public var classes: Int
  /// Channels of the input.
  public var inputChannels: Int
  /// What the norms add to the variance.
  public var epsilon: Double
  /// How the 3x3 convolutions are padded: `same` in Keras, whose `ZeroPadding2D` in front of a stride adds just that.
  public var padding: PaddingRule

  /// Creates a description; the defaults are those of the paper and of torchvision.
  public init(
    stemWidth: Int = 32, widths: [Int] = Self.standardWidths, finalWidth: Int = 1280,
    attention: Attention? = nil,
    classes: Int = 1000, inputChannels: Int = 3, epsilon: Double = 1e-5,
    padding: PaddingRule = .symmetric
  ) {
    self.stemWidth = stemWidth
    self.widths = widths
    self.finalWidth = finalWidth
    self.attention = attention
    self.classes = classes
    self.inputChannels = inputChannels
    self.epsilon = epsilon
    self.padding = padding
  }

  /// The network as a graph; fails where the description contradicts itself.
  public func graph() throws(ArchitectureError) -> Graph {
    try validate()
    var builder = GraphBuilder(epsilon: epsilon)
    let stem = Convolution(
      inputChannels, stemWidth, kernel: 3, stride: 2, padding: padding.padding(kernel: 3))
    var output = unit("stem", "", stem, &builder, .input)
    var channels = stemWidth
    for stage in widths.indices {
      for index in 0..<Self.blocksPerStage[stage] {
        let path = "stages.\(stage).blocks.\(index)"
        output = addBlock(path, stage: stage, index: index, inputChannels: channels, to: &builder, output)
        channels = widths[stage]
      }
    }
    output = unit("final", "", Convolution(channels, finalWidth, kernel: 1), &builder, output)
    output = builder.add("head.pool", .globalAveragePool, output)
    output = builder.add("head.flatten", .flatten, output)
    _ = builder.add("head", .linear(Linear(finalWidth, classes)), output)
    return try builder.graph(inputChannels: inputChannels)
  }

  /// Convolution, norm and ReLU6, with a number behind their names.
  private func unit(
    _ path: String, _ number: String, _ convolution: Convolution, _ builder: inout GraphBuilder,
    _ input: Node.Source
  ) -> Node.Source {
    var output = builder.add("\(path).conv\(number)", .convolution(convolution), input)
    output = builder.norm("\(path).norm\(number)", convolution.outputChannels, output)
    return builder.add("\(path).relu\(number)", .relu6, output)
  }

  private func addBlock(
    _ path: String, stage: Int, index: Int, inputChannels: Int, to builder: inout GraphBuilder,
    _ input: Node.Source
  ) -> Node.Source {
    let stride = index == 0 ? Self.strides[stage] : 1
    let hidden = inputChannels * Self.expansions[stage]
    let width = widths[stage]
    var output = input
    if Self.expansions[stage] != 1 {
      output = unit(path, "1", Convolution(inputChannels, hidden, kernel: 1), &builder, output)
    }
    let depthwise = Convolution(
      hidden, hidden, kernel: 3, stride: stride, padding: padding.padding(kernel: 3), groups: hidden)
    output = unit(path, "2", depthwise, &builder, output)
    output = builder.add(path + ".conv3", .convolution(Convolution(hidden, width, kernel: 1)), output)
    output = builder.norm(path + ".norm3", width, output)
    if let attention {
      output = builder.attention(attention, path + ".attention", channels: width, place: stage, output)
    }
    guard stride == 1, inputChannels == width else { return output }
    return builder.combine(path + ".add", .add, input, output)
  }

  /// Refuses descriptions that contradict themselves or exceed the limits.
  func validate() throws(ArchitectureError) {
    guard widths.count == Self.standardWidths.count else {
      throw ArchitectureError(
        .invalidArchitecture, "widths: found \(widths.count) numbers, expected \(Self.standardWidths.count)")
    }
    // The widest layer is six times as wide as its block's input.
    try check(widths + [stemWidth], in: 1...Limits.channels / 6, "widths")
    try check([finalWidth], in: 1...Limits.channels, "finalWidth")
    try check([classes], in: 1...Limits.classes, "classes")
    try check([inputChannels], in: 1...Limits.channels, "inputChannels")
    if let attention {
      guard attention.kind == .eca else {
        throw ArchitectureError(
          .invalidArchitecture,
          "attention: found \(attention.kind.rawValue) in a MobileNetV2, expected eca or none")
      }
      try attention.validate(places: widths.count)
    }
  }
}

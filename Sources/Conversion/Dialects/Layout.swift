import SourceFormats

/// How the elements of a source tensor are arranged compared with the canonical tensor.
///
/// Every layout is a change of the view alone: shape, strides and first element. No layout copies data, and
/// each has an inverse, so export is import read backwards.
public enum Layout: String, CaseIterable, Hashable, Sendable {
  /// A canonical linear weight [out, in] that the source keeps as a 1x1 convolution [out, in, 1, 1].
  case pointwiseConvolution = "1x1-convolution"

  /// A canonical 1x1 convolution [out, in, 1, 1] that the source keeps as a linear weight [out, in].
  case linear = "linear"

  /// A convolution [out, in, height, width] whose input channels are in the opposite order.
  case flippedInputs = "flipped-inputs"

  /// A depthwise convolution [channels, 1, height, width] that the source keeps as one with a single output,
  /// [1, channels, height, width], as Keras does before its channels come last.
  case depthwise = "depthwise"

  /// A convolution [out, in, height, width] or [out, in, length] that the source keeps as [height, width, in, out] or
  /// [length, in, out], as Keras does.
  case channelsLast = "channels-last"

  /// A linear weight [out, in] that the source keeps as [in, out], as Keras does.
  case transposed = "transposed"

  /// The layouts that lines of a dialect may state; the others belong to a ``Framework``.
  static let ofDialects: [Layout] = [.pointwiseConvolution, .linear, .flippedInputs, .depthwise]

  /// What the change does to the data, for reports.
  public var explanation: String {
    switch self {
    case .pointwiseConvolution: "1x1 convolution to linear"
    case .linear: "linear to 1x1 convolution"
    case .flippedInputs: "input channels reversed"
    case .depthwise: "depthwise channels to outputs"
    case .channelsLast: "channels last to first"
    case .transposed: "transposed"
    }
  }

  /// The shape that the source has for a canonical shape, or `nil` where the layout does not apply.
  func sourceShape(canonical shape: [Int]) -> [Int]? {
    switch self {
    case .pointwiseConvolution: shape.count == 2 ? shape + [1, 1] : nil
    case .linear: shape.count == 4 && shape[2...] == [1, 1] ? Array(shape.prefix(2)) : nil
    case .flippedInputs: shape.count == 4 ? shape : nil
    case .depthwise:
      shape.count == 4 && shape[1] == 1 ? [1, shape[0], shape[2], shape[3]] : nil
    case .channelsLast: Self.toChannelsLast[shape.count].map { $0.map { shape[$0] } }
    case .transposed: shape.count == 2 ? shape.reversed() : nil
    }
  }

  /// The shape that the canonical tensor has for a source shape, or `nil` where the layout does not apply.
  func canonicalShape(source shape: [Int]) -> [Int]? {
    switch self {
    case .pointwiseConvolution: Layout.linear.sourceShape(canonical: shape)
    case .linear: Layout.pointwiseConvolution.sourceShape(canonical: shape)
    case .flippedInputs, .transposed: sourceShape(canonical: shape)
    case .depthwise:
      shape.count == 4 && shape[0] == 1 ? [shape[1], 1, shape[2], shape[3]] : nil
    case .channelsLast: Self.toChannelsFirst[shape.count].map { $0.map { shape[$0] } }
    }
  }

  /// The canonical tensor as a view of the source tensor, or `nil` where the shape does not allow it.
  func canonicalView(of source: SourceTensor) -> SourceTensor? {
    guard let shape = canonicalShape(source: source.shape) else { return nil }
    return view(of: source, shape: shape, channels: Self.toChannelsFirst[shape.count] ?? [])
  }

  /// The source tensor as a view of the canonical tensor, or `nil` where the shape does not allow it.
  func sourceView(of canonical: SourceTensor) -> SourceTensor? {
    guard let shape = sourceShape(canonical: canonical.shape) else { return nil }
    return view(of: canonical, shape: shape, channels: Self.toChannelsLast[shape.count] ?? [])
  }

  /// Where each dimension of [height, width, in, out] lies in [out, in, height, width], and the other way round; the same
  /// for [length, in, out]. By the number of dimensions.
  private static let toChannelsLast = [3: [2, 1, 0], 4: [2, 3, 1, 0]]
  private static let toChannelsFirst = [3: [2, 1, 0], 4: [3, 2, 0, 1]]

  private func view(of tensor: SourceTensor, shape: [Int], channels: [Int]) -> SourceTensor {
    var view = tensor
    view.shape = shape
    switch self {
    case .pointwiseConvolution, .linear:
      view.strides =
        shape.count == 2 ? Array(tensor.strides.prefix(2)) : Array(tensor.strides.prefix(2)) + [1, 1]
    case .flippedInputs:
      view.storageOffset += max(0, shape[1] - 1) * tensor.strides[1]
      view.strides[1] = -tensor.strides[1]
    case .depthwise: view.strides.swapAt(0, 1)
    case .channelsLast: view.strides = channels.map { tensor.strides[$0] }
    case .transposed: view.strides.reverse()
    }
    return view
  }
}

/// Changes of layout one after the other, from the canonical form to the source.
extension [Layout] {
  /// The layouts of these that apply to a canonical shape, and the shape that the source has.
  func applied(canonical shape: [Int]) -> (layouts: [Layout], shape: [Int]) {
    var applied: [Layout] = []
    var shape = shape
    for layout in self {
      guard let changed = layout.sourceShape(canonical: shape) else { continue }
      applied.append(layout)
      shape = changed
    }
    return (applied, shape)
  }

  /// The canonical tensor as a view of the source tensor.
  func canonicalView(of source: SourceTensor) -> SourceTensor {
    reversed().reduce(source) { view, layout in layout.canonicalView(of: view) ?? view }
  }

  /// The source tensor as a view of the canonical tensor.
  func sourceView(of canonical: SourceTensor) -> SourceTensor {
    reduce(canonical) { view, layout in layout.sourceView(of: view) ?? view }
  }
}

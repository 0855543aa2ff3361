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

  /// What the change does to the data, for reports.
  public var explanation: String {
    switch self {
    case .pointwiseConvolution: "1x1 convolution to linear"
    case .linear: "linear to 1x1 convolution"
    case .flippedInputs: "input channels reversed"
    }
  }

  /// The shape that the source has for a canonical shape, or `nil` where the layout does not apply.
  func sourceShape(canonical shape: [Int]) -> [Int]? {
    switch self {
    case .pointwiseConvolution: shape.count == 2 ? shape + [1, 1] : nil
    case .linear: shape.count == 4 && shape[2...] == [1, 1] ? Array(shape.prefix(2)) : nil
    case .flippedInputs: shape.count == 4 ? shape : nil
    }
  }

  /// The shape that the canonical tensor has for a source shape, or `nil` where the layout does not apply.
  func canonicalShape(source shape: [Int]) -> [Int]? {
    switch self {
    case .pointwiseConvolution: Layout.linear.sourceShape(canonical: shape)
    case .linear: Layout.pointwiseConvolution.sourceShape(canonical: shape)
    case .flippedInputs: sourceShape(canonical: shape)
    }
  }

  /// The canonical tensor as a view of the source tensor, or `nil` where the shape does not allow it.
  func canonicalView(of source: SourceTensor) -> SourceTensor? {
    guard let shape = canonicalShape(source: source.shape) else { return nil }
    return view(of: source, shape: shape)
  }

  /// The source tensor as a view of the canonical tensor, or `nil` where the shape does not allow it.
  func sourceView(of canonical: SourceTensor) -> SourceTensor? {
    guard let shape = sourceShape(canonical: canonical.shape) else { return nil }
    return view(of: canonical, shape: shape)
  }

  private func view(of tensor: SourceTensor, shape: [Int]) -> SourceTensor {
    var view = tensor
    view.shape = shape
    switch self {
    case .pointwiseConvolution, .linear:
      view.strides =
        shape.count == 2 ? Array(tensor.strides.prefix(2)) : Array(tensor.strides.prefix(2)) + [1, 1]
    case .flippedInputs:
      view.storageOffset += max(0, shape[1] - 1) * tensor.strides[1]
      view.strides[1] = -tensor.strides[1]
    }
    return view
  }
}

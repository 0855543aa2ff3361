/// How the convolutions of a network are padded.
public enum PaddingRule: String, Hashable, Sendable, CaseIterable {
  /// By half the kernel on all sides, as in PyTorch.
  case symmetric
  /// By TensorFlow's `same`: where a stride is 2 and the side of the map even, only behind it.
  case same

  /// The padding of a square kernel.
  func padding(kernel: Int) -> Padding {
    switch self {
    case .symmetric: Padding(kernel / 2)
    case .same: .same
    }
  }
}

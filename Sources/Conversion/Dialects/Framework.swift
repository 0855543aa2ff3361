import Architectures

/// How a framework calls and arranges the weights of a layer, whatever the code base.
public enum Framework: String, CaseIterable, Hashable, Sendable {
  /// Dotted names, `weight` and `running_mean`, output channels first: as in the canonical form.
  case pytorch
  /// Names with slashes, `kernel` and `moving_mean`, output channels last.
  /// Source: `keras/src/layers` (names of variables), `keras/src/layers/convolutional/base_conv.py` (shapes).
  case keras

  /// What stands between the modules of a name, and between a module and its leaf.
  var separator: Character {
    switch self {
    case .pytorch: "."
    case .keras: "/"
    }
  }

  /// What the framework is called.
  public var title: String {
    switch self {
    case .pytorch: "PyTorch"
    case .keras: "Keras"
    }
  }

  /// Whether layers of the framework keep such a parameter.
  func has(_ role: Parameter.Role) -> Bool {
    // Keras has no counter of batches, which is optional everywhere.
    self == .pytorch || role != .batchCount
  }

  /// What else a parameter is called within its layer: Keras 2 has a name of its own for depthwise kernels.
  func otherLeaf(of parameter: Parameter) -> String? {
    self == .keras && parameter.role == .convolutionWeight ? "depthwise_kernel" : nil
  }

  /// What a parameter is called within its layer.
  func leaf(of parameter: Parameter) -> String {
    let canonical = String(parameter.name.dropFirst(parameter.module.count + 1))
    guard self == .keras else { return canonical }
    return switch parameter.role {
    case .convolutionWeight, .linearWeight, .channelConvolutionWeight: "kernel"
    case .normWeight: "gamma"
    case .normBias: "beta"
    case .runningMean: "moving_mean"
    case .runningVariance: "moving_variance"
    case .bias, .batchCount: canonical
    }
  }

  /// The canonical leaf that a leaf of the framework stands for; a leaf that is not known stays as it is.
  func canonicalLeaf(_ leaf: Substring) -> Substring {
    guard self == .keras else { return leaf }
    return switch leaf {
    case "kernel", "depthwise_kernel", "gamma": "weight"
    case "beta": "bias"
    case "moving_mean": "running_mean"
    case "moving_variance": "running_var"
    default: leaf
    }
  }

  /// How a weight of so many dimensions is arranged; `nil` for as in PyTorch.
  func layout(rank: Int) -> Layout? {
    guard self == .keras else { return nil }
    return switch rank {
    case 2: .transposed
    case 3, 4: .channelsLast
    default: nil
    }
  }
}

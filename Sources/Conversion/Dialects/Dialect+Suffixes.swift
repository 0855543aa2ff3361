import Architectures

extension Dialect {
  /// What stands behind the names of modules in this code base, and the canonical leaf that each stands for; the
  /// longest first, because one may end like another.
  var leafSuffixes: [(text: String, leaf: Substring)] {
    suffixes.map { (text: $0.value, leaf: Substring($0.key.leaf)) }.sorted {
      ($0.text.utf8.count, $0.text, $0.leaf) > ($1.text.utf8.count, $1.text, $1.leaf)
    }
  }
}

extension Parameter.Role {
  /// The last segment of the canonical name.
  var leaf: String {
    switch self {
    case .convolutionWeight, .linearWeight, .channelConvolutionWeight, .normWeight: "weight"
    case .bias, .normBias: "bias"
    case .runningMean: "running_mean"
    case .runningVariance: "running_var"
    case .batchCount: "num_batches_tracked"
    }
  }
}

import Architectures

extension Wiring.Step {
  /// The kind of step: `convolution`, `add`, ...
  var kind: String {
    switch self {
    case .operation(let operation): operation.kind
    case .channelMean: "mean over the channels"
    case .channelMaximum: "maximum over the channels"
    case .concatenation: "concatenation"
    case .softmax: "softmax"
    case .other(let words): words
    }
  }

  /// What it computes, in words.
  var words: String { words(unlike: nil) }

  /// What it computes, in words that say where it differs from a step of the same kind.
  func words(unlike other: Wiring.Step?) -> String {
    guard case .operation(let operation) = self else { return article(kind) }
    switch operation {
    case .convolution(let own):
      guard case .operation(.convolution(let theirs)) = other else { return own.words }
      var parts: [String] = []
      if own.kernel != theirs.kernel { parts.append("kernel \(own.kernel.words)") }
      if own.inputChannels != theirs.inputChannels || own.outputChannels != theirs.outputChannels {
        parts.append("\(own.inputChannels) to \(own.outputChannels) channels")
      }
      if own.groups != theirs.groups { parts.append("\(own.groups) groups") }
      if own.stride != theirs.stride { parts.append("stride \(own.stride.words)") }
      if own.dilation != theirs.dilation { parts.append("dilation \(own.dilation.words)") }
      if own.padding != theirs.padding { parts.append("padding \(own.padding.words)") }
      if own.hasBias != theirs.hasBias { parts.append(own.hasBias ? "a bias" : "no bias") }
      return parts.isEmpty
        ? "a \(kind) of another input" : "a \(kind) with " + parts.joined(separator: ", ")
    case .batchNorm(let norm):
      if case .operation(.batchNorm(let theirs)) = other, norm.channels != theirs.channels {
        return "a norm of \(norm.channels) channels"
      }
      return "a norm with epsilon \(norm.epsilon)" + (norm.hasScale ? "" : ", without a scale")
    case .linear(let layer):
      return "a dense layer of \(layer.inputs) to \(layer.outputs) values"
        + (layer.hasBias ? " with a bias" : "")
    case .maxPool(let pool), .averagePool(let pool):
      return
        "\(article(kind)) \(pool.kernel)x\(pool.kernel) of stride \(pool.stride), padding \(pool.padding)"
        + (pool.ceilMode ? ", windows rounded up" : "")
    case .addScalar(let number): return "a sum with \(number)"
    default: return article(kind)
    }
  }

  private func article(_ words: String) -> String {
    let hasArticle = words.hasPrefix("a ") || words.hasPrefix("an ") || words.hasPrefix("the ")
    guard !hasArticle, let first = words.first else { return words }
    return ("aeio".contains(first) ? "an " : "a ") + words
  }
}

extension Convolution {
  fileprivate var words: String {
    "a \(kernel.words) \(isDepthwise ? "depthwise " : "")convolution of \(inputChannels) to \(outputChannels) channels, "
      + "stride \(stride.words)"
  }
}

extension Extent {
  fileprivate var words: String { "\(height)x\(width)" }
}

extension Padding {
  fileprivate var words: String {
    switch self {
    case .same: "same"
    case .fixed(let margins):
      Set([margins.top, margins.left, margins.bottom, margins.right]).count == 1
        ? "\(margins.top)"
        : "\(margins.top)-\(margins.bottom) rows and \(margins.left)-\(margins.right) columns"
    }
  }
}

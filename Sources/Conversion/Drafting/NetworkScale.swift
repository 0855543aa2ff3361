import Architectures

/// How wide a network is in a file, compared with that of the catalog, read off its first convolution.
struct NetworkScale {
  let modules: [SourceModule]
  let framework: Framework

  /// A network of the catalog as wide as the one in the file.
  func applied(to architecture: Architecture) -> Architecture {
    switch architecture {
    case .resnet(var network):
      let stem = network.stem.width
      let first =
        switch network.stem.convolutions {
        case .single(let width, _, _): width
        case .deep(let widths): widths[0]
        }
      guard let width = stemWidth(network.inputChannels), width != first else { return architecture }
      func scaled(_ number: Int) -> Int { max(number * width / first, 1) }
      network.widths = network.widths.map(scaled)
      switch network.stem.convolutions {
      case .single(_, let kernel, let stride):
        network.stem.convolutions = .single(width: scaled(stem), kernel: kernel, stride: stride)
      case .deep(let widths): network.stem.convolutions = .deep(widths: widths.map(scaled))
      }
      network.attention = network.attention.map { self.scaled($0, scaled) }
      return (try? network.graph()) == nil ? architecture : .resnet(network)
    case .mobilenetV2(var network):
      guard let width = stemWidth(network.inputChannels), width != network.stemWidth else {
        return architecture
      }
      let first = network.stemWidth
      network.stemWidth = width
      network.widths = network.widths.map { max($0 * width / first, 1) }
      network.finalWidth = max(network.finalWidth * width / first, 1)
      return (try? network.graph()) == nil ? architecture : .mobilenetV2(network)
    case .module(var module):
      // The channels of the map are the widest side of any layer.
      let sides = modules.compactMap { canonical($0)?.prefix(2).max() }
      guard let known = module.channels, let channels = sides.max(), channels != known else {
        return architecture
      }
      module.channels = channels
      module.attention = scaled(module.attention) { max($0 * channels / known, 1) }
      return (try? module.graph()) == nil ? architecture : .module(module)
    }
  }

  /// The output channels of the first convolution that reads the input.
  private func stemWidth(_ inputChannels: Int) -> Int? {
    modules.lazy.compactMap(canonical).first { $0.count == 4 && $0[1] == inputChannels && $0[2] > 1 }?[0]
  }

  /// The shape of a module's weight as PyTorch has it.
  private func canonical(_ module: SourceModule) -> [Int]? {
    guard let shape = module.leaves["weight"]?.shape else { return nil }
    return framework.layout(rank: shape.count)?.canonicalShape(source: shape) ?? shape
  }

  private func scaled(_ attention: Attention, _ scale: (Int) -> Int) -> Attention {
    switch attention {
    case .squeezeExcitation(var variant):
      variant.hidden = variant.hidden.map(scale)
      return .squeezeExcitation(variant)
    case .cbam(var variant):
      variant.hidden = variant.hidden.map(scale)
      return .cbam(variant)
    case .bam(var variant):
      variant.hidden = variant.hidden.map(scale)
      return .bam(variant)
    case .eca, .nam: return attention
    }
  }
}

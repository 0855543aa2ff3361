extension GraphBuilder {
  /// Adds an attention module whose names begin with `path`, on a map of `channels`; `place` selects the numbers of
  /// the variant's list. Returns the gated map.
  ///
  /// `channels` may be `nil` only for ECA with one shared kernel.
  mutating func attention(
    _ attention: Attention, _ path: String, channels: Int?, place: Int, _ input: Node.Source
  ) -> Node.Source {
    let width = channels ?? 0
    switch attention {
    case .squeezeExcitation(let variant):
      return squeezeExcitation(variant, path, width, variant.hidden[place], input)
    case .cbam(let variant): return cbam(variant, path, width, variant.hidden[place], input)
    case .bam(let variant): return bam(variant, path, width, variant.hidden[place], input)
    case .eca(let variant):
      return eca(variant, path, variant.isShared ? nil : width, variant.kernels[place], input)
    case .nam: return nam(path, width, input)
    }
  }

  /// Linear, ReLU, linear on pooled features (Hu et al. 2018, section 3.2; moskomule/senet.pytorch).
  private mutating func squeezeExcitation(
    _ variant: Attention.SqueezeExcitation, _ path: String, _ channels: Int, _ hidden: Int,
    _ input: Node.Source
  ) -> Node.Source {
    let pooled = add(path + ".pool", .globalAveragePool, input)
    var gate = add(path + ".flatten", .flatten, pooled)
    gate = add(path + ".reduce", .linear(Linear(channels, hidden, hasBias: variant.hasBias)), gate)
    gate = add(path + ".relu", .relu, gate)
    gate = add(path + ".expand", .linear(Linear(hidden, channels, hasBias: variant.hasBias)), gate)
    gate = add(path + ".sigmoid", .sigmoid, gate)
    gate = add(path + ".unflatten", .unflatten, gate)
    return combine(path + ".scale", .multiply, input, gate)
  }

  /// The channel gate, then the spatial gate on its result (Woo et al. 2018; Jongchan/attention-module).
  private mutating func cbam(
    _ variant: Attention.CBAM, _ path: String, _ channels: Int, _ hidden: Int, _ input: Node.Source
  ) -> Node.Source {
    let channel = path + ".channel"
    let reduce = Linear(channels, hidden, hasBias: variant.channelBias)
    let expand = Linear(hidden, channels, hasBias: variant.channelBias)
    // The perceptron runs twice with the same weights; the second run has names of its own.
    var average = add(channel + ".average_pool", .globalAveragePool, input)
    average = add(channel + ".average_flatten", .flatten, average)
    average = add(channel + ".reduce", .linear(reduce), average)
    average = add(channel + ".relu", .relu, average)
    average = add(channel + ".expand", .linear(expand), average)
    var maximum = add(channel + ".max_pool", .globalMaxPool, input)
    maximum = add(channel + ".max_flatten", .flatten, maximum)
    maximum = add(channel + ".max_reduce", .linear(reduce), maximum, module: channel + ".reduce")
    maximum = add(channel + ".max_relu", .relu, maximum)
    maximum = add(channel + ".max_expand", .linear(expand), maximum, module: channel + ".expand")
    var gate = combine(channel + ".add", .add, average, maximum)
    gate = add(channel + ".sigmoid", .sigmoid, gate)
    gate = add(channel + ".unflatten", .unflatten, gate)
    var output = combine(channel + ".scale", .multiply, input, gate)
    if let gate = variant.spatial {
      output = spatialGate(gate, path + ".spatial", output)
    }
    return variant.addsInput ? combine(path + ".add", .add, output, input) : output
  }

  private mutating func spatialGate(
    _ variant: Attention.SpatialGate, _ path: String, _ input: Node.Source
  ) -> Node.Source {
    var gate = add(path + ".statistics", .channelStatistics, input)
    let convolution = Convolution(
      2, 1, kernel: variant.kernel, padding: Padding(variant.kernel / 2), hasBias: variant.hasBias)
    gate = add(path + ".conv", .convolution(convolution), gate)
    if variant.hasNorm { gate = norm(path + ".norm", 1, gate) }
    gate = add(path + ".sigmoid", .sigmoid, gate)
    return combine(path + ".scale", .multiply, input, gate)
  }

  /// input * (1 + sigmoid(channel branch combined with spatial branch)) (Park et al. 2018;
  /// Jongchan/attention-module MODELS/bam.py).
  private mutating func bam(
    _ variant: Attention.BAM, _ path: String, _ channels: Int, _ hidden: Int, _ input: Node.Source
  ) -> Node.Source {
    let channel = path + ".channel"
    var vector = add(
      channel + ".pool", variant.channelPool == .square ? .squareAveragePool : .globalAveragePool, input)
    vector = add(channel + ".flatten", .flatten, vector)
    vector = add(channel + ".reduce", .linear(Linear(channels, hidden)), vector)
    vector = norm(channel + ".norm", hidden, vector)
    vector = add(channel + ".relu", .relu, vector)
    for layer in 0..<(variant.channelLayers - 1) {
      vector = add(channel + ".hidden.\(layer)", .linear(Linear(hidden, hidden)), vector)
      vector = norm(channel + ".hidden_norm.\(layer)", hidden, vector)
      vector = add(channel + ".hidden_relu.\(layer)", .relu, vector)
    }
    vector = add(channel + ".expand", .linear(Linear(hidden, channels)), vector)
    vector = add(channel + ".unflatten", .unflatten, vector)

    let spatial = path + ".spatial"
    var map = add(
      spatial + ".reduce", .convolution(Convolution(channels, hidden, kernel: 1, hasBias: true)), input)
    map = norm(spatial + ".reduce_norm", hidden, map)
    map = add(spatial + ".reduce_relu", .relu, map)
    for layer in 0..<variant.dilatedLayers {
      let convolution = Convolution(
        hidden, hidden, kernel: 3, padding: Padding(variant.padding), dilation: variant.dilation,
        hasBias: true)
      map = add(spatial + ".dilated.\(layer)", .convolution(convolution), map)
      map = norm(spatial + ".dilated_norm.\(layer)", hidden, map)
      map = add(spatial + ".dilated_relu.\(layer)", .relu, map)
    }
    map = add(spatial + ".project", .convolution(Convolution(hidden, 1, kernel: 1, hasBias: true)), map)

    var gate = combine(path + ".combine", variant.combination == .product ? .multiply : .add, vector, map)
    gate = add(path + ".sigmoid", .sigmoid, gate)
    gate = add(path + ".add_one", .addScalar(1), gate)
    return combine(path + ".scale", .multiply, input, gate)
  }

  /// A convolution over the channel axis (Wang et al. 2020; BangguWu/ECANet). `channels` is `nil` for a shared kernel.
  private mutating func eca(
    _ variant: Attention.ECA, _ path: String, _ channels: Int?, _ kernel: Int, _ input: Node.Source
  ) -> Node.Source {
    var gate = add(path + ".pool", .globalAveragePool, input)
    let convolution = ChannelConvolution(
      channels: channels, kernel: kernel, edge: variant.edge, hasBias: variant.hasBias)
    gate = add(path + ".conv", .channelConvolution(convolution), gate)
    gate = add(path + ".sigmoid", .sigmoid, gate)
    return combine(path + ".scale", .multiply, input, gate)
  }

  /// input * sigmoid(norm(input) * |gamma| / sum |gamma|) (Liu et al. 2021; Christian-lyc/NAM).
  private mutating func nam(_ path: String, _ channels: Int, _ input: Node.Source) -> Node.Source {
    let channel = path + ".channel"
    var gate = norm(channel + ".norm", channels, input)
    gate = add(
      channel + ".weight", .normWeightScale(NormWeightScale(channels, norm: channel + ".norm")), gate)
    gate = add(channel + ".sigmoid", .sigmoid, gate)
    return combine(channel + ".scale", .multiply, input, gate)
  }
}

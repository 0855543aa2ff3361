extension ResNet {
  /// The network as a graph; fails where the description contradicts itself.
  public func graph() throws(ArchitectureError) -> Graph {
    try validate()
    var builder = GraphBuilder(epsilon: epsilon)
    var output = addStem(to: &builder)
    var channels = stem.width
    for stage in blocksPerStage.indices {
      for index in 0..<blocksPerStage[stage] {
        let path = "stages.\(stage).blocks.\(index)"
        let place = Place(
          path: path, stage: stage, inputChannels: channels, stride: stage > 0 && index == 0 ? 2 : 1,
          isFirst: index == 0)
        output = addBlock(at: place, to: &builder, output)
        channels = outputWidths[stage]
      }
      if let attention, attention.followsStages, stage < blocksPerStage.count - 1 {
        output = builder.attention(
          attention, "stages.\(stage).attention", channels: channels, place: stage, output)
      }
    }
    if preActivation {
      output = builder.norm("final.norm", channels, output)
      output = builder.add("final.relu", .relu, output)
    }
    switch headPool {
    case .adaptive: output = builder.add("head.pool", .globalAveragePool, output)
    case .fixed(let kernel, let stride):
      output = builder.add("head.pool", .averagePool(Pool(kernel: kernel, stride: stride)), output)
    }
    output = builder.add("head.flatten", .flatten, output)
    _ = builder.add("head", .linear(Linear(channels, classes)), output)
    return try builder.graph(inputChannels: inputChannels)
  }

  private func addStem(to builder: inout GraphBuilder) -> Node.Source {
    var output = Node.Source.input
    if inputNorm { output = builder.norm("stem.input_norm", inputChannels, output, hasScale: false) }
    switch stem.convolutions {
    case .single(let width, let kernel, let stride):
      let convolution = convolution(inputChannels, width, kernel: kernel, stride: stride)
      output = builder.add("stem.conv", .convolution(convolution), output)
      output = builder.norm("stem.norm", width, output)
      output = builder.add("stem.relu", .relu, output)
    case .deep(let widths):
      var channels = inputChannels
      for (index, width) in widths.enumerated() {
        let convolution = convolution(channels, width, kernel: 3, stride: index == 0 ? 2 : 1)
        output = builder.add("stem.conv\(index + 1)", .convolution(convolution), output)
        output = builder.norm("stem.norm\(index + 1)", width, output)
        output = builder.add("stem.relu\(index + 1)", .relu, output)
        channels = width
      }
    }
    if let pool = stem.maxPool {
      // Keras pads with zeros, in a layer of its own. Behind a ReLU they win no maximum that is not 0 already.
      let window = Pool(kernel: 3, stride: 2, padding: pool.padding, ceilMode: pool.ceilMode)
      output = builder.add("stem.pool", .maxPool(window), output)
    }
    return output
  }

  /// Where a block is and what it has to fit.
  private struct Place {
    var path: String
    var stage: Int
    var inputChannels: Int
    var stride: Int
    /// Whether it is the first of its stage.
    var isFirst: Bool
  }

  private func addBlock(
    at place: Place, to builder: inout GraphBuilder, _ input: Node.Source
  ) -> Node.Source {
    if preActivation { return addPreActivationBlock(at: place, to: &builder, input) }
    let path = place.path
    let outputChannels = outputWidths[place.stage]
    var output = input
    let convolutions = convolutions(of: place)
    for (index, convolution) in convolutions.enumerated() {
      output = builder.add("\(path).conv\(index + 1)", .convolution(convolution), output)
      output = builder.norm("\(path).norm\(index + 1)", convolution.outputChannels, output)
      if index < convolutions.count - 1 || activatesBeforeAttention {
        output = builder.add("\(path).relu\(index + 1)", .relu, output)
      }
    }
    if let attention, !attention.followsStages {
      output = builder.attention(
        attention, path + ".attention", channels: outputChannels, place: place.stage, output)
    }
    let residual = addShortcut(at: place, to: &builder, input)
    output = builder.combine(path + ".add", .add, output, residual)
    return builder.add(path + ".relu", .relu, output)
  }

  /// Norm and ReLU before each convolution, nothing behind the sum.
  private func addPreActivationBlock(
    at place: Place, to builder: inout GraphBuilder, _ input: Node.Source
  ) -> Node.Source {
    let path = place.path
    var output = input
    var residual = input
    for (index, convolution) in convolutions(of: place).enumerated() {
      output = builder.norm("\(path).norm\(index + 1)", convolution.inputChannels, output)
      output = builder.add("\(path).relu\(index + 1)", .relu, output)
      if index == 0, place.isFirst { residual = addProjection(at: place, place.stride, to: &builder, output) }
      output = builder.add("\(path).conv\(index + 1)", .convolution(convolution), output)
    }
    if let attention, !attention.followsStages {
      output = builder.attention(
        attention, path + ".attention", channels: outputWidths[place.stage], place: place.stage, output)
    }
    return builder.combine(path + ".add", .add, output, residual)
  }

  private func convolutions(of place: Place) -> [Convolution] {
    let width = widths[place.stage]
    let firstStride = stridePosition == .conv1 ? place.stride : 1
    let secondStride = stridePosition == .conv1 ? 1 : place.stride
    switch block {
    case .basic:
      return [
        convolution(place.inputChannels, width, kernel: 3, stride: firstStride),
        convolution(width, width * expansion, kernel: 3, stride: secondStride),
      ]
    case .bottleneck:
      return [
        convolution(place.inputChannels, width, kernel: 1, stride: firstStride),
        convolution(width, width, kernel: 3, stride: secondStride),
        convolution(width, width * expansion, kernel: 1, stride: 1),
      ]
    }
  }

  private func addShortcut(
    at place: Place, to builder: inout GraphBuilder, _ input: Node.Source
  ) -> Node.Source {
    let outputChannels = outputWidths[place.stage]
    guard place.stride != 1 || place.inputChannels != outputChannels else { return input }
    var output = input
    var stride = place.stride
    if shortcut == .averagePool, stride != 1 {
      let window = Pool(kernel: 2, stride: stride, ceilMode: true, countsPadding: false)
      output = builder.add(place.path + ".shortcut.pool", .averagePool(window), output)
      stride = 1
    }
    return addProjection(at: place, stride, to: &builder, output)
  }

  private func addProjection(
    at place: Place, _ stride: Int, to builder: inout GraphBuilder, _ input: Node.Source
  ) -> Node.Source {
    let channels = outputWidths[place.stage]
    let convolution = convolution(place.inputChannels, channels, kernel: 1, stride: stride)
    let output = builder.add(place.path + ".shortcut.conv", .convolution(convolution), input)
    return shortcutNorm ? builder.norm(place.path + ".shortcut.norm", channels, output) : output
  }

  private func convolution(_ inputs: Int, _ outputs: Int, kernel: Int, stride: Int) -> Convolution {
    Convolution(
      inputs, outputs, kernel: kernel, stride: stride, padding: padding.padding(kernel: kernel),
      hasBias: convolutionBias)
  }
}

import Architectures
import JSON

/// What names and shapes do not show about a network (``Semantics``), as questions to the person who has its code.
enum OpenQuestions {
  /// The questions that matter for an architecture, with the answers that its description holds.
  static func about(_ architecture: Architecture) -> [DialectDraft.Question] {
    var questions: [DialectDraft.Question] = []
    let values = Semantics().json
    func ask(_ name: String, _ text: String) {
      questions.append(
        DialectDraft.Question(name: name, text: text, assumed: values[name]?.text() ?? "none"))
    }
    if case .resnet(let network) = architecture {
      if network.block == .bottleneck {
        ask("stridePosition", "which convolution of a bottleneck halves the map, \"conv1\" or \"conv2\"?")
      }
      if case .deep = network.stem.convolutions {
        ask("deepStemShortcut", "do shortcuts halve the map by a \"convolution\" or by an \"averagePool\"?")
      } else {
        ask("shortcut", "do shortcuts halve the map by a \"convolution\" or by an \"averagePool\"?")
      }
      if network.stem.maxPool != nil {
        ask("maxPoolPadding", "how is the max pool of the stem padded, 0 or 1?")
        ask("maxPoolCeilMode", "does it round the number of windows up?")
      }
      if network.block == .basic, network.attention?.followsStages == false {
        ask("basicBlockActivatesBeforeAttention", "do blocks end in a ReLU before their attention module?")
      }
      ask(
        network.stem.maxPool == nil ? "cifarHeadPool" : "headPool",
        "is the pool before the head adaptive or of a fixed size?")
      ask(
        "padding", "are convolutions padded alike on all sides, \"symmetric\", or as TensorFlow's \"same\"?")
    }
    switch architecture.attention?.kind {
    case .cbam:
      questions.append(
        DialectDraft.Question(
          name: "layout",
          text: "does the spatial gate read the maximum first or the mean? For the mean, give the line of "
            + "spatial.conv the layout \"flipped-inputs\"", assumed: "the maximum"))
      ask("cbamAddsInput", "is the input added to the output of the attention module?")
    case .bam:
      ask("bamCombination", "are the branches combined by \"product\" or \"sum\"?")
      ask("bamChannelPool", "does the channel branch pool over a \"square\" or \"global\"?")
      ask("bamDilation", "what is the dilation of the spatial branch?")
      ask("bamPadding", "what is its padding?")
    case .eca: ask("ecaEdge", "what lies beyond the first and the last channel, \"zero\" or \"circular\"?")
    case .squeezeExcitation, .nam, nil: break
    }
    ask("epsilon", "what do the norms add to the variance?")
    return questions
  }
}

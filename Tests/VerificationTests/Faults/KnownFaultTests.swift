import Architectures
import Execution
import Testing
import Verification

/// What a known fault changes, and where it can be.
@Suite struct KnownFaultTests {
  /// A fault in a network, and all that must be different behind it.
  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var graph: @Sendable () throws -> Graph
    var fault: KnownFault
    var nodes: [String: Operation]
    var tensors: [String: [Float]]
    /// What takes it back; the fault itself where `nil`.
    var inverse: KnownFault?

    init(
      _ name: String, _ mistake: KnownFault.Mistake, _ scope: KnownFault.Scope,
      inverse: KnownFault.Mistake? = nil,
      nodes: [String: Operation] = [:], tensors: [String: [Float]] = [:],
      graph: @escaping @Sendable () throws -> Graph
    ) {
      testDescription = name
      self.graph = graph
      fault = KnownFault(mistake, scope)
      self.nodes = nodes
      self.tensors = tensors
      self.inverse = inverse.map { KnownFault($0, scope) }
    }
  }

  static func convolution(_ convolution: Convolution) throws -> Graph {
    try Graph(
      nodes: [Node(name: "stem.conv", operation: .convolution(convolution), inputs: [.input])],
      inputChannels: convolution.inputChannels)
  }

  static func module(_ attention: Attention, _ channels: Int) throws -> Graph {
    try AttentionModule(attention, channels: channels).graph()
  }

  static let kernel3 = Convolution(1, 1, kernel: 3)
  static let square = Convolution(2, 2, kernel: 1)
  static let strided7 = Convolution(3, 2, kernel: 7, stride: 2, padding: 3)
  static var strided7Asymmetric: Convolution {
    var layer = strided7
    layer.padding = .same
    return layer
  }
  static let strided3 = Convolution(2, 2, kernel: 3, stride: 2, padding: 1, groups: 2)
  static var strided3Asymmetric: Convolution {
    var layer = strided3
    layer.padding = .same
    return layer
  }

  static let rows: [Row] = [
    .init(
      "pool order", .swappedPoolOrder, .module("attention.spatial.conv"),
      // Perceptron 0: 4 numbers; the convolution has the maximum's weight 5 first, the mean's 6 second.
      tensors: ["attention.spatial.conv.weight": [6, 5]]
    ) {
      try module(
        .cbam(
          .init(
            hidden: [1], channelBias: false,
            spatial: .init(kernel: 1, hasNorm: false))), 2)
    },
    .init(
      "rows and columns", .transposedKernel, .module("stem.conv"),
      tensors: ["stem.conv.weight": [1, 4, 7, 2, 5, 8, 3, 6, 9]]
    ) {
      try convolution(kernel3)
    },
    .init(
      "inputs and outputs of a convolution", .swappedChannels, .module("stem.conv"),
      tensors: ["stem.conv.weight": [1, 3, 2, 4]]
    ) {
      try convolution(square)
    },
    .init(
      "inputs and outputs of a linear layer", .swappedChannels, .module("head"),
      tensors: ["head.weight": [1, 3, 2, 4]]
    ) {
      try Graph(
        nodes: [
          Node(name: "head.flatten", operation: .flatten, inputs: [.input]),
          Node(name: "head", operation: .linear(Linear(2, 2)), inputs: [.node(0)]),
        ], inputChannels: 2)
    },
    .init(
      "a turned kernel", .flippedKernel, .module("stem.conv"),
      tensors: ["stem.conv.weight": [9, 8, 7, 6, 5, 4, 3, 2, 1]]
    ) {
      try convolution(kernel3)
    },
    .init(
      "a reversed kernel of ECA", .flippedKernel, .module("attention.conv"),
      tensors: ["attention.conv.weight": [3, 2, 1]]
    ) {
      try module(.eca(.init(kernels: [3])), 4)
    },
    .init(
      "an epsilon", .epsilon(1e-3), .module("attention.channel.norm"), inverse: .epsilon(1e-5),
      nodes: ["attention.channel.norm": .batchNorm(BatchNorm(2, epsilon: 1e-3))]
    ) {
      try module(.nam, 2)
    },
    .init(
      "mean and variance", .swappedStatistics, .module("attention.channel.norm"),
      tensors: [
        "attention.channel.norm.running_mean": [7, 8], "attention.channel.norm.running_var": [5, 6],
      ]
    ) {
      try module(.nam, 2)
    },
    .init(
      "scale and shift", .swappedScaleAndShift, .module("attention.channel.norm"),
      tensors: ["attention.channel.norm.weight": [3, 4], "attention.channel.norm.bias": [1, 2]]
    ) {
      try module(.nam, 2)
    },
    .init(
      "asymmetric padding of 7x7", .padding(.asymmetric), .module("stem.conv"), inverse: .padding(.symmetric),
      nodes: ["stem.conv": .convolution(strided7Asymmetric)]
    ) { try convolution(strided7) },
    .init(
      "asymmetric padding of depthwise 3x3", .padding(.asymmetric), .module("stem.conv"),
      inverse: .padding(.symmetric),
      nodes: ["stem.conv": .convolution(strided3Asymmetric)]
    ) { try convolution(strided3) },
    .init(
      "padding of the max pool", .padding(.asymmetric), .module("stem.pool"), inverse: .padding(.symmetric),
      nodes: ["stem.pool": .maxPool(Pool(kernel: 3, stride: 2, padding: 0, ceilMode: true))]
    ) {
      try Graph(
        nodes: [
          Node(
            name: "stem.pool", operation: .maxPool(Pool(kernel: 3, stride: 2, padding: 1)), inputs: [.input])
        ], inputChannels: 3)
    },
    .init(
      "the sum of BAM", .combination(.sum), .module("attention"), inverse: .combination(.product),
      nodes: ["attention.combine": .add]
    ) { try module(.bam(.init(hidden: [1])), 2) },
    .init(
      "the channel pool of BAM", .channelPool(.global), .module("attention"), inverse: .channelPool(.square),
      nodes: ["attention.channel.pool": .globalAveragePool]
    ) { try module(.bam(.init(hidden: [1])), 2) },
    .init(
      "the dilation of BAM", .dilation(1), .module("attention.spatial.dilated.1"), inverse: .dilation(4),
      nodes: [
        "attention.spatial.dilated.1": .convolution(
          Convolution(1, 1, kernel: 3, padding: 1, hasBias: true))
      ]
    ) { try module(.bam(.init(hidden: [1])), 2) },
    .init(
      "the input of CBAM added", .attentionResidual(true), .module("attention"),
      inverse: .attentionResidual(false),
      nodes: ["attention.add": .add]
    ) { try module(.cbam(.init(hidden: [1])), 2) },
    .init(
      "ends of ECA's channels", .channelEdge(.circular), .module("attention.conv"),
      inverse: .channelEdge(.zero),
      nodes: ["attention.conv": .channelConvolution(ChannelConvolution(kernel: 3, edge: .circular))]
    ) { try module(.eca(.init(kernels: [3])), 4) },
    .init(
      "two layers of BAM", .swappedLayers("spatial.dilated.0", "spatial.dilated.1"), .module("attention"),
      tensors: [
        "attention.spatial.dilated.0.weight": (33...41).map(Float.init),
        "attention.spatial.dilated.0.bias": [42],
        "attention.spatial.dilated.1.weight": (19...27).map(Float.init),
        "attention.spatial.dilated.1.bias": [28],
      ]
    ) { try module(.bam(.init(hidden: [1])), 2) },
    .init(
      "activations without an end", .limitedActivation(false), .module("stem.relu"),
      inverse: .limitedActivation(true),
      nodes: ["stem.relu": .relu]
    ) {
      try Graph(
        nodes: [Node(name: "stem.relu", operation: .relu6, inputs: [.input])], inputChannels: 3)
    },
    .init(
      "a ReLU before the attention", .activationBeforeAttention(true), .module("stages.0.blocks.0"),
      inverse: .activationBeforeAttention(false), nodes: ["stages.0.blocks.0.relu2": .relu]
    ) {
      try ResNet(
        block: .basic, blocksPerStage: [1], widths: [2], stem: .cifar(width: 2),
        attention: .squeezeExcitation(.init(hidden: [1], hasBias: true)), classes: 2
      ).graph()
    },
    .init(
      "the stride of a bottleneck", .stride(.conv1), .module("stages.1.blocks.0"), inverse: .stride(.conv2),
      nodes: [
        "stages.1.blocks.0.conv1": .convolution(Convolution(4, 2, kernel: 1, stride: 2)),
        "stages.1.blocks.0.conv2": .convolution(Convolution(2, 2, kernel: 3, stride: 1, padding: 1)),
      ]
    ) {
      try ResNet(
        block: .bottleneck, blocksPerStage: [1, 1], widths: [1, 2], stem: .cifar(width: 1), classes: 2
      ).graph()
    },
    .init(
      "the head pool", .headPool(.fixed(kernel: 7, stride: 7)), .module("head.pool"),
      inverse: .headPool(.adaptive),
      nodes: ["head.pool": .averagePool(Pool(kernel: 7, stride: 7))]
    ) {
      try ResNet(block: .basic, blocksPerStage: [1], widths: [2], stem: .cifar(width: 2), classes: 2).graph()
    },
  ]

  @Test(arguments: rows)
  func `a fault changes what it says and nothing else, and can be taken back`(_ row: Row) throws {
    let sound = try numberedWeights(row.graph())
    let faulty = try row.fault.injected(into: sound)
    let difference = try Difference(sound, faulty)
    #expect(difference.nodes == row.nodes)
    #expect(difference.tensors == row.tensors)
    #expect(difference.missing == [])
    #expect(KnownFault.candidates(in: sound, nodes: Set(sound.graph.nodes.map(\.name))).contains(row.fault))

    let restored = try Difference(sound, (row.inverse ?? row.fault).injected(into: faulty))
    // What stands in for an inserted node computes nothing.
    #expect(restored.nodes.values.allSatisfy { $0 == .addScalar(0) })
    #expect(restored.tensors == [:])
  }

  @Test func `a norm left out leaves its node`() throws {
    let sound = try numberedWeights(Self.module(.cbam(.init(hidden: [1])), 2))
    let faulty = try KnownFault(.missingNorm, .everywhere).injected(into: sound)
    #expect(try Difference(sound, faulty).nodes == ["attention.spatial.norm": .addScalar(0)])
    #expect(faulty.graph.parameters.allSatisfy { $0.module != "attention.spatial.norm" })
  }

  @Test func `NAM without absolute values weighs by gamma over the sum of gamma`() throws {
    let graph = try Self.module(.nam, 2)
    let name = "attention.channel.norm"
    let sound = try numberedWeights(graph).replacing([
      "\(name).weight": Tensor(shape: [2], values: [-0.5, 1.5]),
      "\(name).bias": Tensor(shape: [2], values: [0.25, 0.5]),
    ])
    let faulty = try KnownFault(.signedNormWeights, .everywhere).injected(into: sound)
    let input = try Tensor<Float>(shape: [1, 2, 1, 1], values: [3, 5])
    let (before, after) = try (
      ReferenceExecutor(sound).trace(input), ReferenceExecutor(faulty).trace(input)
    )
    let norm = try #require(before["\(name)"]).values
    // |gamma| / sum|gamma| is 1/4 and 3/4; gamma / sum gamma is -1/2 and 3/2.
    #expect(before["attention.channel.weight"]?.values == [norm[0] / 4, norm[1] * 3 / 4])
    let signed = try #require(after["attention.channel.weight"]).values
    for (found, expected) in zip(signed, [-norm[0] / 2, norm[1] * 3 / 2]) {
      #expect(abs(found - expected) <= 1e-12 * abs(expected))
    }
  }

  @Test func `fresh statistics are those of a new norm`() throws {
    let sound = try numberedWeights(Self.module(.nam, 2))
    let faulty = try KnownFault(.freshStatistics, .everywhere).injected(into: sound)
    #expect(
      try Difference(sound, faulty).tensors == [
        "attention.channel.norm.running_mean": [0, 0], "attention.channel.norm.running_var": [1, 1],
      ])
  }

  @Test func `what would change nothing is no candidate`() throws {
    let sound = try numberedWeights(Self.convolution(Self.kernel3))
    let symmetric = try sound.replacing([
      "stem.conv.weight": Tensor(shape: [1, 1, 3, 3], values: [1, 2, 1, 2, 3, 2, 1, 2, 1])
    ])
    #expect(
      KnownFault.candidates(in: sound, nodes: ["stem.conv"]) == [
        KnownFault(.transposedKernel, .module("stem.conv")), KnownFault(.flippedKernel, .module("stem.conv")),
      ])
    #expect(KnownFault.candidates(in: symmetric, nodes: ["stem.conv"]) == [])
  }

  @Test func `candidates are looked for among the given nodes, most likely and narrowest first`() throws {
    let graph = try ResNet(
      block: .basic, blocksPerStage: [1, 1], widths: [2, 3], stem: .cifar(width: 2),
      attention: .cbam(.init(hidden: [1, 1], channelBias: false)), classes: 2
    ).graph()
    let path = "stages.1.blocks.0.attention.spatial"
    let candidates = try KnownFault.candidates(
      in: numberedWeights(graph), nodes: ["\(path).conv", "\(path).norm"])
    var expected: [KnownFault] = [
      .init(.swappedPoolOrder, .module("\(path).conv")), .init(.swappedPoolOrder, .everywhere),
    ]
    for epsilon in [1e-3, 1.001e-5, 2e-5] {
      expected += [.module("\(path).norm"), .attention, .everywhere].map { .init(.epsilon(epsilon), $0) }
    }
    expected += [
      .init(.swappedStatistics, .module("\(path).norm")), .init(.swappedStatistics, .attention),
      .init(.swappedStatistics, .everywhere),
      .init(.swappedScaleAndShift, .module("\(path).norm")), .init(.swappedScaleAndShift, .attention),
      .init(.swappedScaleAndShift, .everywhere),
      .init(.transposedKernel, .module("\(path).conv")), .init(.transposedKernel, .attention),
      .init(.transposedKernel, .everywhere),
      .init(.flippedKernel, .module("\(path).conv")), .init(.flippedKernel, .attention),
      .init(.flippedKernel, .everywhere),
      .init(.missingNorm, .module(path)), .init(.missingNorm, .everywhere),
      .init(.freshStatistics, .module("\(path).norm")), .init(.freshStatistics, .attention),
      .init(.freshStatistics, .everywhere),
    ]
    #expect(candidates == expected)
  }

  @Test func `a fault of wide scope reaches every place`() throws {
    let graph = try ResNet(
      block: .bottleneck, blocksPerStage: [1, 1, 1], widths: [1, 2, 3], stem: .cifar(width: 1), classes: 2
    ).graph()
    let sound = try numberedWeights(graph)
    let strides = try Difference(sound, KnownFault(.stride(.conv1), .everywhere).injected(into: sound)).nodes
    #expect(
      Set(strides.keys) == [
        "stages.1.blocks.0.conv1", "stages.1.blocks.0.conv2", "stages.2.blocks.0.conv1",
        "stages.2.blocks.0.conv2",
      ])
    let epsilons = try KnownFault(.epsilon(1e-3), .everywhere).injected(into: sound).graph.nodes.compactMap {
      if case .batchNorm(let norm) = $0.operation { norm.epsilon } else { nil }
    }
    #expect(epsilons == Array(repeating: 1e-3, count: 13))
  }

  @Test func `a network without a place for a fault refuses it`() throws {
    let sound = try numberedWeights(Self.module(.nam, 2))
    #expect(
      throws: ExecutionError(
        .unknownNode, "the network has no place for the fault swapped-pool-order in the whole network")
    ) { try KnownFault(.swappedPoolOrder, .everywhere).injected(into: sound) }
  }

  @Test func `faults say what they are`() {
    let fault = KnownFault(.transposedKernel, .module("stages.0.blocks.1.conv2"))
    #expect(fault.identifier == "transposed-kernel")
    #expect(fault.variant == nil)
    #expect(KnownFault(.epsilon(1.001e-5), .everywhere).identifier == "norm-epsilon")
    #expect(KnownFault(.epsilon(1.001e-5), .everywhere).variant == "1.001e-05")
    #expect(fault.module == "stages.0.blocks.1.conv2")
    #expect(
      fault.explanation == "rows and columns of the kernel of stages.0.blocks.1.conv2 are transposed")
    #expect(
      KnownFault(.epsilon(1e-3), .everywhere).explanation
        == "the norm epsilon of the whole network is 0.001 in the reference")
  }
}

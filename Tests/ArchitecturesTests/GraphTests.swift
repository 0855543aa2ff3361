import Architectures
import Testing

@Suite struct GraphTests {
  @Test(
    arguments: [
      (resnet(50), [2, 3, 224, 224], [2, 1000]),
      (resnet(50), [1, 3, 193, 321], [1, 1000]),
      (resnet(18, headPool: .fixed(kernel: 7, stride: 7)), [1, 3, 256, 256], [1, 1000]),
      (resnet(50, attention: officialBAM), [1, 3, 224, 256], [1, 1000]),
      (
        resnet(18, stem: .cifar(width: 64), headPool: .fixed(kernel: 4, stride: 4), classes: 100),
        [3, 3, 32, 32],
        [3, 100]
      ),
      (
        resnet(20, stem: .cifar(width: 16), classes: 10, attention: squeezeExcitation(bias: false)),
        [1, 3, 32, 32],
        [1, 10]
      ),
      (resnet(50, stem: deep([24, 32, 64]), shortcut: .averagePool), [1, 3, 225, 225], [1, 1000]),
      (.mobilenetV2(MobileNetV2()), [1, 3, 224, 160], [1, 1000]),
      (module(.nam), [2, 64, 8, 9], [2, 64, 8, 9]),
      (module(.eca(Attention.ECA(kernels: [5])), channels: nil), [2, 17, 8, 9], [2, 17, 8, 9]),
    ] as [(Architecture, [Int], [Int])])
  func `maps an input to an output of the right shape`(
    _ architecture: Architecture, _ input: [Int], _ output: [Int]
  )
    throws
  {
    let graph = try architecture.graph()
    #expect(try graph.shapes(input: input).last == output)
    #expect(try graph.summary(input: input).outputShape == output)
  }

  @Test(arguments: [
    ("stem", [1, 64, 56, 56]), ("stem.relu", [1, 64, 112, 112]), ("stages.0.blocks.2", [1, 256, 56, 56]),
    ("stages.0.blocks", [1, 256, 56, 56]), ("stages.2.blocks.0.conv1", [1, 256, 28, 28]),
    ("stages.2.blocks.0.conv2", [1, 256, 14, 14]), ("stages.3", [1, 2048, 7, 7]),
    ("head.pool", [1, 2048, 1, 1]),
    ("head", [1, 1000]), ("stages.1.blocks.0.attention.channel.expand", [1, 512]),
    ("stages.1.blocks.0.attention.spatial", [1, 512, 28, 28]),
  ])
  func `finds the output of a part of the network`(_ path: String, _ shape: [Int]) throws {
    let graph = try resnet(50, attention: officialCBAM).graph()
    let index = try #require(graph.outputIndex(of: path))
    #expect(try graph.shapes(input: [1, 3, 224, 224])[index] == shape)
  }

  @Test func `strides in the first convolution where the description says so`() throws {
    let graph = try resnet(50, stridePosition: .conv1).graph()
    let shapes = try graph.shapes(input: [1, 3, 224, 224])
    let index = try #require(graph.index(of: "stages.2.blocks.0.conv1"))
    #expect(shapes[index] == [1, 256, 14, 14])
  }

  /// Published: 4.09, 1.81, 7.80 and 0.30 billion for ResNet-50, -18, -101 and MobileNetV2 (torchvision's model
  /// table lists 4.09, 1.81, 7.80, 0.30 GFLOPS, counting multiply-adds).
  @Test(arguments: [
    (resnet(50), 4_089_184_256), (resnet(18), 1_814_073_344), (resnet(101), 7_801_405_440),
    (Architecture.mobilenetV2(MobileNetV2()), 300_774_272),
  ])
  func `counts multiply-adds as published`(_ architecture: Architecture, _ expected: Int) throws {
    let summary = try architecture.graph().summary(input: [1, 3, 224, 224])
    #expect(summary.multiplyAdds == expected)
    #expect(try architecture.graph().summary(input: [2, 3, 224, 224]).multiplyAdds == 2 * expected)
  }

  @Test func `summarizes every node and counts a shared layer once`() throws {
    let graph = try module(.cbam(Attention.CBAM(hidden: [4]))).graph()
    let summary = try graph.summary(input: [1, 64, 8, 8])
    #expect(summary.entries == 10)
    #expect(summary.parameters == 680)
    #expect(summary.rows.reduce(0) { $0 + $1.parameters } == 680)
    #expect(
      summary.rows.map { "\($0.name) \($0.outputShape) \($0.parameters) \($0.multiplyAdds)" } == [
        "attention.channel.average_pool [1, 64, 1, 1] 0 0",
        "attention.channel.average_flatten [1, 64] 0 0",
        "attention.channel.reduce [1, 4] 260 256",
        "attention.channel.relu [1, 4] 0 0",
        "attention.channel.expand [1, 64] 320 256",
        "attention.channel.max_pool [1, 64, 1, 1] 0 0",
        "attention.channel.max_flatten [1, 64] 0 0",
        "attention.channel.max_reduce [1, 4] 0 256",
        "attention.channel.max_relu [1, 4] 0 0",
        "attention.channel.max_expand [1, 64] 0 256",
        "attention.channel.add [1, 64] 0 0",
        "attention.channel.sigmoid [1, 64] 0 0",
        "attention.channel.unflatten [1, 64, 1, 1] 0 0",
        "attention.channel.scale [1, 64, 8, 8] 0 0",
        "attention.spatial.statistics [1, 2, 8, 8] 0 0",
        "attention.spatial.conv [1, 1, 8, 8] 98 6272",
        "attention.spatial.norm [1, 1, 8, 8] 2 0",
        "attention.spatial.sigmoid [1, 1, 8, 8] 0 0",
        "attention.spatial.scale [1, 64, 8, 8] 0 0",
      ])
  }

  @Test func `names parameters by the canonical paths`() throws {
    let graph = try resnet(18, attention: officialBAM).graph()
    let names = graph.parameters.map(\.name)
    #expect(
      Array(names.prefix(6)) == [
        "stem.conv.weight", "stem.norm.weight", "stem.norm.bias", "stem.norm.running_mean",
        "stem.norm.running_var",
        "stem.norm.num_batches_tracked",
      ])
    #expect(names.contains("stages.1.blocks.0.shortcut.conv.weight"))
    #expect(!names.contains("stages.0.blocks.0.shortcut.conv.weight"))
    #expect(names.contains("stages.2.attention.spatial.dilated_norm.1.running_var"))
    #expect(!names.contains("stages.3.attention.channel.reduce.weight"))
    #expect(Array(names.suffix(2)) == ["head.weight", "head.bias"])
    let dilated = try #require(
      graph.parameters.first { $0.name == "stages.0.attention.spatial.dilated.1.weight" })
    #expect(dilated.shape == [4, 4, 3, 3])
    #expect(dilated.role == .convolutionWeight)
    #expect(dilated.module == "stages.0.attention.spatial.dilated.1")
  }

  @Test(
    arguments: [
      (Pool(kernel: 3, stride: 2, padding: 1), 112, 56),
      (Pool(kernel: 3, stride: 2, ceilMode: true), 112, 56),
      (Pool(kernel: 3, stride: 2), 112, 55), (Pool(kernel: 2, stride: 2, ceilMode: true), 7, 4),
      // The second window would begin behind the input, in the padding.
      (Pool(kernel: 2, stride: 2, padding: 1, ceilMode: true), 1, 1),
      (Pool(kernel: 7, stride: 7), 8, 1), (Pool(kernel: 7, stride: 1), 8, 2),
      (Pool(kernel: 7, stride: 7), 6, nil),
    ] as [(Pool, Int, Int?)])
  func `pools as PyTorch does`(_ pool: Pool, _ size: Int, _ output: Int?) {
    #expect(pool.outputSize(size) == output)
  }

  @Test(
    arguments: [
      ([], "found a network without layers"),
      (
        [
          Node(name: "a", operation: .relu, inputs: [.input]),
          Node(name: "a", operation: .relu, inputs: [.node(0)]),
        ],
        "found two nodes called \"a\""
      ),
      (
        [
          Node(name: "a", operation: .linear(Linear(1, 2)), inputs: [.input]),
          Node(name: "b", module: "a", operation: .linear(Linear(2, 1)), inputs: [.node(0)]),
        ],
        "found two different layers called \"a\""
      ),
    ] as [([Node], String)])
  func `refuses nodes that make no graph`(_ nodes: [Node], _ message: String) {
    #expect(throws: ArchitectureError(.invalidArchitecture, message)) {
      try Graph(nodes: nodes, inputChannels: nil)
    }
  }

  @Test(arguments: [[Node.Source.node(0)], [.node(-1)], [], [.input, .input]])
  func `refuses inputs that do not come earlier or are of the wrong number`(_ inputs: [Node.Source]) {
    #expect(throws: ArchitectureError.self) {
      try Graph(nodes: [Node(name: "a", operation: .relu, inputs: inputs)], inputChannels: nil)
    }
  }
}

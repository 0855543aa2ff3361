import Architectures
import Testing

/// Recognition from imperfect tables: the majority decides, so that a later comparison names the odd entries.
@Suite struct InferenceTests {
  private func shapes(_ architecture: Architecture) throws -> [String: [Int]] {
    Dictionary(uniqueKeysWithValues: try architecture.graph().parameters.map { ($0.name, $0.shape) })
  }

  private static let networks = [
    resnet(50, attention: officialCBAM), resnet(18, attention: officialBAM),
    resnet(50, attention: eca(3, 5, 5, 7)),
    resnet(34, attention: { _ in .nam }), resnet(101, attention: squeezeExcitation(bias: true)), resnet(18),
    resnet(20, stem: .cifar(width: 16), classes: 10, attention: squeezeExcitation(bias: false)),
    .mobilenetV2(MobileNetV2(attention: .eca(Attention.ECA(kernels: [1, 1, 1, 1, 3, 3, 3])))),
  ]

  @Test(arguments: networks)
  func `one missing tensor does not change the result`(_ architecture: Architecture) throws {
    let all = try shapes(architecture)
    let unique = try Set(uniquelyInformative(architecture))
    for name in sample(all) where !unique.contains(name) {
      var some = all
      some[name] = nil
      #expect(try ArchitectureInference.infer(shapes: some) == architecture, "without \(name)")
    }
  }

  @Test(arguments: networks)
  func `one tensor of a wrong shape does not change the result`(_ architecture: Architecture) throws {
    let all = try shapes(architecture)
    let unique = try Set(uniquelyInformative(architecture))
    for name in sample(all) where !unique.contains(name) {
      guard let shape = all[name], !shape.isEmpty else { continue }
      var some = all
      some[name] = shape.map { $0 + 2 }
      #expect(try ArchitectureInference.infer(shapes: some) == architecture, "with another \(name)")
    }
  }

  /// Every seventh name: 7 divides neither the 5 entries of a norm nor the entries of a block, so all kinds occur.
  private func sample(_ shapes: [String: [Int]]) -> [String] {
    shapes.keys.sorted().enumerated().filter { $0.offset.isMultiple(of: 7) }.map(\.element)
  }

  /// Tensors that alone show a size: nothing else could tell it if they were wrong.
  private func uniquelyInformative(_ architecture: Architecture) throws -> [String] {
    let outer = ["stem.conv.weight", "head.weight", "final.conv.weight", "stem.norm.weight"]
    // The only ECA kernel of a stage of one block, and the only norms of stages of one block.
    let inner = try shapes(architecture).keys.filter { name in
      if case .mobilenetV2 = architecture {
        return name.hasPrefix("stages.0.") || name.hasPrefix("stages.6.")
      }
      if case .bam = architecture.attention { return name.contains(".attention.") }
      return false
    }
    return outer + inner
  }

  @Test func `a missing block of a published depth is found missing`() throws {
    let architecture = resnet(50, attention: officialCBAM)
    var some = try shapes(architecture)
    for name in some.keys where name.hasPrefix("stages.2.blocks.3.") { some[name] = nil }
    #expect(try ArchitectureInference.infer(shapes: some) == architecture)
  }

  @Test func `a block too many with few tensors is no deeper network`() throws {
    let architecture = resnet(50)
    var some = try shapes(architecture)
    some["stages.0.blocks.200.conv1.weight"] = [64, 256, 1, 1]
    some["stages.3.blocks.3.norm1.weight"] = [512]
    #expect(try ArchitectureInference.infer(shapes: some) == architecture)
  }

  @Test(arguments: [true, false], [true, false])
  func `biases, and norms of shortcuts, are read off the names`(_ bias: Bool, _ norm: Bool) throws {
    var semantics = Semantics()
    semantics.padding = .same
    let network = Architecture.resnet(
      ResNet(
        block: .basic, blocksPerStage: [3, 3, 3], stem: .cifar(width: 16), classes: 10, convolutionBias: bias,
        padding: .same, shortcutNorm: norm))
    let shapes = try shapes(network)
    #expect((shapes["stages.1.blocks.0.shortcut.norm.weight"] != nil) == norm)
    #expect((shapes["stages.1.blocks.0.shortcut.conv.bias"] != nil) == bias)
    #expect(try ArchitectureInference.infer(shapes: shapes, semantics: semantics) == network)
  }

  @Test(arguments: ResNet.Block.allCases)
  func `a norm before the head tells that activations come first`(_ block: ResNet.Block) throws {
    let network = Architecture.resnet(
      ResNet(
        block: block, blocksPerStage: [2, 2, 2, 2], shortcutNorm: false, inputNorm: true, preActivation: true)
    )
    var shapes = try shapes(network)
    #expect(shapes["stem.input_norm.weight"] == nil)
    #expect(shapes["stem.input_norm.bias"] == [3])
    #expect(shapes["stages.0.blocks.0.shortcut.conv.weight"] != nil)
    #expect(shapes["stages.0.blocks.0.shortcut.norm.weight"] == nil)
    #expect(try ArchitectureInference.infer(shapes: shapes) == network)
    shapes["stages.1.blocks.0.conv1.weight"] = nil
    #expect(try ArchitectureInference.infer(shapes: shapes) == network)
    #expect(try Architecture(json: network.json) == network)
    #expect(network.name == (block == .basic ? "preact-resnet18" : "preact-resnet26"))
  }

  @Test func `an unusual but complete depth is taken as it is`() throws {
    let network = Architecture.resnet(
      ResNet(block: .bottleneck, blocksPerStage: [3, 4, 6, 2], attention: .nam))
    #expect(try ArchitectureInference.infer(shapes: shapes(network)) == network)
  }

  /// A network of 8192 blocks takes a second to build, and one name is no reason to build it.
  @Test func `one name with a large number makes no deep network`() throws {
    let network = ResNet(block: .bottleneck, blocksPerStage: [3, 4, 6, 2])
    var some = try shapes(.resnet(network))
    for stage in 0..<4 {
      some["stages.\(stage).blocks.0.conv2.weight"] = nil
      some["stages.\(stage).blocks.2047.conv2.weight"] = [64, 64, 3, 3]
    }
    guard case .resnet(let found) = try ArchitectureInference.infer(shapes: some) else {
      Issue.record("no ResNet")
      return
    }
    #expect(found.blocksPerStage == [24, 26, 30, 22])
  }

  @Test func `a hundred thousand tensors make a network of as many`() throws {
    let deep = ResNet(
      block: .basic, blocksPerStage: [2048, 2048, 2048, 2048], widths: [1, 1, 1, 1], stem: .cifar(width: 1))
    let graph = try deep.graph()
    #expect(graph.parameters.count == 8 + 8192 * 12 + 3 * 6)
    var deeper = deep
    deeper.blocksPerStage += [1]
    deeper.widths += [1]
    #expect(
      throws: ArchitectureError(
        .invalidArchitecture, "sum of blocksPerStage: found 8193, expected 1 to 8192")
    ) { try deeper.graph() }
  }

  @Test func `attention in a minority of blocks is no attention`() throws {
    var some = try shapes(resnet(18))
    some["stages.0.blocks.0.attention.conv.weight"] = [1, 1, 3]
    #expect(try ArchitectureInference.infer(shapes: some) == resnet(18))
  }

  @Test func `norms without batch counts are enough`() throws {
    let architecture = resnet(50, attention: officialBAM)
    let some = try shapes(architecture).filter { !$0.key.hasSuffix("num_batches_tracked") }
    #expect(try ArchitectureInference.infer(shapes: some) == architecture)
  }

  @Test func `a wide network and another expansion are read off the shapes`() throws {
    let wide = Architecture.resnet(
      ResNet(block: .bottleneck, blocksPerStage: [3, 4, 6, 3], widths: [128, 256, 512, 1024], expansion: 2))
    #expect(try ArchitectureInference.infer(shapes: shapes(wide)) == wide)
  }

  @Test func `a preset keeps its structure and takes the sizes of the shapes`() throws {
    let found = resnet(
      50, classes: 7,
      attention: { channels in .cbam(Attention.CBAM(hidden: channels.map { $0 / 8 }, channelBias: false)) })
    let preset = try ArchitectureCatalog.architecture(named: "resnet50-cbam")
    #expect(try ArchitectureInference.infer(shapes: shapes(found), following: preset) == found)
    // A plain network asked for by name ignores the attention that is there.
    let plain = try ArchitectureCatalog.architecture(named: "resnet50")
    #expect(
      try ArchitectureInference.infer(shapes: shapes(found), following: plain) == resnet(50, classes: 7))
  }

  @Test func `names of no network are refused`() {
    #expect(
      throws: ArchitectureError(
        .unrecognizedArchitecture,
        "found 1 tensors but neither stages of blocks nor an attention module among them",
        hint:
          "name the architecture with --architecture if the tensors are those of a network listed by --help")
    ) { try ArchitectureInference.infer(shapes: ["encoder.weight": [3, 3]]) }
    #expect(
      throws: ArchitectureError(
        .unrecognizedArchitecture, "found an attention module of a kind unknown here",
        hint: "SE, CBAM, BAM, ECA and NAM are known")
    ) { try ArchitectureInference.infer(shapes: ["attention.query.weight": [3, 3]]) }
  }

  @Test(
    arguments: [
      ["stages.0.blocks.0.conv1.weight": [.max, .max, 1, 1]],
      ["stages.7.blocks.255.conv3.weight": [.max, 1, 1, 1], "stages.0.blocks.0.norm1.weight": [1 << 62]],
      ["attention.spatial.reduce.weight": [.max, .max, 1, 1], "attention.channel.reduce.weight": [0, -1]],
      [
        "stages.0.attention.channel.hidden.9223372036854775807.weight": [],
        "stages.0.blocks.0.conv1.weight": [],
      ],
      ["attention.conv.weight": [1, 1, 1 << 40]],
    ] as [[String: [Int]]])
  func `hostile shapes give a network or an error`(_ shapes: [String: [Int]]) {
    do {
      _ = try ArchitectureInference.infer(shapes: shapes).graph()
    } catch {
      #expect([.invalidArchitecture, .tooLarge, .unrecognizedArchitecture].contains(error.code))
    }
  }
}

import Architectures
import Testing

@testable import Conversion

/// Names of the code bases' own modules, as their classes nest them, and the nodes that compute what they return.
@Suite struct SourceModuleNamesTests {
  private func names(
    _ network: String, _ dialect: String, prefix: String = ""
  ) throws -> SourceModuleNames {
    try SourceModuleNames(
      DialectLibrary().dialect(named: dialect), Network(dialect, network).architecture(),
      strippedPrefix: prefix)
  }

  /// A dialect and a network that it names.
  struct Network: CustomTestStringConvertible, Sendable {
    var dialect: String
    var name: String

    var testDescription: String { "\(dialect) \(name)" }

    init(_ dialect: String, _ name: String) {
      self.dialect = dialect
      self.name = name
    }

    /// The network with the code base's own variant of the attention module.
    func architecture() throws -> Architecture {
      let architecture = try ArchitectureCatalog.architecture(named: name)
      switch (dialect, architecture) {
      case ("luuuyi-cbam", .resnet(var network)):
        network.attention = .cbam(Self.unnormed(hidden: [4, 8, 16, 32], kernel: 7, hasBias: false))
        return .resnet(network)
      case ("luuuyi-cbam", .module):
        return .module(.init(.cbam(Self.unnormed(hidden: [4], kernel: 7, hasBias: false)), channels: 64))
      case ("external-attention", .module(let module)) where module.attention.kind == .cbam:
        return .module(.init(.cbam(Self.unnormed(hidden: [4], kernel: 49, hasBias: true)), channels: 64))
      case ("external-attention", .module(let module)) where module.attention.kind == .bam:
        return .module(.init(.bam(.init(hidden: [4], channelLayers: 3, dilatedLayers: 3)), channels: 64))
      default: return architecture
      }
    }

    private static func unnormed(hidden: [Int], kernel: Int, hasBias: Bool) -> Attention.CBAM {
      .init(
        hidden: hidden, channelBias: false,
        spatial: .init(kernel: kernel, hasNorm: false, hasBias: hasBias))
    }

    static let all: [Network] =
      ["resnet18", "resnet50", "mobilenetv2"].map { Network("torchvision", $0) }
      + ["resnet18-bam", "resnet50-bam", "resnet18-bam-cifar", "resnet50-cbam", "bam-module", "cbam-module"]
      .map { Network("attention-module", $0) }
      + ["resnet18-eca", "resnet50-eca", "mobilenetv2-eca", "eca-module"].map { Network("ecanet", $0) }
      + ["resnet50-nam", "resnet18-nam-cifar", "nam-module"].map { Network("nam", $0) }
      + [
        "resnet18-se", "resnet50-se", "resnet18-eca", "resnet50d-eca", "resnet50t-eca", "resnet18-cbam",
        "resnet50-cbam", "se-module", "cbam-module",
      ].map { Network("timm", $0) }
      + [
        "resnet18", "resnet50", "resnet18-se", "resnet50-se", "resnet18-bam", "resnet50-bam", "resnet50-cbam",
        "se-module", "bam-module", "cbam-module",
      ].map { Network("pytorchcv", $0) }
      + ["resnet50-se", "resnet20-se-cifar", "se-module"].map { Network("senet-moskomule", $0) }
      + ["resnet18-se", "resnet50-se"].map { Network("cadene", $0) }
      + ["resnet18-cbam", "resnet50-cbam", "cbam-module"].map { Network("luuuyi-cbam", $0) }
      + ["se-module", "cbam-module", "bam-module", "eca-module"].map { Network("external-attention", $0) }
      + [
        "resnet18", "resnet50", "resnet18-se", "resnet50-se", "resnet18-bam", "resnet50-bam", "resnet50-cbam",
        "se-module", "bam-module", "cbam-module",
      ].map { Network("tf2cv", $0) }

    /// Those whose layers do not stand inside of others.
    static let flat = ["resnet50", "mobilenetv2"].map { Network("keras-applications", $0) }
  }

  @Test(arguments: Network.all + Network.flat)
  func `every layer that runs once is found by its source name`(_ network: Network) throws {
    let names = try names(network.name, network.dialect)
    let architecture = try network.architecture()
    let graph = try architecture.graph()
    let features = ArchitectureFeatures.of(architecture)
    for layer in Set(graph.parameters.map(\.module)) {
      let source = try #require(names.dialect.sourceModule(canonical: layer, features: features)?.name)
      let runs = graph.nodes.filter { $0.module == layer }.map(\.name)
      if runs.count == 1 {
        #expect(try names.node(of: source) == layer, "\(source)")
      } else {
        #expect(
          throws: SourceNameFault(
            found: "a layer that runs 2 times, as \(runs[0]) and \(runs[1])", expected: "one that runs once")
        ) { try names.node(of: source) }
      }
    }
  }

  @Test(arguments: Network.all)
  func `every block and stage has a source name`(_ network: Network) throws {
    let graph = try network.architecture().graph()
    let names = try names(network.name, network.dialect)
    let sources = names.containers.keys.compactMap { try? names.node(of: $0) }
    let blocks = Set(
      graph.nodes.compactMap { node -> String? in
        let parts = node.name.split(separator: ".")
        return parts.count > 4 && parts[0] == "stages" ? parts[..<4].joined(separator: ".") : nil
      })
    for block in blocks {
      let output = try #require(graph.outputIndex(of: block))
      #expect(sources.contains(graph.nodes[output].name), "\(block)")
    }
  }

  /// A module of a code base and the node that computes what it returns.
  typealias Row = (network: String, dialect: String, source: String, node: String)

  private static let officialRows: [Row] = [
    ("resnet50-cbam", "attention-module", "layer1", "stages.0.blocks.2.relu"),
    ("resnet50-cbam", "attention-module", "layer1.0", "stages.0.blocks.0.relu"),
    ("resnet50-cbam", "attention-module", "layer1.0.downsample", "stages.0.blocks.0.shortcut.norm"),
    ("resnet50-cbam", "attention-module", "layer1.0.cbam", "stages.0.blocks.0.attention.spatial.scale"),
    (
      "resnet50-cbam", "attention-module", "layer1.0.cbam.ChannelGate",
      "stages.0.blocks.0.attention.channel.scale"
    ),
    (
      "resnet50-cbam", "attention-module", "layer1.0.cbam.SpatialGate.compress",
      "stages.0.blocks.0.attention.spatial.statistics"
    ),
    (
      "resnet50-cbam", "attention-module", "layer1.0.cbam.SpatialGate.spatial",
      "stages.0.blocks.0.attention.spatial.norm"
    ),
    ("resnet50-cbam", "attention-module", "maxpool", "stem.pool"),
    ("resnet50-cbam", "attention-module", "relu", "stem.relu"),
    ("resnet50-cbam", "attention-module", "avgpool", "head.pool"),
    ("resnet50-bam", "attention-module", "layer2", "stages.1.blocks.3.relu"),
    ("resnet50-bam", "attention-module", "bam1", "stages.0.attention.scale"),
    ("resnet50-bam", "attention-module", "bam1.channel_att", "stages.0.attention.channel.unflatten"),
    ("resnet50-bam", "attention-module", "bam1.channel_att.gate_c", "stages.0.attention.channel.expand"),
    (
      "resnet50-bam", "attention-module", "bam3.spatial_att.gate_s.gate_s_relu_di_1",
      "stages.2.attention.spatial.dilated_relu.1"
    ),
    ("cbam-module", "attention-module", "SpatialGate", "attention.spatial.scale"),
    ("resnet50-eca", "ecanet", "layer4.2.eca", "stages.3.blocks.2.attention.scale"),
    ("resnet50-eca", "ecanet", "layer4.2.eca.sigmoid", "stages.3.blocks.2.attention.sigmoid"),
    ("mobilenetv2-eca", "ecanet", "features.0", "stem.relu"),
    ("mobilenetv2-eca", "ecanet", "features.1", "stages.0.blocks.0.attention.scale"),
    ("mobilenetv2-eca", "ecanet", "features.1.conv.0", "stages.0.blocks.0.relu2"),
    ("mobilenetv2-eca", "ecanet", "features.1.conv.1", "stages.0.blocks.0.conv3"),
    ("mobilenetv2-eca", "ecanet", "features.3", "stages.1.blocks.1.add"),
    ("mobilenetv2-eca", "ecanet", "features.3.conv", "stages.1.blocks.1.attention.scale"),
    ("mobilenetv2-eca", "ecanet", "features.3.conv.0", "stages.1.blocks.1.relu1"),
    ("mobilenetv2-eca", "ecanet", "features.3.conv.1", "stages.1.blocks.1.relu2"),
    ("mobilenetv2-eca", "ecanet", "features.3.conv.4", "stages.1.blocks.1.attention.scale"),
    ("mobilenetv2-eca", "ecanet", "features", "final.relu"),
    ("mobilenetv2-eca", "ecanet", "classifier", "head"),
    ("resnet50-nam", "nam", "layer2.1.nam", "stages.1.blocks.1.attention.channel.scale"),
    ("resnet50-nam", "nam", "layer2.1.nam.Channel_Att", "stages.1.blocks.1.attention.channel.scale"),
    ("nam-module", "nam", "Channel_Att", "attention.channel.scale"),
    ("mobilenetv2", "torchvision", "features.17", "stages.6.blocks.0.norm3"),
    ("mobilenetv2", "torchvision", "features.18", "final.relu"),
  ]

  private static let otherRows: [Row] = [
    ("resnet18-se", "timm", "layer1.0.act1", "stages.0.blocks.0.relu1"),
    ("resnet18-se", "timm", "layer1.0.act2", "stages.0.blocks.0.relu"),
    ("resnet50-se", "timm", "layer1.0.act2", "stages.0.blocks.0.relu2"),
    ("resnet50-se", "timm", "layer1.0.act3", "stages.0.blocks.0.relu"),
    ("resnet50-se", "timm", "layer1.0.se", "stages.0.blocks.0.attention.scale"),
    ("resnet50-cbam", "timm", "layer1.0.se.channel", "stages.0.blocks.0.attention.channel.scale"),
    ("resnet50-cbam", "timm", "layer1.0.se.spatial.conv", "stages.0.blocks.0.attention.spatial.norm"),
    ("resnet50d-eca", "timm", "conv1", "stem.conv3"),
    ("resnet50d-eca", "timm", "conv1.2", "stem.relu1"),
    ("resnet50d-eca", "timm", "act1", "stem.relu3"),
    ("resnet50d-eca", "timm", "layer2.0.downsample.0", "stages.1.blocks.0.shortcut.pool"),
    ("resnet50d-eca", "timm", "global_pool", "head.pool"),
    ("resnet50-bam", "pytorchcv", "features.init_block", "stem.pool"),
    ("resnet50-bam", "pytorchcv", "features.init_block.conv", "stem.relu"),
    ("resnet50-bam", "pytorchcv", "features.stage1", "stages.0.blocks.2.relu"),
    ("resnet50-bam", "pytorchcv", "features.stage2", "stages.1.blocks.3.relu"),
    ("resnet50-bam", "pytorchcv", "features.stage2.unit1", "stages.1.blocks.0.relu"),
    ("resnet50-bam", "pytorchcv", "features.stage2.unit1.bam", "stages.0.attention.scale"),
    ("resnet50-bam", "pytorchcv", "features.stage2.unit1.bam.ch_att", "stages.0.attention.channel.unflatten"),
    ("resnet50-bam", "pytorchcv", "features.stage2.unit1.res_unit", "stages.1.blocks.0.relu"),
    ("resnet50-bam", "pytorchcv", "features.stage2.unit1.res_unit.body", "stages.1.blocks.0.norm3"),
    ("resnet18-bam", "pytorchcv", "features.stage2.unit1.res_unit.body.conv2", "stages.1.blocks.0.norm2"),
    ("resnet50", "pytorchcv", "features.stage1.unit2.body", "stages.0.blocks.1.norm3"),
    ("resnet50-cbam", "pytorchcv", "features.stage1.unit1", "stages.0.blocks.0.relu"),
    ("resnet50-cbam", "pytorchcv", "features.stage1.unit1.body.conv2", "stages.0.blocks.0.relu2"),
    ("resnet50-cbam", "pytorchcv", "features.stage1.unit1.identity_conv", "stages.0.blocks.0.shortcut.norm"),
    (
      "resnet50-cbam", "pytorchcv", "features.stage1.unit1.cbam.ch_gate",
      "stages.0.blocks.0.attention.channel.scale"
    ),
    ("resnet50-cbam", "pytorchcv", "features", "head.pool"),
    ("resnet50-se", "senet-moskomule", "layer1.0.se.fc", "stages.0.blocks.0.attention.sigmoid"),
    ("resnet50-se", "senet-moskomule", "layer1.0.se.fc.1", "stages.0.blocks.0.attention.relu"),
    ("resnet50-se", "cadene", "layer0.relu1", "stem.relu"),
    ("resnet50-se", "cadene", "layer0.pool", "stem.pool"),
    ("resnet50-se", "cadene", "pool0", "stem.pool"),
    ("resnet50-se", "cadene", "layer3.5.se_module", "stages.2.blocks.5.attention.scale"),
    ("resnet50-cbam", "luuuyi-cbam", "layer1.0.ca", "stages.0.blocks.0.attention.channel.unflatten"),
    ("resnet50-cbam", "luuuyi-cbam", "layer1.0.sa", "stages.0.blocks.0.attention.spatial.sigmoid"),
    (
      "resnet50-cbam", "tf2cv", "features/features/stage1/stage1/unit1",
      "stages.0.blocks.0.relu"
    ),
    // Keras numbers layers that nobody named, and puts the name of the model before all.
    (
      "resnet50-se", "tf2cv", "features/features/stage2/stage2/unit1/se_block_7",
      "stages.1.blocks.0.attention.scale"
    ),
    (
      "resnet50-se", "tf2cv", "features/features/stage2/stage2/unit1/se_block_7/conv1/conv",
      "stages.1.blocks.0.attention.reduce"
    ),
    (
      "resnet50-bam", "tf2cv", "features/features/stage2/stage2/unit1/bam/ch_att",
      "stages.0.attention.channel.unflatten"
    ),
    ("resnet50", "keras-applications", "conv3_block1_2_relu", "stages.1.blocks.0.relu2"),
    ("resnet50", "keras-applications", "conv3_block1_out", "stages.1.blocks.0.relu"),
    ("mobilenetv2", "keras-applications", "block_4_add", "stages.2.blocks.1.add"),
    ("mobilenetv2", "keras-applications", "global_average_pooling2d_4", "head.pool"),
    ("cbam-module", "external-attention", "ca", "attention.channel.unflatten"),
    ("bam-module", "external-attention", "sa", "attention.spatial.project"),
  ]

  @Test(arguments: officialRows + otherRows)
  func `a module gives the output that its code returns`(_ row: Row) throws {
    #expect(try names(row.network, row.dialect).node(of: row.source) == row.node)
  }

  @Test func `layers that Keras numbered have the names that the checkpoint records`() throws {
    let names = try SourceModuleNames(
      DialectLibrary().dialect(named: "keras-functional"),
      ArchitectureCatalog.architecture(named: "resnet18"),
      recorded: [
        "stem.conv": "conv2d", "stages.0.blocks.0.conv1": "conv2d_4",
        "stages.0.blocks.0.conv2": "inner/conv2d_7",
      ])
    #expect(try names.node(of: "conv2d") == "stem.conv")
    #expect(try names.node(of: "conv2d_4") == "stages.0.blocks.0.conv1")
    #expect(try names.node(of: "inner/conv2d_7") == "stages.0.blocks.0.conv2")
    // Another number is another layer.
    #expect(throws: SourceNameFault.self) { try names.node(of: "conv2d_5") }
  }

  private static let part = "a stage, a block, a shortcut or an attention module"
  private static let outermost = "the outermost of them, whose output is certain"

  @Test(
    arguments: [
      (
        "resnet50-se", "senet-moskomule", "layer1.0.relu",
        SourceNameFault(
          found: "no such module in the names of senet-moskomule",
          expected: "a layer or a part of the network",
          suggestion: "layer1.0.se")
      ),
      (
        "resnet50-cbam", "attention-module", "layer1.0.cbm",
        SourceNameFault(
          found: "no such module in the names of attention-module",
          expected: "a layer or a part of the network", suggestion: "layer1.0.cbam")
      ),
      // Cadene's ends behind the pool, timm's before it.
      (
        "resnet50-se", "cadene", "layer0",
        SourceNameFault(found: "a module around 2 layers", expected: part)
      ),
      (
        "resnet50-cbam", "attention-module", "layer1.0.cbam.ChannelGate.mlp",
        SourceNameFault(
          found: "a module inside \"layer1.0.cbam.ChannelGate\" with the same layers", expected: outermost,
          suggestion: "layer1.0.cbam.ChannelGate")
      ),
      (
        "resnet50-cbam", "luuuyi-cbam", "layer1.0.ca.fc",
        SourceNameFault(
          found: "a module inside \"layer1.0.ca\" with the same layers", expected: outermost,
          suggestion: "layer1.0.ca")
      ),
      (
        "eca-module", "ecanet", "eca",
        SourceNameFault(
          found: "no such module in the names of ecanet", expected: "a layer or a part of the network")
      ),
      (
        "resnet18-cbam", "timm", "layer1.0.se.channel.fc1",
        SourceNameFault(
          found:
            "a layer that runs 2 times, as stages.0.blocks.0.attention.channel.reduce and stages.0.blocks.0.attention.channel.max_reduce",
          expected: "one that runs once")
      ),
      (
        "resnet50d-eca", "timm", "layer1.0.downsample.0",
        SourceNameFault(
          found: "no such module in the names of timm", expected: "a layer or a part of the network",
          suggestion: "layer1.0.downsample.1")
      ),
    ])
  func `a module whose place is not certain is refused`(
    _ network: String, _ dialect: String, _ source: String, _ fault: SourceNameFault
  ) throws {
    let names = try names(network, dialect)
    #expect(throws: fault) { try names.node(of: source) }
  }

  /// Two code bases that differ in what no line says.
  private func mine(_ modules: String, attention: String = "") throws -> SourceModuleNames {
    let text = """
      {"schemaVersion": 1, "name": "mine", "title": "mine", "source": "here", "modules": [\(modules)],
       "attention": [\(attention)]}
      """
    return try SourceModuleNames(
      DialectFile.parse(Array(text.utf8)), ArchitectureCatalog.architecture(named: "resnet18-se"))
  }

  @Test func `parts of attention modules and stems need a line`() throws {
    let backbone = """
      {"canonical": "stem.conv", "source": "body.stem.conv"}, {"canonical": "stem.norm", "source": "body.stem.bn"},
      {"canonical": "stages.{s}.blocks.{b}.conv{i}", "source": "body.{s}.{b}.convs.{i}.conv"},
      {"canonical": "stages.{s}.blocks.{b}.norm{i}", "source": "body.{s}.{b}.convs.{i}.bn"},
      {"canonical": "stages.{s}.blocks.{b}.shortcut.conv", "source": "body.{s}.{b}.skip.conv"},
      {"canonical": "stages.{s}.blocks.{b}.shortcut.norm", "source": "body.{s}.{b}.skip.bn"},
      {"canonical": "head", "source": "head.fc"}
      """
    let gate = """
      {"kind": "se", "at": [{"canonical": "stages.{s}.blocks.{b}.attention", "source": "body.{s}.{b}.gate"}],
       "modules": [{"canonical": "reduce", "source": "mlp.down"}, {"canonical": "expand", "source": "mlp.up"}]}
      """
    let names = try mine(backbone, attention: gate)
    #expect(try names.node(of: "body.2") == "stages.2.blocks.1.relu")
    #expect(try names.node(of: "body.2.1") == "stages.2.blocks.1.relu")
    #expect(try names.node(of: "body.2.0.skip") == "stages.2.blocks.0.shortcut.norm")
    #expect(try names.node(of: "body.2.0.gate") == "stages.2.blocks.0.attention.scale")
    for (source, layers) in [
      ("body.stem", "2 layers"), ("head", "one layer"), ("body.2.0.convs", "4 layers"),
    ] {
      #expect(throws: SourceNameFault(found: "a module around \(layers)", expected: Self.part)) {
        try names.node(of: source)
      }
    }
    #expect(
      throws: SourceNameFault(
        found: "a module inside \"body.2.0.gate\" with the same layers", expected: Self.outermost,
        suggestion: "body.2.0.gate")
    ) { try names.node(of: "body.2.0.gate.mlp") }
  }

  @Test(
    arguments: [
      ("module.", "module.layer1.0"), ("module.", "layer1.0"), ("", "module.layer1.0"),
      ("model.", "model.layer1.0"), ("model.", "layer1.0"), ("module.model.", "module.model.layer1.0"),
      ("_orig_mod.", "_orig_mod.layer1.0"), ("backbone.,head.", "backbone.layer1.0"),
    ])
  func `what was stripped from the checkpoint may stand before a module`(
    _ prefix: String, _ source: String
  ) throws {
    #expect(
      try names("resnet18-bam", "attention-module", prefix: prefix).node(of: source)
        == "stages.0.blocks.0.relu")
  }

  @Test func `a module that holds the whole network has no certain output`() throws {
    let names = try names("resnet18-bam", "attention-module", prefix: "model.")
    #expect(
      throws: SourceNameFault(
        found: "no such module in the names of attention-module", expected: "a layer or a part of the network"
      )
    ) { try names.node(of: "model") }
  }

  @Test(arguments: try DialectLibrary().dialects.map(\.name))
  func `every line on an output has its place in a network`(_ name: String) throws {
    let dialect = try DialectLibrary().dialect(named: name)
    var rest = Set(dialect.outputs)
    for network in Network.all + Network.flat where network.dialect == name {
      let architecture = try network.architecture()
      let features = ArchitectureFeatures.of(architecture)
      let graph = try architecture.graph()
      let paths = Set(
        graph.nodes.flatMap { node in
          let parts = node.name.split(separator: ".")
          return parts.indices.map { parts[...$0].joined(separator: ".") }
        })
      for rule in rest where rule.condition.allSatisfy({ features[$0.key] == $0.value }) {
        if paths.contains(where: { rule.canonical.match(Array($0.utf8)) != nil }) { rest.remove(rule) }
      }
    }
    #expect(rest.map(\.source.text).sorted() == [])
  }
}

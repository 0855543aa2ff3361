import Architectures
import Testing

@testable import Conversion

/// The order in which a code base creates its layers.
@Suite struct CreationOrderTests {
  private static let lines = [
    "stem.conv", "stages.{s}.blocks.{b}.conv1", "stages.{s}.blocks.{b}.shortcut.conv",
    "stages.{s}.blocks.{b}.attention.reduce", "stages.{s}.attention.spatial.dilated.{i}", "head",
  ]

  @Test func `blocks repeat in stages, and what has none stands before or behind`() throws {
    let order = try CreationOrder(Self.lines)
    let sorted = [
      "stem.conv", "stages.0.blocks.0.conv1", "stages.0.blocks.0.attention.reduce",
      "stages.0.blocks.10.conv1",
      "stages.0.attention.spatial.dilated.0", "stages.0.attention.spatial.dilated.1",
      "stages.1.blocks.0.conv1",
      "stages.1.blocks.0.shortcut.conv", "stages.1.blocks.0.attention.reduce", "stages.1.blocks.2.conv1",
      "head",
    ]
    let places = try sorted.map { try #require(order.place(of: $0)) }
    #expect(places == places.sorted())
    #expect(Set(places).count == sorted.count)
    #expect(order.place(of: "stem.norm") == nil)
  }

  @Test func `attention alone has the order that it has inside of a network`() throws {
    let order = try CreationOrder([
      "stages.{s}.blocks.{b}.attention.channel.reduce", "stages.{s}.blocks.{b}.attention.channel.expand",
    ])
    let reduce = try #require(order.place(of: "attention.channel.reduce"))
    let expand = try #require(order.place(of: "attention.channel.expand"))
    #expect(reduce < expand)
  }

  @Test(arguments: [
    (["head", "head"], #""head" is there twice"#),
    (["blocks.{b}.conv"], #""blocks.{b}.conv" must count stages {s}, or blocks {b} in stages, or neither"#),
    (["block{n}"], #""block{n}" must count stages {s}, or blocks {b} in stages, or neither"#),
    (["s{s}.conv1", "stem", "s{s}.conv2"], #""stem" stands between lines with {s}"#),
    (["s{s}.b{b}.conv1", "s{s}.pool", "s{s}.b{b}.conv2"], #""s{s}.pool" stands between lines with {b}"#),
  ])
  func `lines without one clear order are refused`(_ lines: [String], _ message: String) {
    #expect(throws: ConversionError(.invalidDialect, "\"creationOrder\": " + message)) {
      try CreationOrder(lines)
    }
  }

  @Test func `a module that no line names is reported`() throws {
    let order = try CreationOrder(Self.lines)
    let network = Architecture.resnet(ResNet(block: .basic, blocksPerStage: [1, 1]))
    #expect(
      throws: ConversionError(.invalidDialect, #""creationOrder": the place of "stem.norm" is missing"#)
    ) { try order.modules(of: network) }
  }

  /// Keras lists the trainable weights of a layer first, then the others, each in the order of the layers inside.
  @Test(arguments: KerasImportTests.networks.filter { $0.dialect == "tf2cv" })
  func `the weights of a subclassed model are in the order of creation`(
    _ network: KerasImportTests.Network
  ) throws {
    let plan = try Importer(library: DialectLibrary(), options: ImportOptions()).plan(
      Fixture(network.file).open())
    let rows = Dictionary(uniqueKeysWithValues: plan.rows.map { ($0.sourceName, $0.canonicalName) })
    let canonical = try Fixture(network.file).rows().map { try #require(rows[$0.name]) }
    let modules = canonical.map { String($0[..<($0.lastIndex(of: ".") ?? $0.endIndex)]) }.uniqued()
    #expect(try plan.dialect.creationOrder?.modules(of: plan.architecture) == modules)
  }
}

import Architectures
import JSON
import SourceFormats
import SystemPackage
import TestSupport
import Testing

@testable import Conversion

/// A layer is known by its place in the network that a file describes, and by nothing else.
@Suite struct KerasStructureTests {
  private static func open(_ name: String) throws -> SourceIndex {
    try SourceReader.open(
      Fixture.root.appending("keras/structures/\(name).h5"),
      options: SourceReaderOptions(worker: Program.executable))
  }

  private static func plan(_ index: SourceIndex) throws -> ImportPlan {
    try Importer(library: DialectLibrary(), options: ImportOptions()).plan(index)
  }

  /// Source names by canonical names.
  private static func names(_ plan: ImportPlan) -> [String: String] {
    Dictionary(plan.rows.map { ($0.canonicalName, $0.sourceName) }) { first, _ in first }
  }

  @Test func `what no tensor shows is read off the layers`() throws {
    let plan = try Self.plan(Self.open("keras2-cifar-cbam"))
    #expect(plan.faults == [])
    #expect(plan.warnings == [])
    #expect(
      plan.architecture
        == .resnet(
          ResNet(
            block: .basic, blocksPerStage: [1, 1], widths: [8, 16], stem: .cifar(width: 8),
            attention: .cbam(
              Attention.CBAM(hidden: [1, 2], spatial: Attention.SpatialGate(hasNorm: false))),
            headPool: .fixed(kernel: 8, stride: 8), classes: 5, epsilon: 1e-3, convolutionBias: true,
            padding: .same, shortcutNorm: false)))
    let flipped = plan.rows.filter { $0.layouts.contains(.flippedInputs) }.map(\.canonicalName)
    #expect(
      flipped == [
        "stages.0.blocks.0.attention.spatial.conv.weight", "stages.1.blocks.0.attention.spatial.conv.weight",
      ])
    #expect(plan.notes.contains { $0.hasPrefix("the softmax at the end is left out") })
    #expect(plan.notes.contains { $0.hasPrefix("which of the Lambda layers") })
  }

  @Test func `the order of layers does not matter`() throws {
    for name in ["keras2-cifar-cbam", "keras3-resnet-se", "keras3-module-bam"] {
      let index = try Self.open(name)
      let expected = try Self.names(Self.plan(index))
      var reversed = index
      reversed.kerasModel?.root.layers.reverse()
      #expect(try Self.names(Self.plan(reversed)) == expected)
    }
  }

  @Test func `what is added or multiplied has no order`() throws {
    let index = try Self.open("keras3-resnet-se")
    let expected = try Self.plan(index)
    var exchanged = index
    for number in index.kerasModel?.layers.indices ?? 0..<0
    where ["Add", "Multiply"].contains(index.kerasModel?.layers[number].className) {
      exchanged.kerasModel?.root.layers[number].inputs[0].reverse()
    }
    #expect(exchanged.kerasModel != index.kerasModel)
    let plan = try Self.plan(exchanged)
    #expect(Self.names(plan) == Self.names(expected))
    #expect(plan.architecture == expected.architecture)
  }

  /// A change of a description, and what it is refused for.
  struct Change: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var file: String
    /// The layer, by the canonical name of its weights, or by its class where it has none.
    var layer: String
    var member: String
    var value: JSONValue
    var refusal: String
  }

  static let changes = [
    Change(
      testDescription: "another epsilon in one norm", file: "keras3-resnet-se",
      layer: "stages.1.blocks.0.norm2.weight", member: "epsilon", value: .number(0.01),
      refusal: "it resembles resnet-1.1-basic-se, but the layer \"LAYER\" is a norm with epsilon 0.01, "
        + "expected a norm with epsilon 1e-05 (stages.1.blocks.0.norm2)"),
    Change(
      testDescription: "another stride", file: "keras3-resnet-se",
      layer: "stages.1.blocks.0.shortcut.conv.weight",
      member: "strides", value: [1, 1],
      refusal: "it resembles resnet-1.1-basic-se, but the layer \"LAYER\" is a convolution with stride 1x1, "
        + "expected a convolution with stride 2x2 (stages.1.blocks.0.shortcut.conv)"),
    Change(
      testDescription: "another dilation", file: "keras3-module-bam",
      layer: "attention.spatial.dilated.1.weight",
      member: "dilation_rate", value: [2, 2],
      refusal:
        "it resembles bam-module, but the layer \"LAYER\" is a convolution with dilation 2x2, padding 2, "
        + "expected a convolution with dilation 4x4, padding 4 (attention.spatial.dilated.1)"),
    Change(
      testDescription: "an activation that is not known", file: "keras2-module-se",
      layer: "attention.reduce.weight", member: "activation", value: "gelu",
      refusal: "it resembles se-module, but the layer \"LAYER\" is the activation gelu, expected a relu "
        + "(attention.relu)"),
    Change(
      testDescription: "channels first", file: "keras2-module-se", layer: "GlobalAveragePooling2D",
      member: "data_format", value: "channels_first",
      refusal: "the layer \"LAYER\" is a layer with channels first"),
  ]

  @Test(arguments: changes)
  func `a network that differs is refused with the first difference`(_ change: Change) throws {
    var index = try Self.open(change.file)
    let source = try Self.names(Self.plan(index))[change.layer]
    let layers = try #require(index.kerasModel?.layers)
    let number = try #require(
      layers.firstIndex { layer in
        source.map { $0.hasPrefix(layer.name + "/") } ?? (layer.className == change.layer)
      })
    var members = layers[number].config.objectValue ?? []
    members.removeAll { $0.name == change.member }
    members.append(.init(change.member, change.value))
    index.kerasModel?.root.layers[number].config = .object(members)
    do {
      _ = try Self.plan(index)
      Issue.record("the change went unnoticed")
    } catch let error as ConversionError {
      #expect(error.code == .unrecognized)
      let refusal = change.refusal.replacing("LAYER", with: layers[number].name)
      #expect(error.message.hasSuffix("; nor does what the file says about its network help: \(refusal)"))
    }
  }

  @Test func `layers that are connected otherwise are no such network`() throws {
    var index = try Self.open("keras3-resnet-se")
    let layers = try #require(index.kerasModel?.layers)
    // The shortcut of the second stage begins at the image.
    let image = try #require(layers.first { $0.className == "InputLayer" }?.name)
    let names = try Self.names(Self.plan(index))
    let shortcut = try #require(names["stages.1.blocks.0.shortcut.conv.weight"])
    let number = try #require(layers.firstIndex { shortcut.hasPrefix($0.name + "/") })
    index.kerasModel?.root.layers[number].inputs = [[.init(.output(.init(image)))]]
    #expect(throws: ConversionError.self) { try Self.plan(index) }
  }

  @Test func `a circle, a second output and a lost connection are told`() throws {
    let index = try Self.open("keras2-module-se")
    let layers = try #require(index.kerasModel?.layers)
    let last = try #require(layers.firstIndex { $0.className == "Multiply" })
    let pool = try #require(layers.firstIndex { $0.className == "GlobalAveragePooling2D" })
    func refusal(_ change: (inout SourceIndex) -> Void) throws -> String {
      var index = index
      change(&index)
      let model = try #require(index.kerasModel)
      do throws(KerasStructure.Refusal) { _ = try KerasStructure(model, index) } catch { return error.words }
      return ""
    }
    let name = index.kerasModel?.root.name ?? ""
    #expect(
      try refusal {
        $0.kerasModel?.root.layers[pool].inputs = [[.init(.output(.init(layers[last].name)))]]
      } == "the layers of \"\(name)\" take each other's outputs in a circle")
    #expect(
      try refusal { $0.kerasModel?.root.exits.append(.init(layers[pool].name)) }
        == "the model \"\(name)\" has 1 inputs and 2 outputs, expected one of each")
    #expect(
      try refusal {
        $0.kerasModel?.root.layers[pool].inputs = [[.init(.output(.init(layers[last].name, call: 7)))]]
      } == "the layer \"\(layers[pool].name)\" takes call 7 of \"\(layers[last].name)\"")
    #expect(
      try refusal { $0.kerasModel?.root.layers = [] }
        == "the file says nothing about the layers of \"\(name)\", a Functional")
  }

  @Test func `a trunk is what everything passes through`() {
    func node(_ inputs: Int...) -> Wiring.Node {
      Wiring.Node(name: "", step: .operation(inputs.count == 2 ? .add : .relu), inputs: inputs)
    }
    // A block of two steps beside its input, then a step.
    let wiring = Wiring(nodes: [node(-1), node(0), node(1), node(0, 2), node(3)])
    #expect(wiring.trunk() == [0, 3, 4])
    #expect(wiring.trunk(from: 0, to: 2) == [1, 2])
    #expect(wiring.trunk(from: 2, to: 2) == [])
  }

  // MARK: Names and description

  private static func openNumbered() throws -> SourceIndex {
    try SourceReader.open(
      Fixture.root.appending("keras/kobiso-cbam.keras2-model.h5"),
      options: SourceReaderOptions(worker: Program.executable))
  }

  private static func set(_ member: String, _ value: JSONValue, _ layer: Int, _ index: inout SourceIndex) {
    var members = index.kerasModel?.layers[layer].config.objectValue ?? []
    members.removeAll { $0.name == member }
    members.append(.init(member, value))
    index.kerasModel?.root.layers[layer].config = .object(members)
  }

  private static func norms(_ index: SourceIndex) -> [Int] {
    (index.kerasModel?.layers ?? []).indices.filter {
      index.kerasModel?.layers[$0].className == "BatchNormalization"
    }
  }

  @Test func `names and a description that agree are left alone`() throws {
    let plan = try Self.plan(Self.openNumbered())
    #expect(plan.dialect.name == "kobiso-cbam")
    #expect(plan.warnings == [])
    #expect(plan.notes.filter { $0.contains("took what the file says") } == [])
  }

  @Test func `the description decides about what no tensor shows`() throws {
    var index = try Self.openNumbered()
    for norm in Self.norms(index) { Self.set("epsilon", .number(0.002), norm, &index) }
    let plan = try Self.plan(index)
    #expect(plan.dialect.name == "kobiso-cbam")
    #expect(plan.architecture.json["epsilon"] == .number(0.002))
    #expect(
      plan.notes.contains(
        "kobiso-cbam has it otherwise, took what the file says: epsilon 0.002 rather than 0.001"))
    #expect(plan.warnings == [])
    var options = ImportOptions()
    options.recognition.semantics = [.init("epsilon", .number(0.001))]
    let forced = try Importer(library: DialectLibrary(), options: options).plan(index)
    #expect(forced.architecture.json["epsilon"] == .number(0.001))
    #expect(forced.warnings == ["the file says otherwise: epsilon 0.002 rather than 0.001"])
  }

  @Test func `a description that no network of ours has is a warning`() throws {
    var index = try Self.openNumbered()
    let norm = try #require(Self.norms(index).last)
    Self.set("epsilon", .number(0.002), norm, &index)
    let plan = try Self.plan(index)
    let name = index.kerasModel?.layers[norm].name ?? ""
    #expect(plan.dialect.name == "kobiso-cbam")
    #expect(plan.warnings.count == 1)
    #expect(
      plan.warnings.first?.hasPrefix(
        "by what the file says about its network, the layer \"\(name)\" is a norm with epsilon 0.002, expected a norm "
          + "with epsilon 0.001 (") == true)
  }

  @Test func `connections are more than numbers`() throws {
    var index = try Self.openNumbered()
    let expected = try Self.names(Self.plan(index))
    // Two layers of one shape change places: what takes one takes the other, and the other way round.
    let pair = ["stages.0.blocks.0.conv1", "stages.0.blocks.0.conv2"].map { expected[$0 + ".weight"] ?? "" }
    let names = pair.map { String($0.split(separator: "/")[0]) }
    for layer in index.kerasModel?.layers.indices ?? 0..<0 {
      guard let found = names.firstIndex(of: index.kerasModel?.layers[layer].name ?? "") else { continue }
      index.kerasModel?.root.layers[layer].name = names[1 - found]
    }
    for layer in index.kerasModel?.layers.indices ?? 0..<0 {
      for call in index.kerasModel?.layers[layer].inputs.indices ?? 0..<0 {
        for input in index.kerasModel?.layers[layer].inputs[call].indices ?? 0..<0 {
          guard case .output(var output) = index.kerasModel?.layers[layer].inputs[call][input].value,
            let found = names.firstIndex(of: output.layer)
          else { continue }
          output.layer = names[1 - found]
          index.kerasModel?.root.layers[layer].inputs[call][input].value = .output(output)
        }
      }
    }
    let plan = try Self.plan(index)
    #expect(plan.dialect.name == "keras-functional")
    #expect(Self.names(plan)["stages.0.blocks.0.conv1.weight"] == pair[1])
    #expect(Self.names(plan)["stages.0.blocks.0.conv2.weight"] == pair[0])
  }

  @Test func `models that call each other again and again end somewhere`() throws {
    var index = try Self.open("keras2-module-se")
    var model = try #require(index.kerasModel?.root)
    let entrance = try #require(model.layers.first { $0.className == "InputLayer" })
    for depth in 0..<8 {
      var inner = model
      inner.name = "inner\(depth)"
      var outer = model
      outer.entrances = [.init(entrance.name)]
      inner.inputs = (0..<16).map { call in
        [.init(.output(call == 0 ? .init(entrance.name) : .init(inner.name, call: call - 1)))]
      }
      outer.layers = [entrance, inner]
      outer.exits = [.init(inner.name, call: 15)]
      model = outer
    }
    index.kerasModel?.root = model
    let root = try #require(index.kerasModel)
    do throws(KerasStructure.Refusal) {
      _ = try KerasStructure(root, index)
      Issue.record("nothing stopped it")
    } catch {
      #expect(error.words == "its models stand for more than 131072 layers")
    }
  }

  @Test func `numbers of any size in a description do no harm`() throws {
    let values: [JSONValue] = [
      .integer(.min), .integer(.max), .integer(0), .integer(-1), .number(1e300), .null, "", [],
      [.integer(.max)],
      [.integer(.min), .integer(.max)], [[.integer(.max), .integer(1)], [.integer(.min), .integer(2)]],
    ]
    for file in ["keras2-module-se", "keras3-module-bam"] {
      let index = try Self.open(file)
      for layer in index.kerasModel?.layers.indices ?? 0..<0 {
        for member in index.kerasModel?.layers[layer].config.objectValue ?? [] {
          for value in values {
            var changed = index
            Self.set(member.name, value, layer, &changed)
            guard let model = changed.kerasModel else { continue }
            _ = try? KerasStructure(model, changed)
          }
        }
      }
    }
  }
}

import Architectures
import Bytes
import JSON
import SourceFormats
import TestSupport
import Testing

@testable import Conversion

/// Files whose layers nobody named, read by the order in which Keras counted them.
@Suite struct AutomaticNamesTests {
  private let library: DialectLibrary

  init() throws { library = try DialectLibrary() }

  struct Network: CustomTestStringConvertible, Sendable {
    var name: String
    var dialect: String
    var architecture: String
    var layouts: [Layout: Int]

    var testDescription: String { name }
  }

  static let networks = [
    Network(
      name: "kobiso-se", dialect: "kobiso-cbam", architecture: "resnet-1.1-basic-se-cifar",
      layouts: [.channelsLast: 6, .transposed: 5]),
    Network(
      name: "kobiso-cbam", dialect: "kobiso-cbam", architecture: "resnet-1.1-basic-cbam-cifar",
      layouts: [.channelsLast: 8, .transposed: 5, .flippedInputs: 2]),
    Network(
      name: "qubvel-seresnet", dialect: "qubvel-senet", architecture: "resnet-1.1-bottleneck-se",
      layouts: [.channelsLast: 13, .transposed: 1, .pointwiseConvolution: 4]),
  ]

  private func plan(_ index: SourceIndex, library: DialectLibrary? = nil) throws -> ImportPlan {
    try Importer(library: library ?? self.library, options: ImportOptions()).plan(index)
  }

  /// A fixture whose layers have other names: the name of each from its class and number.
  private func renumbered(
    _ name: String, _ rename: (_ kind: KerasLayerClass, _ number: Int) -> String
  ) throws -> SourceIndex {
    var index = try Fixture("keras/\(name).h5").open()
    for number in index.tensors.indices {
      let path = index.tensors[number].path
      let read = try #require(KerasLayerClass.read(path[0]))
      let layer = rename(read.kind, read.number)
      index.tensors[number].path = [layer, path[1].replacing(path[0] + "/", with: layer + "/")]
    }
    return index
  }

  /// What each tensor of a source is, by its number.
  private func meaning(_ plan: ImportPlan) throws -> [String?] {
    let names = Dictionary(uniqueKeysWithValues: plan.rows.map { ($0.sourceName, $0.canonicalName) })
    return plan.index.tensors.map { names[plan.index.name(of: $0)] }
  }

  @Test(arguments: networks)
  func `a network is recognised by the numbers of its layers`(_ network: Network) throws {
    let fixture = try Fixture("keras/\(network.name).h5")
    let plan = try plan(fixture.open())
    #expect(plan.faults == [])
    #expect(plan.dialect.name == network.dialect)
    #expect(plan.alternatives == [])
    #expect(plan.architecture.name == network.architecture)
    #expect(Set(plan.rows.map(\.sourceName)) == Set(try fixture.rows().map(\.name)))
    #expect(Dictionary(plan.rows.flatMap(\.layouts).map { ($0, 1) }, uniquingKeysWith: +) == network.layouts)
  }

  /// A module alone, by Keras 2 and 3 with layers that nobody named, and by tf2cv.
  static let modules = [
    ("se", "keras-modules", "se-module"), ("cbam", "keras-modules", "cbam-module"),
    ("bam", "keras-modules", "bam-module"), ("eca", "keras-modules", "eca-module"),
    ("nam", "keras-modules", "nam-module"), ("own-nam", "keras-nam", "nam-module"),
    ("tf2cv-se", "tf2cv", "se-module"), ("tf2cv-cbam", "tf2cv", "cbam-module"),
    ("tf2cv-bam", "tf2cv", "bam-module"),
  ]

  @Test(arguments: modules)
  func `an attention module alone is recognised`(
    _ name: String, _ dialect: String, _ architecture: String
  ) throws {
    let names = name.hasPrefix("tf2cv") ? [name] : [name, "keras3-" + name]
    for name in names {
      let fixture = try Fixture("keras/modules/\(name).h5")
      let plan = try plan(fixture.open())
      #expect(plan.faults == [])
      #expect(plan.dialect.name == dialect)
      #expect(plan.architecture.name == architecture)
      #expect(plan.architecture.json["epsilon"] == .number(dialect == "tf2cv" ? 1e-05 : 0.001))
      #expect(Set(plan.rows.map(\.sourceName)) == Set(try fixture.rows().map(\.name)))
    }
  }

  @Test func `layers that nothing holds are no attention module`() throws {
    var index = try Fixture("keras/modules/se.h5").open()
    for number in index.tensors.indices {
      let parts = (index.tensors[number].path.last ?? "").split(separator: "/").map(String.init)
      index.tensors[number].path = [parts[1], parts[1...].joined(separator: "/")]
    }
    let error = #expect(throws: ConversionError.self) { try plan(index) }
    #expect(error?.code == .unrecognized)
  }

  @Test(arguments: ["kobiso-cbam.keras2-model", "kobiso-cbam.keras3-model"])
  func `the whole model has the content of its weights`(_ name: String) async throws {
    let directory = try TemporaryDirectory()
    let importer = Importer(library: library, options: ImportOptions())
    var contents: [String] = []
    for name in ["kobiso-cbam", name] {
      let plan = try plan(Fixture("keras/\(name).h5").open())
      contents.append(
        try await importer.write(plan, to: directory.file("\(name).safetensors"), overwrite: false).content)
    }
    #expect(contents[0] == contents[1])
  }

  @Test(arguments: networks)
  func `numbers may begin anywhere and leave some out`(_ network: Network) throws {
    let expected = try meaning(plan(Fixture("keras/\(network.name).h5").open()))
    let changes: [(KerasLayerClass, Int) -> String] = [
      { kind, number in kind.name(number: number + 7) },
      { kind, number in kind.name(number: 3 * number + 1) },
      { kind, number in kind == .dense ? kind.name(number: number + 90) : kind.name(number: number) },
      { kind, number in
        kind == .batchNormalization ? "batch_normalization_v1_\(number + 1)" : kind.name(number: number)
      },
    ]
    for change in changes {
      #expect(try meaning(plan(renumbered(network.name, change))) == expected)
    }
  }

  @Test(arguments: networks)
  func `numbers of a file that counts by depth are read in that order`(_ network: Network) throws {
    let expected = try meaning(plan(Fixture("keras/\(network.name).h5").open()))
    var counts: [KerasLayerClass: Int] = [:]
    var numbers: [String: Int] = [:]
    var index = try renumbered(network.name) { kind, number in
      let name = kind.name(number: number)
      if numbers[name] == nil {
        numbers[name] = counts[kind, default: 0]
        counts[kind, default: 0] += 1
      }
      return "layers/" + kind.name(number: numbers[name] ?? 0)
    }
    index.container = .kerasWeights
    #expect(try meaning(plan(index)) == expected)
  }

  @Test func `layers whose shapes do not agree are refused`() throws {
    let index = try renumbered("kobiso-se") { kind, number in
      // The second and the third dense layer of a session that built one network.
      kind.name(number: kind == .dense ? [0: 0, 1: 2, 2: 1][number] ?? number : number)
    }
    let error = #expect(throws: ConversionError.self) { try plan(index) }
    #expect(error?.code == .unrecognized)
    #expect(
      error?.message
        == "the layers have numbers for names (6 conv2d, 5 dense, 5 batch_normalization), and neither numbers nor "
        + "shapes nor their order are those of a known code base")
  }

  @Test func `an order of layers in which no network runs is refused`() throws {
    var index = try Fixture("keras/kobiso-se.h5").open()
    index.tensors.reverse()
    #expect(throws: ConversionError.self) { try plan(index) }
    index.tensors.reverse()
    #expect(try plan(index).isComplete)
  }

  @Test func `two orders of creation that both fit are ambiguous`() throws {
    let directory = try TemporaryDirectory()
    // The last norm of a block and that of its shortcut have one width and lie on different ways.
    let (norm, shortcut) = ("\"stages.{s}.blocks.{b}.norm3\"", "\"stages.{s}.blocks.{b}.shortcut.norm\"")
    let text = String(decoding: PackageResources.qubvel_senet_json, as: UTF8.self)
      .replacing("\"qubvel-senet\"", with: "\"other\"")
      .replacing("    \(norm),", with: "    \"\",").replacing("    \(shortcut),", with: "    \(norm),")
      .replacing("    \"\",", with: "    \(shortcut),")
    let file = try InputFile(directory.create("other.json", Array(text.utf8)))
    let library = try DialectLibrary(files: [file])
    var index = try Fixture("keras/qubvel-seresnet.h5").open()
    #expect(
      try plan(index, library: library).dialect.name == "qubvel-senet",
      "the depth of the layers tells the norms apart")
    // Other containers do not say in which order the layers are.
    index.container = .kerasWeights
    let error = #expect(throws: ConversionError.self) { try plan(index, library: library) }
    let network = "resnet-1.1-bottleneck-se"
    #expect(error?.code == .ambiguous)
    #expect(
      error?.message
        == "several dialects fit equally well and give different results: other (\(network)), qubvel-senet (\(network)); "
        + "\"batch_normalization_14/batch_normalization_14/gamma:0\" is stages.0.blocks.0.norm3.weight or "
        + "stages.0.blocks.0.shortcut.norm.weight")
  }
}

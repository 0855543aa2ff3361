import Architectures
import Checkpoint
import JSON
import SourceFormats
import SystemPackage
import TestSupport
import Testing

@testable import Conversion

/// Networks that Keras saved become canonical, those of tf2cv the same as their twins of pytorchcv.
@Suite struct KerasImportTests {
  private let directory: TemporaryDirectory
  private let library: DialectLibrary

  init() throws {
    directory = try TemporaryDirectory()
    library = try DialectLibrary()
  }

  struct Network: CustomTestStringConvertible, Sendable {
    var name: String
    var dialect = "tf2cv"
    var attention: String
    /// What Keras puts before every name, from the class of the model.
    var prefix: String
    var layouts: [Layout: Int]

    var testDescription: String { name }
    var file: String { "keras/\(name).h5" }
  }

  static let networks = [
    Network(
      name: "tf2cv-resnet", attention: "none", prefix: "res_net/",
      layouts: [.channelsLast: 6, .transposed: 1]),
    Network(
      name: "tf2cv-seresnet", attention: "se", prefix: "se_res_net/",
      layouts: [.channelsLast: 10, .transposed: 1, .pointwiseConvolution: 4]),
    Network(
      name: "tf2cv-cbam-resnet", attention: "cbam", prefix: "cbam_res_net/",
      layouts: [.channelsLast: 8, .transposed: 5]),
    Network(
      name: "tf2cv-bam-resnet", attention: "bam", prefix: "bam_res_net/",
      layouts: [.channelsLast: 10, .transposed: 3]),
    Network(
      name: "applications-resnet", dialect: "keras-applications", attention: "none", prefix: "",
      layouts: [.channelsLast: 9, .transposed: 1]),
    Network(
      name: "qubvel-preact-seresnet", dialect: "qubvel-resnet", attention: "se", prefix: "",
      layouts: [.channelsLast: 15, .transposed: 1, .pointwiseConvolution: 6]),
  ]

  private func plan(_ network: Network) throws -> ImportPlan {
    try Importer(library: library, options: ImportOptions()).plan(Fixture(network.file).open())
  }

  @Test(arguments: networks)
  func `a network is recognised`(_ network: Network) throws {
    let plan = try plan(network)
    #expect(plan.faults == [])
    #expect(plan.dialect.name == network.dialect)
    #expect(plan.dialect.framework == .keras)
    #expect(plan.alternatives == [])
    #expect(plan.strippedPrefix == network.prefix)
    #expect(plan.architecture.attention?.kind.rawValue ?? "none" == network.attention)
    #expect(plan.rows.count == plan.index.tensors.count)
    #expect(Dictionary(plan.rows.flatMap(\.layouts).map { ($0, 1) }, uniquingKeysWith: +) == network.layouts)
    let names = Set(try Fixture(network.file).rows().map(\.name))
    #expect(Set(plan.rows.map(\.sourceName)) == names, "names are those of the file")
  }

  @Test(arguments: networks.filter { $0.dialect == "tf2cv" })
  func `the twin of pytorchcv has the same content`(_ network: Network) async throws {
    let importer = Importer(library: library, options: ImportOptions())
    let keras = try await importer.write(
      plan(network), to: directory.file("keras.safetensors"), overwrite: false)
    var options = Exporter.Options()
    options.dialect = "pytorchcv"
    _ = try await Exporter(library: library, options: options).write(
      Checkpoint(keras.path), to: directory.file("twin.pth"), as: .pytorch, overwrite: false)
    let twin = try importer.plan(SourceReader.open(directory.file("twin.pth")))
    #expect(twin.dialect.name == (network.attention == "none" ? twin.dialect.name : "pytorchcv"))
    let result = try await importer.write(twin, to: directory.file("twin.safetensors"), overwrite: false)
    #expect(result.content == keras.content)
  }

  @Test func `numbers that Keras made up do not matter unless names need them`() throws {
    let names = ["m/unit/se_block_7/conv1/kernel", "m/unit/conv2d_1/kernel"]
    func readings(_ names: [String]) -> [[String]] {
      PrefixStripping.readings(
        of: StateDict(
          framework: .keras, key: [], strippedPrefix: "", changes: 0, names: names,
          tensors: Array(names.indices))
      ).map(\.names)
    }
    #expect(readings(names).contains(["se_block/conv1/kernel", "conv2d/kernel"]))
    let numbered = ["a/conv2d/kernel", "a/conv2d_1/kernel"]
    #expect(readings(numbered) == [numbered, ["conv2d/kernel", "conv2d_1/kernel"]])
  }

  /// Two networks as models inside of one, as Keras names their weights.
  private func twoNetworks() throws -> SourceIndex {
    var index = try Fixture("keras/tf2cv-cbam-resnet.h5").open()
    let tensors = index.tensors
    index.tensors = ["first", "second"].flatMap { model in
      tensors.map { tensor in
        var tensor = tensor
        tensor.path = [model, "\(model)/\(tensor.path[1])"]
        return tensor
      }
    }
    return index
  }

  private func plan(_ index: SourceIndex, key: [String]) throws -> ImportPlan {
    var options = ImportOptions()
    options.recognition.key = key
    return try Importer(library: library, options: options).plan(index)
  }

  @Test func `a key takes one model of several`() throws {
    let index = try twoNetworks()
    let whole = try plan(Self.networks[2])
    let second = try plan(index, key: ["second"])
    #expect(second.isComplete)
    #expect(second.key == ["second"])
    #expect(second.architecture == whole.architecture)
    #expect(second.rows.allSatisfy { $0.sourceName.hasPrefix("second/") })
    let deep = try plan(index, key: ["first/cbam_res_net"])
    #expect(deep.isComplete)
    #expect(deep.key == ["first", "cbam_res_net"])
    #expect(try plan(index, key: ["first", "cbam_res_net"]).key == ["first", "cbam_res_net"])
  }

  @Test func `a key that holds no tensors is refused with the models that do`() throws {
    let index = try twoNetworks()
    let error = #expect(throws: ConversionError.self) { try plan(index, key: ["third"]) }
    #expect(error?.code == .noStateDict)
    #expect(error?.message == "no tensors at key \"third\"")
    #expect(
      error?.hint?.hasPrefix(
        "keys with tensors: (top), first/cbam_res_net, second/cbam_res_net, ") == true, "\(error?.hint ?? "")"
    )
  }

  @Test func `what Keras builds otherwise is part of the architecture`() throws {
    let plan = try plan(Self.networks[4])
    #expect(
      plan.architecture
        == .resnet(
          ResNet(
            block: .bottleneck, blocksPerStage: [1, 1], widths: [4, 6], stridePosition: .conv1, classes: 6,
            epsilon: 1.001e-5, convolutionBias: true)))
  }
}

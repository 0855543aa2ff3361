import Architectures
import Checkpoint
import SourceFormats
import SystemPackage
import TestSupport
import Testing

@testable import Conversion

/// Canonical checkpoints become files that Keras loads.
@Suite struct KerasExportTests {
  private let directory: TemporaryDirectory
  private let library: DialectLibrary

  init() throws {
    directory = try TemporaryDirectory()
    library = try DialectLibrary()
  }

  private func open(_ path: FilePath) throws -> SourceIndex {
    try SourceReader.open(path, options: .init(worker: Program.executable))
  }

  private func importFile(_ path: FilePath, _ name: String) async throws -> Checkpoint {
    let importer = Importer(library: library, options: ImportOptions())
    let result = try await importer.write(
      importer.plan(open(path)), to: directory.file(name), overwrite: false)
    return try Checkpoint(result.path)
  }

  private func export(
    _ checkpoint: Checkpoint, to name: String, as target: Exporter.Target = .kerasHDF5,
    _ change: (inout Exporter.Options) -> Void = { _ in }
  ) async throws -> Exporter.Result {
    var options = Exporter.Options()
    options.worker = Program.executable
    change(&options)
    return try await Exporter(library: library, options: options).write(
      checkpoint, to: directory.file(name), as: target, overwrite: false)
  }

  /// Layers and weights in the order of Keras' own lists, without what it puts before every name and without the
  /// number that it gives to tf2cv's second block without a name.
  private func lists(_ path: FilePath, prefix: String) throws -> [[String]] {
    try open(path).tensors.map { tensor in
      var path = tensor.path
      if path[1].hasPrefix(prefix) { path[1].removeFirst(prefix.count) }
      path[1] = path[1].replacing("/se_block_1/", with: "/se_block/")
      return path
    }
  }

  @Test(arguments: KerasImportTests.networks)
  func `a network comes back as Keras wrote it`(_ network: KerasImportTests.Network) async throws {
    let source = try Fixture(network.file).path
    let checkpoint = try await importFile(source, "in.safetensors")
    let result = try await export(checkpoint, to: "back.h5")
    #expect(result.dialect == network.dialect)
    #expect(result.tensorCount == checkpoint.names.count)
    #expect(result.missing == [])
    #expect(result.leftOut == [])
    let names = try lists(source, prefix: network.prefix)
    #expect(try lists(result.path, prefix: "") == names)
    let again = try await importFile(result.path, "again.safetensors")
    #expect(again.metadata.content == checkpoint.metadata.content)
    #expect(again.metadata.architecture == checkpoint.metadata.architecture)
    let extras = try open(result.path).extras
    #expect(
      extras == [
        SourceExtra(path: ["backend"], value: .text("tensorflow")),
        SourceExtra(path: ["keras_version"], value: .text("2.15.0")),
      ])
    #expect(try directory.names() == ["again.safetensors", "back.h5", "in.safetensors"])
  }

  @Test(arguments: [
    ("pytorchcv-cbam-resnet18.pth", 28), ("pytorchcv-bam-resnet18.pth", 32), ("pytorchcv-seresnet18.pth", 20),
  ])
  func `a network of PyTorch is written in the names of its twin`(
    _ name: String, _ counters: Int
  ) async throws {
    let checkpoint = try await importFile(Fixture("networks/" + name).path, "in.safetensors")
    let result = try await export(checkpoint, to: "twin.h5") { $0.dialect = "tf2cv" }
    #expect(result.leftOut.count == counters)
    #expect(result.leftOut.allSatisfy { $0.hasSuffix(".num_batches_tracked") })
    #expect(result.tensorCount + counters == checkpoint.names.count)
    #expect(result.differences == [])
    let twin = try await importFile(result.path, "twin.safetensors")
    #expect(twin.metadata.content == checkpoint.metadata.content)
    #expect(twin.metadata.architecture == checkpoint.metadata.architecture)
  }

  /// Layers that nobody named get the names again that they had, by depth as Keras lists them.
  @Test(arguments: AutomaticNamesTests.networks)
  func `numbered layers come back with their numbers`(_ network: AutomaticNamesTests.Network) async throws {
    let source = try Fixture("keras/\(network.name).h5").path
    let checkpoint = try await importFile(source, "in.safetensors")
    let result = try await export(checkpoint, to: "back.h5")
    let names = try lists(source, prefix: "")
    #expect(try lists(result.path, prefix: "") == names)
    let again = try await importFile(result.path, "again.safetensors")
    #expect(again.metadata.content == checkpoint.metadata.content)
    #expect(try directory.names() == ["again.safetensors", "back.h5", "in.safetensors"])
  }

  /// The layers of each class are counted in the order in which Keras lists them, whatever their names.
  @Test(arguments: AutomaticNamesTests.networks)
  func `a numbered file counts the layers of each class`(_ network: AutomaticNamesTests.Network) throws {
    let source = try Fixture("keras/\(network.name).h5").open()
    let plan = try Importer(library: library, options: ImportOptions()).plan(source)
    let mapping = try DialectMapping(plan.dialect, plan.architecture)
    let weights = mapping.rows.filter { $0.parameter.role != .batchCount }.map { row in
      KerasLayers.Weight(
        row: row,
        output: TensorOutput(
          name: row.sourceName, elementType: .bfloat16,
          view: SourceTensor(
            path: [], elementType: .bfloat16, shape: row.sourceShape,
            strides: SourceTensor.contiguousStrides(row.sourceShape), storage: 0)))
    }
    let layers = try KerasLayers(weights, mapping, recorded: [:]).layers
    let objects = try KerasFile(numbered: layers, dialect: plan.dialect.name).tree.objects

    var expected: [HDF5Tree.Object] = [.init(path: ""), .init(path: "layers")]
    var counts: [KerasLayerClass: Int] = [:]
    for (layer, name) in zip(source.tensors.map { $0.path[0] }.uniqued(), layers.map(\.name)) {
      let kind = try #require(KerasLayerClass.read(layer)).kind
      let path = "layers/" + kind.name(number: counts[kind, default: 0])
      counts[kind, default: 0] += 1
      expected += [
        .init(path: path), .init(path: path + "/vars", attributes: [.init("name", .text(name))]),
      ]
      for (number, tensor) in source.tensors.filter({ $0.path[0] == layer }).enumerated() {
        expected.append(
          .init(
            path: "\(path)/vars/\(number)", attributes: [.init("dtype", .text("bfloat16"))],
            dataset: .init(elementType: .bfloat16, shape: tensor.shape)))
      }
    }
    #expect(objects == expected)
  }

  /// One layer of the model holds all of a module alone, in the order of its weights.
  @Test(arguments: ["bam", "cbam", "eca", "nam", "own-nam", "se", "tf2cv-bam", "tf2cv-cbam", "tf2cv-se"])
  func `a module alone comes back as one layer`(_ name: String) async throws {
    let fixture = try Fixture("keras/modules/\(name).h5")
    let source = try fixture.open()
    let checkpoint = try await importFile(fixture.path, "in.safetensors")
    let index = try open(try await export(checkpoint, to: "back.h5").path)
    #expect(index.tensors.map { $0.path[0] }.uniqued().count == 1)
    #expect(
      try index.tensors.map { try ByteSource.read($0, of: index, scratch: directory) }
        == source.tensors.map { try ByteSource.read($0, of: source, scratch: directory) })
    let again = try await importFile(directory.file("back.h5"), "again.safetensors")
    #expect(again.metadata.content == checkpoint.metadata.content)
    let error = try await #require(throws: ConversionError.self) {
      try await export(checkpoint, to: "x.weights.h5", as: .kerasWeights)
    }
    #expect(error.code == .unrepresentable)
  }

  @Test func `names that are those of one file are not given to others`() async throws {
    let checkpoint = try await importFile(Fixture("keras/tf2cv-resnet.h5").path, "in.safetensors")
    let error = try await #require(throws: ConversionError.self) {
      try await export(checkpoint, to: "x.h5") { $0.dialect = "keras-functional" }
    }
    #expect(error.message == "dialect keras-functional has no names but those of the file it reads")
  }

  @Test func `layers that nobody named yet get the numbers of a new session`() async throws {
    let checkpoint = try await importFile(Fixture("networks/cadene-resnet50-se.pth").path, "in.safetensors")
    let result = try await export(checkpoint, to: "twin.h5") { $0.dialect = "qubvel-senet" }
    let layers = try open(result.path).tensors.map { $0.path[0] }.uniqued()
    #expect(
      layers.prefix(8) == [
        "conv2d", "batch_normalization", "conv2d_1", "batch_normalization_1", "conv2d_2",
        "batch_normalization_2", "conv2d_3", "batch_normalization_3",
      ])
    #expect(layers.last == "dense")
    #expect(layers.count == 139, "53 convolutions, 53 norms, 32 in attention modules, and the head")
    let twin = try await importFile(result.path, "twin.safetensors")
    #expect(twin.metadata.content == checkpoint.metadata.content)
  }

  @Test func `the same checkpoint gives the same bytes`() async throws {
    let checkpoint = try await importFile(Fixture("keras/tf2cv-bam-resnet.h5").path, "in.safetensors")
    _ = try await export(checkpoint, to: "first.h5")
    _ = try await export(checkpoint, to: "second.h5")
    #expect(try directory.bytes(of: "first.h5") == directory.bytes(of: "second.h5"))
  }

  @Test func `element types are converted on the way out`() async throws {
    let checkpoint = try await importFile(Fixture("keras/tf2cv-resnet.h5").path, "in.safetensors")
    for type in [ElementType.float16, .bfloat16] {
      let name = "\(type.rawValue).h5"
      _ = try await export(checkpoint, to: name) { $0.precision.elementType = type }
      let tensors = try open(directory.file(name)).tensors
      for tensor in tensors {
        let isStatistic = tensor.path[1].contains("moving_")
        #expect(tensor.elementType == (isStatistic ? .float32 : type), "\(tensor.path)")
      }
    }
  }

  @Test func `names of another framework are refused, with those that fit`() async throws {
    let keras = try await importFile(Fixture("keras/tf2cv-resnet.h5").path, "keras.safetensors")
    let error = try await #require(throws: ConversionError.self) {
      try await export(keras, to: "x.pth", as: .pytorch)
    }
    #expect(error.code == .unrepresentable)
    #expect(error.message == "dialect tf2cv has the names of Keras, and this file is for PyTorch")
    #expect(error.hint?.hasPrefix("choose a dialect of PyTorch with --dialect: torchvision, ") == true)
    let torch = try await importFile(
      Fixture("networks/pytorchcv-cbam-resnet18.pth").path, "torch.safetensors")
    let other = try await #require(throws: ConversionError.self) { try await export(torch, to: "x.h5") }
    #expect(other.message == "dialect pytorchcv has the names of PyTorch, and this file is for Keras")
    #expect(try directory.names() == ["keras.safetensors", "torch.safetensors"])
  }

  @Test func `layers inside of layers have no names in a numbered file`() async throws {
    let checkpoint = try await importFile(Fixture("keras/tf2cv-resnet.h5").path, "in.safetensors")
    await #expect(
      throws: ConversionError(
        .unrepresentable,
        "the networks of tf2cv are classes in Python, by whose attributes a .weights.h5 names its weights",
        hint: "name the output .h5; in Python, load it and save a .weights.h5")
    ) { try await export(checkpoint, to: "x.weights.h5", as: .kerasWeights) }
    #expect(try directory.names() == ["in.safetensors"])
  }

  @Test func `without a worker nothing is written`() async throws {
    let checkpoint = try await importFile(Fixture("keras/tf2cv-resnet.h5").path, "in.safetensors")
    await #expect(
      throws: ConversionError(
        .inputOutput, "HDF5 files are made by a worker process, and this program has none")
    ) { try await export(checkpoint, to: "x.h5") { $0.worker = nil } }
    let error = try await #require(throws: ConversionError.self) {
      try await export(checkpoint, to: "x.h5") { $0.worker = "/bin/false" }
    }
    #expect(error.message == "cannot make the HDF5 file: the worker ended with status 1")
    #expect(try directory.names() == ["in.safetensors"])
  }

  /// The sizes are those of `numpy.array_split`, which Keras calls with more and more parts until each fits.
  @Test(arguments: [
    (1000, 64, [1000]), (1008, 64, [1008]), (1009, 64, [505, 504]), (1000, 80, [500, 500]),
    (2500, 80, [625, 625, 625, 625]), (2419, 80, [605, 605, 605, 604]), (0, 0, [0]),
  ])
  func `long lists of names are cut as Keras does`(_ count: Int, _ width: Int, _ sizes: [Int]) {
    let names = (0..<count).map { number in
      String(number) + String(repeating: "n", count: width - String(number).count)
    }
    let attributes = KerasFile.list("weight_names", names)
    #expect(attributes.map(\.value.texts.count) == sizes)
    #expect(attributes.flatMap(\.value.texts) == names)
    guard sizes.count > 1 else {
      #expect(attributes == [.init("weight_names", .texts(names))])
      return
    }
    for (number, attribute) in attributes.enumerated() {
      #expect(attribute == .init("weight_names\(number)", .paddedTexts(attribute.value.texts)))
    }
  }
}

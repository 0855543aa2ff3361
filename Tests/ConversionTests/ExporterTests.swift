import Bytes
import Checkpoint
import Crypto
import JSON
import SourceFormats
import SystemPackage
import Testing

@testable import Conversion
import TestSupport

@Suite struct ExporterTests {
  private let directory: TemporaryDirectory
  private let library: DialectLibrary

  init() throws {
    directory = try TemporaryDirectory()
    library = try DialectLibrary()
  }

  private func importFile(_ path: FilePath, to name: String, dialect: String? = nil) async throws
    -> Checkpoint
  {
    var options = ImportOptions()
    options.recognition.dialect = dialect
    let importer = Importer(library: library, options: options)
    let result = try await importer.write(
      importer.plan(SourceReader.open(path)), to: directory.file(name), overwrite: false)
    return try Checkpoint(result.path)
  }

  private func export(
    _ checkpoint: Checkpoint, to name: String, as target: Exporter.Target = .pytorch,
    _ change: (inout Exporter.Options) -> Void = { _ in }
  ) async throws -> Exporter.Result {
    var options = Exporter.Options()
    change(&options)
    return try await Exporter(library: library, options: options).write(
      checkpoint, to: directory.file(name), as: target, overwrite: false)
  }

  /// The digest of names, types, shapes and bytes that `Fixtures/README.md` describes.
  private func rowsDigest(_ path: FilePath) throws -> String {
    let index = try SourceReader.open(path)
    let lines = try index.tensors.map { tensor in
      let bytes = try ByteSource.read(tensor, of: index, scratch: directory)
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let digest = ContentDigest.hexadecimal(SHA256.hash(data: bytes))
      return (tensor.path.joined(separator: "."), "\(tensor.elementType.rawValue)\t\(shape)\t\(digest)\n")
    }
    let sorted = lines.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    let text = sorted.map { "\($0.0)\t\($0.1)" }.joined()
    return ContentDigest.hexadecimal(SHA256.hash(data: Array(text.utf8)))
  }

  @Test(arguments: Fixture.all(in: "networks"), [.pytorch, .safetensors] as [Exporter.Target])
  func `a network comes back bit for bit`(_ fixture: Fixture, _ target: Exporter.Target) async throws {
    let checkpoint = try await importFile(fixture.path, to: "in.safetensors")
    let result = try await export(checkpoint, to: "back", as: target)
    #expect(result.tensorCount == fixture.members["entries"]?.integerValue)
    #expect(result.missing == [])
    #expect(result.content == checkpoint.metadata.content)
    #expect(try rowsDigest(result.path) == fixture.members["rows"]?.stringValue)
    // Networks of one naming are told apart by nothing; the dialect is the one that wrote the file.
    let again = try await importFile(result.path, to: "again.safetensors", dialect: result.dialect)
    #expect(again.metadata.content == checkpoint.metadata.content)
    #expect(again.metadata.architecture == checkpoint.metadata.architecture)
    #expect(try directory.names() == ["again.safetensors", "back", "in.safetensors"])
  }

  @Test func `the networks are there`() { #expect(Fixture.all(in: "networks").count >= 35) }

  @Test(
    arguments: [
      ("attention-module-resnet18-cbam.pth", "pytorchcv"),
      ("pytorchcv-cbam-resnet18.pth", "attention-module"),
      ("pytorchcv-bam-resnet18.pth", "attention-module"),
      ("attention-module-resnet50-bam.pth", "pytorchcv"),
      ("timm-seresnet18.safetensors", "cadene"),
      ("timm-seresnet18.safetensors", "pytorchcv"),
      ("cadene-resnet50-se.pth", "timm"),
      ("pytorchcv-seresnet18.pth", "timm"),
      ("ecanet-resnet18-eca.pth", "timm"),
      ("timm-ecaresnet18.safetensors", "ecanet"),
      ("torchvision-resnet18.pth", "pytorchcv"),
      ("torchvision-resnet18.pth", "timm"),
      ("module-se-c64.pth", "external-attention"),
    ])
  func `a network of one code base is written in the names of another`(_ name: String, _ dialect: String)
    async throws
  {
    let checkpoint = try await importFile(Fixture("networks/" + name).path, to: "in.safetensors")
    let result = try await export(checkpoint, to: "other.pth") { $0.dialect = dialect }
    #expect(result.dialect == dialect)
    let again = try await importFile(result.path, to: "again.safetensors", dialect: dialect)
    #expect(again.metadata.content == checkpoint.metadata.content)
    #expect(again.names == checkpoint.names)
  }

  @Test(
    arguments: [
      ("attention-module-resnet50-bam.pth", "timm", "dialect timm has no networks like resnet50-bam"),
      (
        "nam-resnet50-nam.pth", "attention-module",
        "dialect attention-module has no networks like resnet50-nam"
      ),
      ("torchvision-mobilenet-v2.pth", "ecanet", "dialect ecanet has no networks like mobilenetv2"),
      ("timm-ecaresnet50d.safetensors", "ecanet", "dialect ecanet has no networks like resnet50d-eca"),
    ])
  func `a code base without such a network is refused`(
    _ name: String, _ dialect: String, _ message: String
  ) async throws {
    let checkpoint = try await importFile(Fixture("networks/" + name).path, to: "in.safetensors")
    await #expect(
      throws: ConversionError(.unrepresentable, message, hint: "choose another dialect with --dialect")
    ) { try await export(checkpoint, to: "other.pth") { $0.dialect = dialect } }
    #expect(try directory.names() == ["in.safetensors"])
  }

  @Test(
    arguments: [
      ("cadene-resnet50-se.pth", "cadene", []),
      ("torchvision-resnet18.pth", "timm", []),
      ("ecanet-resnet18-eca.pth", "timm", []),
      (
        "torchvision-resnet18.pth", "pytorchcv",
        [#"pytorchcv has headPool {"kernel":7,"kind":"fixed","stride":1} rather than {"kind":"adaptive"}"#]
      ),
      (
        "timm-seresnet50.safetensors", "cadene",
        [
          #"cadene has stem {"kernel":7,"kind":"single","maxPool":{"ceilMode":true,"padding":0},"stride":2,"width":2} "#
            + #"rather than {"kernel":7,"kind":"single","maxPool":{"ceilMode":false,"padding":1},"stride":2,"width":2}"#,
          #"cadene has stridePosition "conv1" rather than "conv2""#,
          #"cadene has headPool {"kernel":7,"kind":"fixed","stride":1} rather than {"kind":"adaptive"}"#,
        ]
      ),
    ] as [(String, String, [String])])
  func `what a code base does otherwise is told`(
    _ name: String, _ dialect: String, _ differences: [String]
  ) async throws {
    let checkpoint = try await importFile(Fixture("networks/" + name).path, to: "in.safetensors")
    #expect(try await export(checkpoint, to: "other.pth") { $0.dialect = dialect }.differences == differences)
  }

  @Test func `an archive has checksums, aligned records and the same bytes every time`() async throws {
    let checkpoint = try await importFile(
      Fixture("pytorch-legacy/cbam-resnet18-narrow.pth").path, to: "in.safetensors")
    let result = try await export(checkpoint, to: "first.pth")
    let archive = try ZipArchive(.init(result.path))
    #expect(
      archive.entries.prefix(3).map(\.name) == ["archive/data.pkl", "archive/byteorder", "archive/data/0"])
    #expect(archive.entries.last?.name == "archive/version")
    #expect(archive.entries.count == 202 + 3)
    for entry in archive.entries {
      #expect(entry.dataOffset % 64 == 0, "\(entry.name)")
      #expect(entry.encoding == .stored)
      #expect(try archive.read(entry, limit: 1 << 20).isIntact, "\(entry.name)")
    }
    _ = try await export(checkpoint, to: "second.pth")
    #expect(try directory.bytes(of: "first.pth") == directory.bytes(of: "second.pth"))
  }

  @Test func `a safetensors file has no metadata of a canonical checkpoint`() async throws {
    let checkpoint = try await importFile(Fixture("networks/module-cbam-c64.pth").path, to: "in.safetensors")
    let result = try await export(checkpoint, to: "back.safetensors", as: .safetensors)
    let header = try SafetensorsHeader(reading: .init(result.path))
    #expect(!CheckpointMetadata.isPresent(in: header))
    #expect(header.metadata("format") == "pt")
  }

  @Test func `element types are converted on the way out`() async throws {
    let checkpoint = try await importFile(Fixture("networks/module-nam-c64.pth").path, to: "in.safetensors")
    let result = try await export(checkpoint, to: "half.pth") { $0.precision.elementType = .bfloat16 }
    let types = try SourceReader.open(result.path).tensors.map(\.elementType)
    #expect(types == [.bfloat16, .bfloat16, .float32, .float32, .int64])
  }

  @Test func `a tensor that was allowed to be missing is missing in the export too`() async throws {
    var options = ImportOptions()
    options.recognition.allowMissing = ["head.*"]
    options.recognition.classes = 1000
    let importer = Importer(library: library, options: options)
    var index = try Fixture("networks/torchvision-resnet18.pth").open()
    index.tensors.removeAll { $0.path.last?.hasPrefix("fc.") == true }
    let imported = try await importer.write(
      importer.plan(index), to: directory.file("in.safetensors"), overwrite: false)
    let result = try await export(Checkpoint(imported.path), to: "back.pth")
    #expect(result.missing == ["head.weight", "head.bias"])
    #expect(result.tensorCount == 120)
  }

  @Test func `a damaged checkpoint is not exported`() async throws {
    let checkpoint = try await importFile(Fixture("networks/module-se-c64.pth").path, to: "in.safetensors")
    var bytes = try directory.bytes(of: "in.safetensors")
    bytes[bytes.count - 1] ^= 1
    let path = try directory.create("damaged.safetensors", bytes)
    let error = await #expect(throws: ConversionError.self) {
      try await export(Checkpoint(path), to: "back.pth")
    }
    #expect(error?.identifier == "digest-mismatch")
    #expect(error?.file == path.string)
    #expect(try directory.names() == ["damaged.safetensors", "in.safetensors"])
    #expect(checkpoint.names.count == 2)
  }

  @Test func `a dialect that only its file knows must be given again`() async throws {
    let text = #"""
      {"schemaVersion": 1, "name": "mine", "title": "mine", "source": "here",
       "accepts": {"family": ["module"], "attention": ["se"]},
       "attention": [{"kind": "se", "standalone": true, "modules": [
         {"canonical": "reduce", "source": "down"}, {"canonical": "expand", "source": "up"}]}]}
      """#
    let mine = try DialectLibrary(files: [.init(directory.create("mine.json", Array(text.utf8)))])
    let imported = try await importFile(Fixture("networks/module-se-c64.pth").path, to: "in.safetensors")
    var options = Exporter.Options()
    options.dialect = "mine"
    let renamed = try await Exporter(library: mine, options: options).write(
      imported, to: directory.file("mine.pth"), as: .pytorch, overwrite: false)
    #expect(try SourceReader.open(renamed.path).tensors.map(\.path) == [["down.weight"], ["up.weight"]])
    let importer = Importer(library: mine, options: ImportOptions())
    let result = try await importer.write(
      importer.plan(SourceReader.open(renamed.path)), to: directory.file("again.safetensors"),
      overwrite: false)
    #expect(result.content == imported.metadata.content)
    await #expect(
      throws: ConversionError(
        .unknownName, "the checkpoint came in dialect \"mine\", which is not built in",
        hint: "give its file with --dialect-file, or choose another with --dialect")
    ) { try await export(Checkpoint(result.path), to: "back.pth") }
  }
}

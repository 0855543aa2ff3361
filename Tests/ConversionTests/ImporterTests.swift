import Bytes
import Checkpoint
import JSON
import SourceFormats
import SystemPackage
import Testing

@testable import Conversion
import TestSupport

@Suite struct ImporterTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func write(
    _ index: SourceIndex, to name: String, overwrite: Bool = false,
    _ change: (inout ImportOptions) -> Void = { _ in }
  ) async throws -> ImportResult {
    var options = ImportOptions()
    change(&options)
    let importer = Importer(library: try DialectLibrary(), options: options)
    return try await importer.write(
      importer.plan(index), to: directory.file(name), overwrite: overwrite)
  }

  /// The content digest of what a fixture holds, from the digests that torch gave.
  private func content(_ fixture: Fixture) throws -> String {
    let plan = try Importer(library: DialectLibrary(), options: ImportOptions()).plan(fixture.open())
    let rows = Dictionary(uniqueKeysWithValues: try fixture.rows().map { ($0.name, $0) })
    return ContentDigest.of(
      try plan.rows.map { row in
        #expect(row.layouts == [])
        let expected = try #require(rows[row.sourceName])
        return ContentDigest.Row(
          name: row.canonicalName, elementType: expected.elementType, shape: expected.shape,
          digest: expected.digest)
      })
  }

  @Test(
    arguments: [
      "pytorch-zip/cbam-resnet18-narrow.pth", "pytorch-zip/cbam-resnet18-narrow.torch-1.13.pth",
      "pytorch-zip/cbam-resnet18-narrow.deflated.pth", "pytorch-zip/cbam-resnet18-narrow.big-endian.pth",
      "pytorch-legacy/cbam-resnet18-narrow.pth", "pytorch-legacy/cbam-resnet18-narrow.training.pth.tar",
      "pytorch-legacy/cbam-resnet18-narrow.numpy-score.pth.tar",
      "pytorch-legacy/cbam-resnet18-narrow.before-0.4.pth.tar",
      "safetensors/cbam-resnet18-narrow.safetensors",
      "safetensors/sharded-safetensors/model.safetensors.index.json",
      "safetensors/sharded-bin/pytorch_model.bin.index.json",
    ])
  func `the same weights have one content digest in every container`(_ name: String) async throws {
    let expected = try content(Fixture("pytorch-zip/cbam-resnet18-narrow.pth"))
    let fixture = try Fixture(name)
    let result = try await write(fixture.open(), to: "out.safetensors")
    #expect(result.content == expected)
    let checkpoint = try Checkpoint(result.path)
    try checkpoint.checkIntegrity()
    #expect(checkpoint.metadata.content == expected)
    #expect(checkpoint.metadata.source["dialect"] == "attention-module")
    let key = (fixture.members["keyPath"]?.stringValue ?? "").split(separator: ".").map(String.init)
    #expect(checkpoint.metadata.source["key"] == .array(key.map(JSONValue.string)))
    #expect(checkpoint.metadata.source["prefix"] == .string(fixture.members["prefix"]?.stringValue ?? ""))
    #expect(checkpoint.metadata.source["container"] == .string(try fixture.open().container.rawValue))
    #expect(try directory.names() == ["out.safetensors"])
  }

  @Test func `tensors are recorded with the digests that torch gives them`() async throws {
    let fixture = try Fixture("pytorch-legacy/cbam-resnet18-narrow.training.pth.tar")
    let index = try fixture.open()
    let plan = try Importer(library: DialectLibrary(), options: ImportOptions()).plan(index)
    let result = try await write(index, to: "out.safetensors")
    let names = plan.rows.map { row in
      (String(row.sourceName.dropFirst("state_dict.module.".count)), row.canonicalName)
    }
    let canonical = Dictionary(uniqueKeysWithValues: names)
    let expected = try fixture.rows().map { (try #require(canonical[$0.name]), $0.digest) }
    #expect(try Checkpoint(result.path).metadata.digests == Dictionary(uniqueKeysWithValues: expected))
  }

  @Test func `the same source gives the same bytes`() async throws {
    let fixture = try Fixture("pytorch-zip/cbam-resnet18-narrow.deflated.pth")
    _ = try await write(fixture.open(), to: "first.safetensors")
    _ = try await write(fixture.open(), to: "second.safetensors")
    let first = try directory.bytes(of: "first.safetensors")
    #expect(try directory.bytes(of: "second.safetensors") == first)
    let dataOffset = 8 + first[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(dataOffset % 64 == 0)
  }

  @Test func `where the weights came from is recorded without path or time`() async throws {
    let fixture = try Fixture("pytorch-objects/training-run.pth")
    let result = try await write(fixture.open(), to: "out.safetensors")
    let source = try Checkpoint(result.path).metadata.source
    #expect(source["file"] == "training-run.pth")
    #expect(source["bytes"] == .integer(Int(try InputFile(fixture.path).size)))
    #expect(source["key"] == ["model", "net"])
    #expect(source["prefix"] == "module.")
    #expect(source["layout"] == .object([]))
    #expect(source["sha256"]?.stringValue?.count == 64)
    #expect(!source.text().contains("/"))
  }

  @Test func `changes of layout are recorded`() async throws {
    let fixture = try Fixture("networks/external-attention-cbam-k7.pth")
    let result = try await write(fixture.open(), to: "out.safetensors")
    #expect(
      try Checkpoint(result.path).metadata.source["layout"] == [
        "1x1-convolution": ["attention.channel.reduce.weight", "attention.channel.expand.weight"]
      ])
  }

  @Test func `a wrong checksum is refused, and noted where it is to be ignored`() async throws {
    let fixture = try Fixture("pytorch-zip/cbam-resnet18-narrow.wrong-crc.pth")
    let refusal = #expect(throws: SourceError.self) { try fixture.open() }
    #expect(refusal?.code == .checksumMismatch)
    let index = try fixture.open(ignoreChecksums: true)
    let error = await #expect(throws: ConversionError.self) { try await write(index, to: "out.safetensors") }
    #expect(error?.code == .checksumMismatch)
    #expect(
      error?.hint == "fetch the file again; where it was written with "
        + "torch.serialization.set_crc32_options(False), use --ignore-crc")
    #expect(try directory.names() == [])
    let result = try await write(index, to: "out.safetensors") { $0.ignoresChecksums = true }
    #expect(!result.notes.isEmpty && result.notes.allSatisfy { $0.hasSuffix(" (ignored as asked)") })
    #expect(try result.content == content(Fixture("pytorch-zip/cbam-resnet18-narrow.pth")))
  }

  @Test func `a damaged tensor is found by its checksum and leaves no file`() async throws {
    let fixture = try Fixture("pytorch-zip/cbam-resnet18-narrow.pth")
    var bytes = try InputFile(fixture.path).read(at: 0, count: Int(InputFile(fixture.path).size))
    let intact = try fixture.open()
    let storage = try #require(intact.tensors.first.map { intact.storages[$0.storage] })
    bytes[Int(storage.offset)] ^= 1
    let path = try directory.create("damaged.pth", bytes)
    let error = await #expect(throws: ConversionError.self) {
      try await write(SourceReader.open(path), to: "out.safetensors")
    }
    #expect(error?.code == .checksumMismatch)
    #expect(error?.message.hasPrefix("record \(storage.name) has CRC-32 0x") == true)
    #expect(error?.file == path.string)
    #expect(error?.offset == storage.offset)
    #expect(try directory.names() == ["damaged.pth"])
  }

  @Test func `an older file is kept unless it may be replaced, and where the import fails`() async throws {
    let fixture = try Fixture("pytorch-zip/se-module-tiny.pth")
    let path = try directory.create("out.safetensors", Array("old".utf8))
    let exists = await #expect(throws: ConversionError.self) {
      try await write(fixture.open(), to: "out.safetensors")
    }
    #expect(
      exists
        == ConversionError(
          BytesError(
            .exists, "the output file already exists", file: path.string,
            hint: "use --force to replace it, or -o to name another")))
    let damaged = try Fixture("pytorch-zip/cbam-resnet18-narrow.wrong-crc.pth")
    await #expect(throws: ConversionError.self) {
      try await write(damaged.open(ignoreChecksums: true), to: "out.safetensors", overwrite: true)
    }
    #expect(try directory.bytes(of: "out.safetensors") == Array("old".utf8))
    let result = try await write(fixture.open(), to: "out.safetensors", overwrite: true)
    #expect(try Checkpoint(result.path).names == ["attention.expand.weight", "attention.reduce.weight"])
    #expect(try directory.names() == ["out.safetensors"])
  }

  @Test func `a source that changes while it is read is refused`() async throws {
    let fixture = try Fixture("pytorch-zip/se-module-tiny.pth")
    let bytes = try InputFile(fixture.path).read(at: 0, count: Int(InputFile(fixture.path).size))
    let path = try directory.create("source.pth", bytes)
    let index = try SourceReader.open(path)
    let file = try FileDescriptor.open(path, .writeOnly, options: .append)
    try file.closeAfter { _ = try file.writeAll([0]) }
    let error = await #expect(throws: ConversionError.self) { try await write(index, to: "out.safetensors") }
    #expect(error?.identifier == "changed")
    #expect(error?.message == "the file changed while it was being read")
    #expect(try directory.names() == ["source.pth"])
  }

  @Test func `a directory that does not exist is refused`() async throws {
    let error = await #expect(throws: ConversionError.self) {
      try await write(Fixture("pytorch-zip/se-module-tiny.pth").open(), to: "nowhere/out.safetensors")
    }
    #expect(error?.identifier == "cannot-write")
    #expect(error?.file == directory.file("nowhere").string)
  }

  @Test(
    arguments: [
      (.float16, false, .float16, .float32), (.float16, true, .float16, .float16),
      (.bfloat16, false, .bfloat16, .float32), (.float32, false, .float32, .float32),
    ] as [(ElementType, Bool, ElementType, ElementType)])
  func `weights are converted, statistics of norms only when asked`(
    _ type: ElementType, _ convertsStatistics: Bool, _ weights: ElementType, _ statistics: ElementType
  ) async throws {
    let index = try Fixture("networks/module-nam-c64.pth").open()
    let result = try await write(index, to: "out.safetensors") {
      $0.precision = Precision(elementType: type, convertsNormStatistics: convertsStatistics)
    }
    let tensors = try Checkpoint(result.path).header.tensors
    let types = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.elementType) })
    #expect(
      types == [
        "attention.channel.norm.weight": weights, "attention.channel.norm.bias": weights,
        "attention.channel.norm.running_mean": statistics, "attention.channel.norm.running_var": statistics,
        "attention.channel.norm.num_batches_tracked": .int64,
      ])
  }
}

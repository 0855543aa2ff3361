import Architectures
import Checkpoint
import Execution
import JSON
import SystemPackage
import Testing
@testable import Verification
import TestSupport

@Suite struct VerifierTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: ReferenceCase.all, Engine.allCases.filter(\.isAvailable))
  func `networks compute what torch computes`(_ row: ReferenceCase, _ engine: Engine) throws {
    let reference = try row.reference()
    let verifier = Verifier(tolerance: engine == .reference ? 1e-6 : 1e-5, engine: engine)
    let verdict = try verifier.verify(row.checkpoint(), against: reference)
    #expect(verdict.passed)
    #expect(verdict.divergence == nil)
    #expect(verdict.notes == [])
    #expect(Set(verdict.taps.map(\.tensor)) == Set(reference.taps.map(\.name)))
    #expect(verdict.comparisons.count == reference.taps.count + 1)
  }

  @Test func `taps come in the order of the network`() throws {
    let row = ReferenceCase("pytorchcv-bam-resnet18")
    let verdict = try Verifier().verify(row.checkpoint(), against: row.reference())
    #expect(
      verdict.comparisons.map(\.tensor) == [
        "taps.stages.0.attention.scale", "taps.stages.1.attention.scale", "taps.stages.3.blocks.1.relu",
        "taps.head.pool", "output",
      ])
    #expect(verdict.output.node == "head")
    #expect(verdict.output.ranking?.top1 == 1)
  }

  /// A reference of a case with some tensors changed.
  private func reference(_ row: ReferenceCase, _ change: (inout PlainFile) -> Void) throws -> Reference {
    let original = try row.reference()
    var file = PlainFile()
    for record in original.file.header.tensors {
      file[record.name] = (record.shape, try original.file.tensor(record).values)
    }
    change(&file)
    return try Reference(directory.create("reference.safetensors", file.bytes()))
  }

  private var referencePath: String { directory.file("reference.safetensors").string }

  @Test func `a path stands for the output of its part`() throws {
    let row = ReferenceCase("cifar-resnet18-bam")
    let reference = try reference(row) { file in
      file["taps.stages.1"] = file["taps.stages.1.attention.scale"]
      file["taps.stages.0.blocks"] = file["taps.stages.0.blocks.1.relu"]
    }
    let verdict = try Verifier().verify(row.checkpoint(), against: reference)
    #expect(verdict.passed)
    #expect(verdict.taps.first { $0.tensor == "taps.stages.1" }?.node == "stages.1.attention.scale")
    #expect(verdict.taps.first { $0.tensor == "taps.stages.0.blocks" }?.node == "stages.0.blocks.1.relu")
  }

  @Test func `taps that do not fit are all named, with the nearest names`() throws {
    let row = ReferenceCase("cifar-resnet18-bam")
    let reference = try reference(row) { file in
      file["taps.stem.rellu"] = file["taps.stem.relu"]
      file["taps.layer1"] = file["taps.stem.relu"]
      file["taps.stages.0"] = ([2, 2], [1, 2, 3, 4])
      file["output"] = ([1, 1000], .init(repeating: 0, count: 1000))
    }
    let faults = [
      ReferenceFault("output", found: "shape [1, 1000]", expected: "[2, 10], the shape of head"),
      ReferenceFault("taps.layer1", found: "no such node in the network", expected: "a canonical name"),
      ReferenceFault(
        "taps.stages.0", found: "shape [2, 2]",
        expected: "[2, 2, 32, 32], the shape of stages.0.attention.scale"),
      ReferenceFault(
        "taps.stem.rellu", found: "no such node in the network", expected: "a canonical name",
        suggestion: "taps.stem.relu"),
    ]
    let text = faults.map(\.text).joined(separator: "; ")
    #expect(
      throws: VerificationError(
        .unsuitableReference, "the reference does not fit the network: \(text)", file: referencePath,
        hint: "'attnconv inspect CHECKPOINT --layers' lists the nodes and their shapes", faults: faults)
    ) { try Verifier().verify(row.checkpoint(), against: reference) }
  }

  @Test func `an input that the network cannot be given is refused with the reason`() throws {
    let row = ReferenceCase("cifar-resnet18-bam")
    let reference = try reference(row) { $0["input"] = ([1, 4, 32, 32], .init(repeating: 1, count: 4096)) }
    let error = VerificationError(
      ExecutionError(.unsuitableInput, "input: found 4 channels, expected 3", file: referencePath))
    #expect(throws: error) { try Verifier().verify(row.checkpoint(), against: reference) }
    #expect(error.identifier == "unsuitable-input")
  }

  @Test func `recorded numbers that are not finite fail`() throws {
    let row = ReferenceCase("module-nam")
    let reference = try reference(row) { $0["output"]?.values[3] = .infinity }
    let verdict = try Verifier().verify(row.checkpoint(), against: reference)
    #expect(!verdict.passed)
    #expect(verdict.taps.allSatisfy { $0.passes })
    #expect(verdict.output.nonFiniteExpected == .init(count: 1, first: [0, 0, 1, 0]))
  }

  @Test func `digests are checked before anything runs`() throws {
    let row = ReferenceCase("module-nam")
    var bytes = try ChangedCheckpoint(row.checkpoint()).bytes()
    bytes[bytes.count - 1] ^= 1
    let checkpoint = try Checkpoint(directory.create("damaged.safetensors", bytes))
    let error = #expect(throws: VerificationError.self) {
      try Verifier().verify(checkpoint, against: row.reference())
    }
    #expect(error?.code == .executionFailed)
    #expect(error?.identifier == "digest-mismatch")
    #expect(error?.file == checkpoint.path.string)
  }

  @Test func `a reference of another source is noted`() throws {
    let row = ReferenceCase("module-nam")
    let original = try row.reference()
    var file = PlainFile()
    for record in original.file.header.tensors {
      file[record.name] = (record.shape, try original.file.tensor(record).values)
    }
    let recorded = String(repeating: "0", count: 64)
    file.metadata = [("attnconv.reference", #"{"sourceSha256": "\#(recorded)"}"#)]
    let reference = try Reference(directory.create("reference.safetensors", file.bytes()))
    let checkpoint = try row.checkpoint()
    let source = checkpoint.metadata.source["sha256"]?.stringValue ?? ""
    let verdict = try Verifier().verify(checkpoint, against: reference)
    #expect(verdict.passed)
    #expect(
      verdict.notes == [
        "the reference was recorded with a checkpoint of SHA-256 \(recorded), this one was imported from \(source)"
      ])
  }

  @Test func `a loaded network is verified without its file`() throws {
    let row = ReferenceCase("module-bam")
    let executor = try ReferenceExecutor(ModelWeights(row.checkpoint()))
    #expect(try Verifier().verify(executor, against: row.reference()).passed)
  }
}

import Checkpoint
import Conversion
import Execution
import SourceFormats
import SystemPackage
import TestSupport
import Testing
import Verification

/// Networks that tf2cv and keras.applications build, imported, against what Keras computed with them.
@Suite struct KerasReferenceTests {
  private static let fixtures = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().pushing("Fixtures/keras")

  @Test(
    arguments: [
      "tf2cv-seresnet", "tf2cv-cbam-resnet", "tf2cv-bam-resnet", "applications-resnet",
      "qubvel-preact-seresnet",
    ],
    Engine.allCases.filter(\.isAvailable))
  func `networks compute what Keras computes`(_ name: String, _ engine: Engine) async throws {
    let directory = try TemporaryDirectory()
    let importer = Importer(library: try DialectLibrary(), options: ImportOptions())
    let index = try SourceReader.open(
      Self.fixtures.appending(name + ".h5"), options: SourceReaderOptions(worker: Program.executable))
    let result = try await importer.write(
      importer.plan(index), to: directory.file("checkpoint.safetensors"), overwrite: false)
    let verdict = try Verifier(tolerance: 1e-5, engine: engine).verify(
      Checkpoint(result.path), against: Reference(Self.fixtures.appending(name + ".reference.safetensors")))
    #expect(verdict.passed)
    #expect(verdict.divergence == nil)
  }
}

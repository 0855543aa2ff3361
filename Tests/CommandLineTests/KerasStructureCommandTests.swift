import Foundation
import SystemPackage
import TestSupport
import Testing

/// Files whose layers nobody named are imported by what they say about their network, and compute what Keras computed.
@Suite struct KerasStructureCommandTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(
    arguments: [
      ("keras2-cifar-cbam", "resnet-1.1-basic-cbam-cifar"), ("keras2-module-se", "se-module"),
      ("keras3-resnet-se", "resnet-1.1-basic-se"), ("keras3-module-bam", "bam-module"),
    ])
  func `a network of layers without names computes the same`(_ name: String, _ architecture: String)
    async throws
  {
    let program = Program(in: directory)
    let file = FixturePath.of("keras/structures/\(name).h5")
    let imported = try await program.run(["import", file, "-o", "out.safetensors"])
    #expect(imported.status == 0)
    #expect(imported.messages == "")
    #expect(imported.output.contains("  architecture  \(architecture)\n"))
    let reference = FixturePath.of("keras/structures/\(name).reference.safetensors")
    let verified = try await program.run(["verify", "out.safetensors", "--reference", reference])
    #expect(verified.status == 0, "\(verified.output)\(verified.messages)")
    // Without an input of the user's it takes one that fits, whatever the number of stages.
    let inspected = try await program.run(["inspect", "out.safetensors"])
    #expect(inspected.status == 0, "\(inspected.messages)")
  }
}

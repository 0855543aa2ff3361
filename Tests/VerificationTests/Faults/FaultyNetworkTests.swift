import Architectures
import Execution
import SystemPackage
import Testing

@testable import Verification

/// Injected faults compute what torch computes with the same mistake made by hand (`Fixtures/self-test/faulty.py`).
@Suite struct FaultyNetworkTests {
  /// A network, the file of what torch computes with the mistake, and the mistake.
  struct Row: CustomTestStringConvertible, Sendable {
    var network: String
    var file: String
    var mistake: KnownFault.Mistake
    var scope = KnownFault.Scope.everywhere

    var testDescription: String { "\(network), \(file)" }
  }

  static let rows: [Row] = [
    Row(
      network: "resnet-bam", file: "added-branches", mistake: .combination(.sum),
      scope: .module("stages.0.attention")),
    Row(
      network: "resnet-bam", file: "global-channel-pool", mistake: .channelPool(.global),
      scope: .module("stages.0.attention")),
    Row(network: "resnet-bam", file: "dilation-1", mistake: .dilation(1)),
    Row(network: "resnet-cbam", file: "swapped-pool-order", mistake: .swappedPoolOrder),
    Row(network: "resnet-cbam", file: "missing-norm", mistake: .missingNorm),
    Row(network: "resnet-cbam", file: "added-residual", mistake: .attentionResidual(true)),
    Row(network: "resnet-eca", file: "flipped-kernel", mistake: .flippedKernel, scope: .attention),
    Row(network: "resnet-eca", file: "circular-channel-edge", mistake: .channelEdge(.circular)),
    Row(network: "resnet-nam", file: "norm-epsilon", mistake: .epsilon(1e-3)),
    Row(network: "resnet-nam", file: "signed-norm-weights", mistake: .signedNormWeights),
    Row(network: "resnet-nam", file: "missing-norm", mistake: .missingNorm),
    Row(network: "resnet-se", file: "added-activation", mistake: .activationBeforeAttention(true)),
    Row(network: "resnet-bottleneck", file: "stride-position", mistake: .stride(.conv1)),
    Row(network: "resnet-bottleneck", file: "asymmetric-padding", mistake: .padding(.asymmetric)),
    Row(network: "mobilenet-v2", file: "unlimited-activation", mistake: .limitedActivation(false)),
    Row(network: "mobilenet-v2", file: "transposed-kernel", mistake: .transposedKernel),
  ]

  private static let folder = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().removingLastComponent().pushing("Fixtures/self-test/faulty")

  @Test(arguments: rows)
  func `an injected fault computes what torch computes with the mistake`(_ row: Row) throws {
    let network = try #require(try SelfTestNetwork.all().first { $0.name == row.network })
    let faulty = try KnownFault(row.mistake, row.scope).injected(into: network.weights)
    let reference = try Reference(Self.folder.appending("\(row.network).\(row.file).safetensors"))
    #expect(reference.input == network.reference.input)
    let verdict = try Verifier(tolerance: 1e-6).verify(
      Engine.reference.executor(faulty, threads: 1), against: reference)
    #expect(verdict.passed, "\(String(describing: verdict.output.relativeDifference))")
  }
}

import Architectures
import Execution
import SystemPackage

/// A small network that the program carries with it, and what PyTorch computes with the authors' code for it.
///
/// `Fixtures/self-test/generate.py` records the references.
struct SelfTestNetwork {
  /// A short name: `resnet-cbam`.
  let name: String
  /// The network and its numbers.
  let weights: ModelWeights
  /// What PyTorch computes.
  let reference: Reference

  /// Every network, one for each kind of attention and two plain ones.
  static func all() throws(VerificationError) -> [SelfTestNetwork] {
    let widths = [4, 4 * 2]
    return [
      try Self(
        "resnet-bam",
        residual(.bam(.init(hidden: [4])), headPool: .fixed(kernel: 4, stride: 4)),
        PackageResources.resnet_bam_safetensors),
      try Self(
        "resnet-cbam", residual(.cbam(.init(hidden: widths))), PackageResources.resnet_cbam_safetensors),
      try Self(
        "resnet-eca", residual(.eca(.init(kernels: [3, 3]))), PackageResources.resnet_eca_safetensors),
      try Self("resnet-nam", residual(.nam), PackageResources.resnet_nam_safetensors),
      try Self(
        "resnet-se", residual(.squeezeExcitation(.init(hidden: widths, hasBias: false))),
        PackageResources.resnet_se_safetensors),
      try Self("resnet-bottleneck", bottleneck, PackageResources.resnet_bottleneck_safetensors),
      try Self("mobilenet-v2", mobile, PackageResources.mobilenet_v2_safetensors),
    ]
  }

  private init(
    _ name: String, _ graph: () throws -> Graph, _ recorded: [UInt8]
  ) throws(VerificationError) {
    self.name = name
    reference = try Reference(TensorFile(bytes: recorded, name: FilePath(name)))
    do {
      weights = try SelfTestNumbers.weights(graph())
    } catch {
      preconditionFailure("the networks of the self-test are valid: \(error)")
    }
  }

  /// Two stages of one basic block each.
  private static func residual(
    _ attention: Attention, headPool: ResNet.HeadPool = .adaptive
  ) -> () throws -> Graph {
    {
      try ResNet(
        block: .basic, blocksPerStage: [1, 1], stem: .cifar(width: 4), attention: attention,
        headPool: headPool, classes: 5
      ).graph()
    }
  }

  /// Two stages of one bottleneck each, behind the stem for large images.
  private static func bottleneck() throws -> Graph {
    try ResNet(
      block: .bottleneck, blocksPerStage: [1, 1],
      stem: .init(.single(width: 4, kernel: 7, stride: 2), maxPool: .init()), classes: 5
    ).graph()
  }

  /// The first two stages of a MobileNetV2.
  private static func mobile() throws -> Graph {
    let whole = try MobileNetV2(
      stemWidth: 4, widths: Array(repeating: 4, count: 7), finalWidth: 4, classes: 5
    )
    .graph()
    let end = whole.outputIndex(of: "stages.1") ?? whole.nodes.count - 1
    return try Graph(nodes: Array(whole.nodes[...end]), inputChannels: whole.inputChannels)
  }
}

import Architectures
import Testing

@testable import Conversion

@Suite struct DialectMismatchTests {
  @Test(
    arguments: [
      (
        "senet-moskomule", "resnet18-se", false, "timm", #"timm has a bias in "reduce", the network has none"#
      ),
      (
        "timm", "resnet18-se", true, "senet-moskomule",
        #"senet-moskomule has no place for "stages.0.blocks.0.attention.reduce.bias""#
      ),
    ])
  func `weights that a code base could not load are named`(
    _ from: String, _ network: String, _ hasBias: Bool, _ to: String, _ message: String
  ) throws {
    var architecture = try ArchitectureCatalog.architecture(named: network)
    guard case .resnet(var resnet) = architecture,
      case .squeezeExcitation(var module) = resnet.attention
    else {
      Issue.record("\(network) is no SE-ResNet")
      return
    }
    module.hasBias = hasBias
    resnet.attention = .squeezeExcitation(module)
    architecture = .resnet(resnet)
    let dialect = try DialectLibrary().dialect(named: to)
    #expect(
      dialect.mismatch(
        with: try architecture.graph().parameters, features: ArchitectureFeatures.of(architecture)) == message
    )
  }

  @Test(
    arguments: [
      (true, "torchvision", #"torchvision has no place for "stem.conv.bias""#),
      (false, "keras-applications", #"keras-applications has a bias in "stem.conv", the network has none"#),
      (false, "torchvision", nil), (true, "keras-applications", nil),
    ] as [(Bool, String, String?)])
  func `biases of convolutions are told apart`(_ bias: Bool, _ dialect: String, _ message: String?) throws {
    let architecture = Architecture.resnet(
      ResNet(block: .bottleneck, blocksPerStage: [3, 4, 6, 3], convolutionBias: bias))
    let mismatch = try DialectLibrary().dialect(named: dialect).mismatch(
      with: architecture.graph().parameters, features: ArchitectureFeatures.of(architecture))
    #expect(mismatch == message)
  }

  @Test func `a gate that the checkpoint lacks is named`() throws {
    let architecture = Architecture.module(
      AttentionModule(.cbam(.init(hidden: [4], spatial: nil)), channels: 64))
    let dialect = try DialectLibrary().dialect(named: "attention-module")
    #expect(
      dialect.mismatch(
        with: try architecture.graph().parameters, features: ArchitectureFeatures.of(architecture))
        == #"attention-module has a module "spatial.conv", the network has none"#)
  }

  @Test(arguments: ["resnet50-bam", "resnet50-cbam", "resnet18-bam-cifar"])
  func `the authors' networks match their dialect`(_ network: String) throws {
    let architecture = try ArchitectureCatalog.architecture(named: network)
    let dialect = try DialectLibrary().dialect(named: "attention-module")
    #expect(
      dialect.mismatch(
        with: try architecture.graph().parameters, features: ArchitectureFeatures.of(architecture)) == nil)
  }
}

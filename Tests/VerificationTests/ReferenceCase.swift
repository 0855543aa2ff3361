import Checkpoint
import SystemPackage
import Testing
import Verification

/// A folder of `Fixtures/references`: a canonical checkpoint, and what torch computes with its weights.
struct ReferenceCase: CustomTestStringConvertible, Sendable {
  let name: String

  init(_ name: String) { self.name = name }

  var testDescription: String { name }
  var checkpointPath: FilePath { Self.root.appending(name).appending("checkpoint.safetensors") }
  var referencePath: FilePath { Self.root.appending(name).appending("reference.safetensors") }

  func checkpoint() throws -> Checkpoint { try Checkpoint(checkpointPath) }
  func reference() throws -> Reference { try Reference(referencePath) }

  static let all = [
    "cifar-resnet18-bam", "module-bam", "module-cbam", "module-cbam-k49", "module-eca-ns", "module-nam",
    "pytorchcv-bam-resnet18",
    "timm-cbam-resnet18", "timm-ecaresnet50d", "timm-legacy-seresnet18", "torchvision-mobilenet-v2",
  ].map(ReferenceCase.init)

  private static let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().pushing("Fixtures/references")
}

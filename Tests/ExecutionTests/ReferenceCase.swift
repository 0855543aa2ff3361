import Bytes
import Checkpoint
import Execution
import SystemPackage
import Testing

/// A folder of `Fixtures/references`: a checkpoint, and what PyTorch computes from it.
struct ReferenceCase: CustomTestStringConvertible, Sendable {
  var testDescription: String

  static let all = [
    "cifar-resnet18-bam", "module-bam", "module-cbam", "module-cbam-k49", "module-eca-ns", "module-nam",
    "pytorchcv-bam-resnet18",
    "timm-cbam-resnet18", "timm-ecaresnet50d", "timm-legacy-seresnet18", "torchvision-mobilenet-v2",
  ].map(ReferenceCase.init(testDescription:))

  private var folder: FilePath {
    FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .appending("Fixtures").appending("references").appending(testDescription)
  }

  var checkpointPath: FilePath { folder.appending("checkpoint.safetensors") }

  func checkpoint() throws -> Checkpoint { try Checkpoint(checkpointPath) }

  /// All tensors of the reference by name: `input`, `output`, `taps.*`; all F32.
  func tensors() throws -> [String: Tensor<Float>] {
    let file = try InputFile(folder.appending("reference.safetensors"))
    let header = try SafetensorsHeader(reading: file)
    var tensors: [String: Tensor<Float>] = [:]
    for record in header.tensors {
      try #require(record.elementType == .float32)
      let bytes = try file.read(at: header.dataOffset + record.begin, count: record.byteCount)
      let values = stride(from: 0, to: bytes.count, by: 4).map { index in
        Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << (8 * $1) })
      }
      tensors[record.name] = try Tensor(shape: record.shape, values: values)
    }
    return tensors
  }
}

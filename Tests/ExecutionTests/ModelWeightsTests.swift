import Architectures
import Checkpoint
import Execution
import JSON
import SystemPackage
import Testing

struct ModelWeightsTests {
  /// An SE module of two channels: `attention.reduce.weight` [1, 2] and `attention.expand.weight` [2, 1].
  static let squeeze = AttentionModule(
    .squeezeExcitation(Attention.SqueezeExcitation(hidden: [1], hasBias: false)), channels: 2)
  static let architecture = Architecture.module(squeeze).json.text()

  private let reduce = CheckpointFile.Entry("attention.reduce.weight", [1, 2], floats: [0.5, -2])
  private let expand = CheckpointFile.Entry("attention.expand.weight", [2, 1], floats: [1, 3])

  @Test func `weights stay in the mapped file`() throws {
    let file = try CheckpointFile(architecture: Self.architecture, [reduce, expand])
    let weights = try ModelWeights(file.checkpoint())
    #expect(weights.architecture == .module(Self.squeeze))
    #expect(try weights.floats("attention.reduce.weight") == [0.5, -2])
    #expect(weights.mapped("attention.expand.weight")?.shape == [2, 1])
    #expect(weights.mapped("attention.bias") == nil)
    #expect(weights.file == file.path.string)
  }

  @Test func `all differences are reported at once`() throws {
    let file = try CheckpointFile(
      architecture: Self.architecture,
      [
        CheckpointFile.Entry("attention.reduce.weigth", [1, 2], floats: [0.5, -2]),
        CheckpointFile.Entry("attention.expand.weight", [1, 2], floats: [1, 3]),
        CheckpointFile.Entry("head.bias", [1], floats: [0]),
      ])
    let faults = [
      WeightFault("attention.expand.weight", .misshaped(found: [1, 2], expected: [2, 1])),
      WeightFault(
        "attention.reduce.weight", .missing(expected: [1, 2]), suggestion: "attention.reduce.weigth"),
      WeightFault(
        "attention.reduce.weigth", .unexpected(found: [1, 2]), suggestion: "attention.reduce.weight"),
      WeightFault("head.bias", .unexpected(found: [1])),
    ]
    #expect(
      throws: ExecutionError(
        .mismatchedWeights,
        "the tensors are not those of se-module: \"attention.expand.weight\" has shape [1, 2], expected [2, 1]; "
          + "missing \"attention.reduce.weight\" [1, 2] (near \"attention.reduce.weigth\"); "
          + "unexpected \"attention.reduce.weigth\" [1, 2] (near \"attention.reduce.weight\"); "
          + "unexpected \"head.bias\" [1]",
        file: file.path.string,
        hint: "the checkpoint was changed after it was written; import the source again", faults: faults)
    ) {
      try ModelWeights(file.checkpoint())
    }
  }

  @Test func `a message names four differences and counts the others`() throws {
    let graph = try ArchitectureCatalog.architecture(named: "resnet18").graph()
    let error = #expect(throws: ExecutionError.self) { try ModelWeights(graph, tensors: [:]) }
    // Batch counts are not required.
    #expect(error?.faults.count == graph.parameters.count { !$0.isOptional })
    #expect(error?.message.hasSuffix("; and 98 more") == true)
  }

  @Test func `integers are not weights`() throws {
    let integers = CheckpointFile.Entry(
      "attention.reduce.weight", .int32, [1, 2], bytes: [1, 0, 0, 0, 2, 0, 0, 0])
    let file = try CheckpointFile(architecture: Self.architecture, [integers, expand])
    let error = #expect(throws: ExecutionError.self) { try ModelWeights(file.checkpoint()) }
    #expect(error?.faults == [WeightFault("attention.reduce.weight", .mistyped(found: .int32))])
    #expect(
      error?.message
        == "the tensors are not those of se-module: \"attention.reduce.weight\" holds I32, "
        + "expected floating-point numbers"
    )
  }

  @Test func `every floating-point type is read`() throws {
    let half = CheckpointFile.Entry(
      "attention.reduce.weight", .float16, [1, 2], bytes: [0x55, 0x35, 0x00, 0xC1])
    // 1 + 2^-52, which single precision does not hold, and -0.1.
    let double = CheckpointFile.Entry(
      "attention.expand.weight", .float64, [2, 1],
      bytes: littleEndian((1.0 + .ulpOfOne).bitPattern) + littleEndian((-0.1).bitPattern))
    let file = try CheckpointFile(architecture: Self.architecture, [half, double])
    let weights = try ModelWeights(file.checkpoint())
    // 0x3555 and 0xC100 of IEEE 754 binary16.
    #expect(try weights.doubles("attention.reduce.weight") == [0.333251953125, -2.5])
    #expect(try weights.doubles("attention.expand.weight") == [1 + .ulpOfOne, -0.1])
    #expect(try weights.floats("attention.expand.weight") == [1, -0.1])
    let brain = CheckpointFile.Entry(
      "attention.reduce.weight", .bfloat16, [1, 2], bytes: [0x80, 0x3F, 0x20, 0xC0])
    let other = try CheckpointFile(architecture: Self.architecture, [brain, double])
    #expect(try ModelWeights(other.checkpoint()).doubles("attention.reduce.weight") == [1, -2.5])
  }

  @Test func `damaged bytes are found by their digest, unless that is left out`() throws {
    let file = try CheckpointFile(architecture: Self.architecture, [reduce, expand]) { $0[$0.count - 1] ^= 1 }
    let error = #expect(throws: ExecutionError.self) { try ModelWeights(file.checkpoint()) }
    #expect(error?.code == .digestMismatch)
    #expect(error?.file == file.path.string)
    #expect(
      try ModelWeights(file.checkpoint(), checkingDigests: false).mapped("attention.reduce.weight") != nil)
  }

  @Test func `a description that nobody understands is refused`() throws {
    let file = try CheckpointFile(architecture: #"{"family":"transformer"}"#, [reduce])
    #expect(
      throws: ExecutionError(
        .invalidArchitecture,
        #"attnconv.architecture: member "family": found "transformer", expected "resnet" or "mobilenetv2" or "module""#,
        file: file.path.string,
        hint: "the checkpoint was written by another program or version; import the source again")
    ) {
      try ModelWeights(file.checkpoint())
    }
  }

  @Test func `replaced numbers must have the shape of the old ones`() throws {
    let file = try CheckpointFile(architecture: Self.architecture, [reduce, expand])
    let weights = try ModelWeights(file.checkpoint())
    let changed = try weights.replacing(["attention.reduce.weight": Tensor(shape: [1, 2], values: [7, 8])])
    #expect(try changed.floats("attention.reduce.weight") == [7, 8])
    #expect(changed.mapped("attention.reduce.weight") == nil)
    #expect(try weights.floats("attention.reduce.weight") == [0.5, -2])
    let error = #expect(throws: ExecutionError.self) {
      try weights.replacing(["attention.reduce.weight": Tensor(shape: [2], values: [7, 8])])
    }
    #expect(
      error?.faults == [WeightFault("attention.reduce.weight", .misshaped(found: [2], expected: [1, 2]))])
  }
}

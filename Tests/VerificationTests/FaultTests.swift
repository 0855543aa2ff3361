import Checkpoint
import Execution
import JSON
import Testing
import Verification
import TestSupport

/// Valid checkpoints that compute something else: the gate fails, and the right layer is named.
@Suite struct FaultTests {
  /// A fault, and where it must be found.
  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var row: ReferenceCase
    /// The first diverging node.
    var node: String
    /// The nodes that agree before it.
    var agreeing: [String]
    /// A node that must be among the suspects.
    var suspect: String
    var change: @Sendable (inout ChangedCheckpoint) -> Void

    init(
      _ name: String, _ row: String, at node: String, after agreeing: [String] = [], suspect: String? = nil,
      _ change: @escaping @Sendable (inout ChangedCheckpoint) -> Void
    ) {
      testDescription = name
      self.row = ReferenceCase(row)
      self.node = node
      self.agreeing = agreeing
      self.suspect = suspect ?? node
      self.change = change
    }
  }

  static let rows: [Row] = [
    .init(
      "pool order of a CBAM module", "module-cbam-k49", at: "attention.spatial.conv",
      after: ["attention.spatial.statistics"]
    ) { $0.swapPools("attention.spatial.conv.weight") },
    .init(
      "pool order of one CBAM in a network", "timm-cbam-resnet18", at: "stages.1.blocks.0.relu",
      after: ["stages.0.blocks.1.relu"], suspect: "stages.1.blocks.0.attention.spatial.conv"
    ) { $0.swapPools("stages.1.blocks.0.attention.spatial.conv.weight") },
    .init("epsilon of a NAM module", "module-nam", at: "attention.channel.norm") {
      $0.set("epsilon", .number(1e-3))
    },
    .init("epsilon of a network", "cifar-resnet18-bam", at: "stem.relu", suspect: "stem.norm") {
      $0.set("epsilon", .number(1e-3))
    },
    .init("mean and variance of a norm", "module-nam", at: "attention.channel.norm") {
      $0.swap("attention.channel.norm.running_mean", "attention.channel.norm.running_var")
    },
    .init(
      "statistics of two norms", "cifar-resnet18-bam", at: "stages.2.blocks.0.relu",
      after: ["stages.1.attention.scale"], suspect: "stages.2.blocks.0.norm1"
    ) {
      for leaf in ["running_mean", "running_var"] {
        $0.swap("stages.2.blocks.0.norm1.\(leaf)", "stages.2.blocks.0.norm2.\(leaf)")
      }
    },
    .init(
      "NaN in a weight", "cifar-resnet18-bam", at: "stages.0.blocks.1.relu",
      after: ["stages.0.blocks.0.relu"],
      suspect: "stages.0.blocks.1.conv2"
    ) { $0.change("stages.0.blocks.1.conv2.weight") { [Float.nan] + $1.dropFirst() } },
    .init("classes in another order", "timm-cbam-resnet18", at: "head", after: ["stages.3.blocks.1.relu"]) {
      $0.change("head.bias") { $1.reversed() }
    },
    .init(
      "sum of the branches of BAM", "module-bam", at: "attention.combine",
      after: ["attention.channel.unflatten", "attention.spatial.project"]
    ) { changed in
      let members = changed.architecture["attention"]?.objectValue ?? []
      changed.set(
        "attention", .object(members.map { $0.name == "combination" ? .init($0.name, "sum") : $0 }))
    },
  ]

  @Test(arguments: rows)
  func `a fault is found where it is`(_ row: Row) throws {
    let directory = try TemporaryDirectory()
    var changed = try ChangedCheckpoint(row.row.checkpoint())
    row.change(&changed)
    let checkpoint = try Checkpoint(directory.create("changed.safetensors", changed.bytes()))
    let verdict = try Verifier(diagnoses: false).verify(checkpoint, against: row.row.reference())
    #expect(!verdict.passed)
    #expect(!verdict.output.passes)
    #expect(verdict.divergence?.node == row.node)
    #expect(verdict.divergence?.agreeing == row.agreeing)
    #expect(verdict.divergence?.suspects.contains(row.suspect) == true)
    #expect(verdict.divergence?.suspects.last == row.node)
  }

  @Test func `an unchanged copy passes`() throws {
    let row = ReferenceCase("timm-cbam-resnet18")
    let directory = try TemporaryDirectory()
    let bytes = try ChangedCheckpoint(row.checkpoint()).bytes()
    let checkpoint = try Checkpoint(directory.create("copy.safetensors", bytes))
    #expect(try Verifier().verify(checkpoint, against: row.reference()).passed)
  }

  @Test func `without taps the whole network is suspected`() throws {
    let row = ReferenceCase("module-nam")
    let directory = try TemporaryDirectory()
    var changed = try ChangedCheckpoint(row.checkpoint())
    changed.set("epsilon", .number(1e-3))
    let checkpoint = try Checkpoint(directory.create("changed.safetensors", changed.bytes()))
    let original = try row.reference()
    let output = try original.file.tensor(original.output)
    let bare = PlainFile([
      "input": (original.input.shape, original.input.values), "output": (output.shape, output.values),
    ])
    let reference = try Reference(directory.create("reference.safetensors", bare.bytes()))
    let verdict = try Verifier().verify(checkpoint, against: reference)
    #expect(
      verdict.divergence?.suspects == [
        "attention.channel.norm", "attention.channel.weight", "attention.channel.sigmoid",
        "attention.channel.scale",
      ])
    #expect(verdict.divergence?.agreeing == [])
    #expect(verdict.divergence?.tensor == "output")
  }
}

extension ChangedCheckpoint {
  /// Exchanges what a spatial gate [1, 2, k, k] makes of the maximum and of the mean.
  mutating func swapPools(_ weight: String) {
    change(weight) { _, values in Array(values[(values.count / 2)...] + values[..<(values.count / 2)]) }
  }
}

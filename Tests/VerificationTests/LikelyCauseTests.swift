import Architectures
import Checkpoint
import Execution
import JSON
import Testing
import TestSupport
@testable import Verification

/// The known faults that are named as the cause of a difference.
@Suite struct LikelyCauseTests {
  /// What is done to a checkpoint, and what must be named.
  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var row: ReferenceCase
    /// The identifiers of the causes with their places.
    var causes: [String: [String]]
    var unexplained: [String] = []
    var change: @Sendable (inout ChangedCheckpoint) -> Void

    init(
      _ name: String, _ row: String, _ causes: [String: [String]], unexplained: [String] = [],
      _ change: @escaping @Sendable (inout ChangedCheckpoint) -> Void
    ) {
      testDescription = name
      self.row = ReferenceCase(row)
      self.causes = causes.mapValues { $0.sorted() }
      self.unexplained = unexplained
      self.change = change
    }
  }

  private static let cbam = "timm-cbam-resnet18"
  private static let bam = "cifar-resnet18-bam"

  /// The spatial convolutions of all blocks of a ResNet-18 with CBAM.
  private static let gates = (0..<4).flatMap { stage in
    (0..<2).map { "stages.\(stage).blocks.\($0).attention.spatial.conv" }
  }

  /// All norms of a network.
  private static func norms(of name: String) -> [String] {
    let names = (try? ReferenceCase(name).checkpoint().names) ?? []
    return names.filter { $0.hasSuffix(".running_var") }.map { String($0.dropLast(".running_var".count)) }
  }

  static let rows: [Row] = [
    .init("pool order of one block", cbam, ["swapped-pool-order": [gates[2]]]) {
      $0.swapPools(gates[2] + ".weight")
    },
    .init("pool order of two blocks", cbam, ["swapped-pool-order": [gates[1], gates[6]]]) {
      $0.swapPools(gates[1] + ".weight")
      $0.swapPools(gates[6] + ".weight")
    },
    .init("pool order of all blocks", cbam, ["swapped-pool-order": gates]) {
      for gate in gates { $0.swapPools(gate + ".weight") }
    },
    .init("epsilon of a module", "module-nam", ["norm-epsilon": ["attention.channel.norm"]]) {
      $0.set("epsilon", .number(1e-3))
    },
    .init(
      "epsilon of a network", bam,
      // Those of BAM make less of a difference than the tolerance.
      ["norm-epsilon": norms(of: bam).filter { !$0.contains("attention") }]
    ) { $0.set("epsilon", .number(1e-3)) },
    .init(
      "mean and variance of a norm", "module-nam", ["swapped-statistics": ["attention.channel.norm"]]
    ) { $0.swap("attention.channel.norm.running_mean", "attention.channel.norm.running_var") },
    .init(
      "a transposed kernel", "timm-ecaresnet50d", ["transposed-kernel": ["stages.2.blocks.3.conv2"]]
    ) { $0.transpose("stages.2.blocks.3.conv2.weight") },
    .init(
      "a reversed kernel of ECA", "timm-ecaresnet50d",
      ["flipped-kernel": ["stages.1.blocks.0.attention.conv"]]
    ) { $0.change("stages.1.blocks.0.attention.conv.weight") { $1.reversed() } },
    .init("the sum of the branches of BAM", "module-bam", ["multiplied-branches": ["attention"]]) { changed in
      let members = changed.architecture["attention"]?.objectValue ?? []
      changed.set(
        "attention", .object(members.map { $0.name == "combination" ? .init($0.name, "sum") : $0 }))
    },
    .init(
      "different faults in two parts", bam,
      ["transposed-kernel": ["stages.0.blocks.0.conv1"], "swapped-statistics": ["stages.2.blocks.1.norm2"]]
    ) {
      $0.transpose("stages.0.blocks.0.conv1.weight")
      $0.swap("stages.2.blocks.1.norm2.running_mean", "stages.2.blocks.1.norm2.running_var")
    },
    .init(
      "two faults in one part", bam,
      ["transposed-kernel": ["stages.0.blocks.0.conv1"], "swapped-statistics": ["stages.0.blocks.0.norm2"]]
    ) {
      $0.transpose("stages.0.blocks.0.conv1.weight")
      $0.swap("stages.0.blocks.0.norm2.running_mean", "stages.0.blocks.0.norm2.running_var")
    },
    .init("a corrupted weight", cbam, [:], unexplained: ["taps.stages.1.blocks.1.relu"]) {
      $0.change("stages.1.blocks.1.conv2.weight") { [$1[0] + 1] + $1.dropFirst() }
    },
    .init("NaN in a weight", bam, [:], unexplained: ["taps.stages.0.blocks.1.relu"]) {
      $0.change("stages.0.blocks.1.conv2.weight") { [Float.nan] + $1.dropFirst() }
    },
    .init(
      "a fault beside a corrupted weight", cbam, ["swapped-pool-order": [gates[2]]],
      unexplained: ["taps.stages.3.blocks.0.relu"]
    ) {
      $0.swapPools(gates[2] + ".weight")
      $0.change("stages.3.blocks.0.conv1.weight") { [$1[0] + 1] + $1.dropFirst() }
    },
  ]

  private func verdict(_ row: Row, taps: Bool = true, searchEngine: Engine = .fastest) throws -> Verdict {
    let directory = try TemporaryDirectory()
    var changed = try ChangedCheckpoint(row.row.checkpoint())
    row.change(&changed)
    let checkpoint = try Checkpoint(directory.create("changed.safetensors", changed.bytes()))
    let reference = try row.row.changedReference(in: directory) { file in
      if !taps { file.entries = file.entries.filter { !$0.key.hasPrefix("taps.") } }
    }
    var verifier = Verifier()
    verifier.searchEngine = searchEngine
    return try verifier.verify(checkpoint, against: reference)
  }

  private func causes(_ verdict: Verdict) -> [String: [String]] {
    Dictionary(
      uniqueKeysWithValues: verdict.causes.map { ($0.fault.identifier, $0.faults.map(\.module).sorted()) })
  }

  @Test(arguments: rows)
  func `what was done is named`(_ row: Row) throws {
    let verdict = try verdict(row)
    #expect(causes(verdict) == row.causes)
    #expect(verdict.diagnosis?.unexplainedParts.map(\.tensor) == row.unexplained)
    #expect(verdict.diagnosis?.untriedCount == 0)
    #expect(verdict.causes.allSatisfy { $0.restoresAgreement })
  }

  @Test(arguments: [rows[0], rows[4], rows[5], rows[9]])
  func `the reference engine finds the same`(_ row: Row) throws {
    let verdict = try verdict(row, searchEngine: .reference)
    #expect(causes(verdict) == row.causes)
  }

  static let rowsWithoutTaps: [Row] = [
    .init("pool order of one block", cbam, ["swapped-pool-order": [gates[2]]]) {
      $0.swapPools(gates[2] + ".weight")
    },
    .init("pool order of all blocks", cbam, ["swapped-pool-order": gates]) {
      for gate in gates { $0.swapPools(gate + ".weight") }
    },
    .init("epsilon of a network", bam, ["norm-epsilon": norms(of: bam)]) { $0.set("epsilon", .number(1e-3)) },
    .init(
      "mean and variance of a norm", "module-nam", ["swapped-statistics": ["attention.channel.norm"]]
    ) { $0.swap("attention.channel.norm.running_mean", "attention.channel.norm.running_var") },
    .init("a corrupted weight", "module-bam", [:], unexplained: ["output"]) {
      $0.change("attention.spatial.project.weight") { [$1[0] + 1] + $1.dropFirst() }
    },
  ]

  @Test(arguments: rowsWithoutTaps)
  func `without taps the whole network is searched`(_ row: Row) throws {
    let verdict = try verdict(row, taps: false)
    #expect(causes(verdict) == row.causes)
    #expect(verdict.diagnosis?.unexplainedParts.map(\.tensor) == row.unexplained)
  }

  @Test func `a mistake at all places is told as one`() throws {
    let verdict = try verdict(Self.rowsWithoutTaps[1])
    let cause = try #require(verdict.causes.first)
    #expect(cause.fault == KnownFault(.swappedPoolOrder, .everywhere))
    #expect(cause.tensors == verdict.brokenParts.map(\.tensor))
    #expect(cause.before > 1e-3)
    #expect(cause.after < 1e-7)
  }

  @Test func `a tap recorded under another shape is searched like any other`() throws {
    let row = ReferenceCase("timm-legacy-seresnet18")
    let directory = try TemporaryDirectory()
    var changed = try ChangedCheckpoint(row.checkpoint())
    changed.swap("stem.norm.running_mean", "stem.norm.running_var")
    let checkpoint = try Checkpoint(directory.create("changed.safetensors", changed.bytes()))
    // Code bases give pooled features with sides of 1, too.
    let reference = try row.changedReference(in: directory) { file in
      file["taps.stem.pool"] = file["taps.stem.pool"].map { ($0.shape + [1], $0.values) }
    }
    let verdict = try Verifier().verify(checkpoint, against: reference)
    #expect(causes(verdict) == ["swapped-statistics": ["stem.norm"]])
  }

  @Test func `NaN is not explained by what only turns it into wrong numbers`() throws {
    let row = Row("a negative variance", "module-nam", [:]) {
      $0.change("attention.channel.norm.running_var") { [-1] + $1.dropFirst() }
    }
    let verdict = try verdict(row)
    #expect(verdict.causes == [])
    #expect(verdict.diagnosis?.unexplainedParts.map(\.node) == ["attention.channel.norm"])
  }
}

extension ChangedCheckpoint {
  /// Exchanges rows and columns of square kernels.
  mutating func transpose(_ weight: String) {
    change(weight) { shape, values in
      let side = shape[3]
      return values.indices.map { index in
        let place = index % (side * side)
        return values[index - place + place % side * side + place / side]
      }
    }
  }
}

import Architectures
import Checkpoint
import Execution
import Bytes
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Verification

/// What a reference sees of the parameters of a network.
@Suite struct SensitivityTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// A network of a case with other numbers in it.
  private func weights(
    _ row: ReferenceCase, _ change: (inout ChangedCheckpoint) -> Void = { _ in }
  ) throws -> ModelWeights {
    var changed = try ChangedCheckpoint(row.checkpoint())
    change(&changed)
    return try ModelWeights(Checkpoint(directory.create("changed.safetensors", changed.bytes())))
  }

  /// The reference of a case with only some of its taps.
  private func reference(_ row: ReferenceCase, taps: Set<String> = []) throws -> Reference {
    let original = try row.reference()
    var file = PlainFile()
    for record in original.file.header.tensors
    where !record.name.hasPrefix(Reference.tapPrefix) || taps.contains(record.name) {
      file[record.name] = (record.shape, try original.file.tensor(record).values)
    }
    return try Reference(directory.create("reference.safetensors", file.bytes()))
  }

  /// A network, and its blind spots.
  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var row: ReferenceCase
    var taps: Set<String>
    var groups: [BlindSpotGroup]
    var change: @Sendable (inout ChangedCheckpoint) -> Void

    init(
      _ name: String, _ row: String, taps: Set<String> = [], _ groups: [BlindSpotGroup],
      _ change: @escaping @Sendable (inout ChangedCheckpoint) -> Void
    ) {
      testDescription = name
      self.row = ReferenceCase(row)
      self.taps = taps
      self.groups = groups
      self.change = change
    }
  }

  private static func group(
    _ path: String, _ parameters: [String], _ obstacles: [String], places: Int = 1
  ) -> BlindSpotGroup {
    BlindSpotGroup(path: path, places: places, parameters: parameters, obstacles: obstacles, largestChange: 0)
  }

  private static func norm(_ name: String) -> [String] {
    ["weight", "bias", "running_mean", "running_var"].map { "\(name).\($0)" }
  }

  private static let channel = ["reduce.weight", "reduce.bias"] + norm("norm")
  private static let spatial: [String] =
    ["reduce.weight", "reduce.bias"] + norm("reduce_norm")
    + (0...1).flatMap { ["dilated.\($0).weight", "dilated.\($0).bias"] + norm("dilated_norm.\($0)") }
    + ["project.weight", "project.bias"]

  static let rows: [Row] = [
    .init("a trained CBAM has none", "module-cbam-k49", []) { _ in },
    .init("a trained BAM has none", "module-bam", []) { _ in },
    .init("a trained NAM has none", "module-nam", []) { _ in },
    .init(
      "a norm of 0 and a saturated sigmoid hide what is before them, in each place", "timm-cbam-resnet18",
      taps: Set((0...3).flatMap { stage in (0...1).map { "taps.stages.\(stage).blocks.\($0).relu" } }),
      [
        group(
          "stages.0.blocks.1.attention.spatial", ["conv.weight"] + norm("norm"), ["sigmoid is saturated"]),
        group(
          "stages.*.blocks.*.attention.spatial", ["conv.weight", "norm.running_mean", "norm.running_var"],
          ["norm.weight is 0"], places: 2),
      ]
    ) {
      $0.set(all: "stages.0.blocks.1.attention.spatial.norm.bias", 1000)
      for block in ["stages.1.blocks.0", "stages.2.blocks.1"] {
        $0.set(all: "\(block).attention.spatial.norm.weight", 0)
      }
    },
    .init(
      "each way has an obstacle of its own", "module-cbam-k49",
      [
        group(
          "attention.channel.reduce", ["weight"],
          ["attention.channel.expand.weight is 0", "attention.channel.max_relu is shut"])
      ]
    ) { $0.set(all: "attention.channel.expand.weight", 0) },
    .init(
      "a ReLU that gives only 0 hides the layers on both sides", "module-bam",
      [group("attention.channel", channel + ["expand.weight"], ["relu is shut"])]
    ) { $0.set(all: "attention.channel.norm.bias", -1000) },
    .init(
      "a branch that is 0 hides the branch it multiplies", "module-bam",
      [
        group(
          "attention", channel.map { "channel.\($0)" } + spatial.map { "spatial.\($0)" },
          ["channel.expand.weight is 0"])
      ]
    ) {
      $0.set(all: "attention.channel.expand.weight", 0)
      $0.set(all: "attention.channel.expand.bias", 0)
    },
    .init(
      "a recorded layer sees the branch that the output does not", "module-bam",
      taps: ["taps.attention.spatial.project"],
      [group("attention.channel", channel, ["expand.weight is 0"])]
    ) {
      $0.set(all: "attention.channel.expand.weight", 0)
      $0.set(all: "attention.channel.expand.bias", 0)
    },
  ]

  @Test(arguments: rows)
  func `blind spots are found with what hides them`(_ row: Row) throws {
    let weights = try weights(row.row, row.change)
    let sensitivity = try Verifier().sensitivity(of: weights, against: reference(row.row, taps: row.taps))
    #expect(sensitivity.blindGroups == row.groups)
    let moved = weights.graph.parameters.filter { $0.role != .batchCount }
    #expect(sensitivity.responses.map(\.parameter) == moved.map(\.name))
    #expect(sensitivity.leftOut == weights.graph.parameters.count - moved.count)
    #expect(sensitivity.seenCount == moved.count - row.groups.reduce(0) { $0 + $1.count })
  }

  @Test(arguments: ["module-bam", "module-cbam-k49", "module-nam", "module-eca-ns"])
  func `all engines see the same`(_ name: String) throws {
    let row = ReferenceCase(name)
    let responses = try Engine.allCases.filter(\.isAvailable).map { engine in
      try Verifier(engine: engine).sensitivity(of: weights(row), against: row.reference()).responses
    }
    for other in responses.dropFirst() {
      for (first, second) in zip(responses[0], other) {
        #expect(first.parameter == second.parameter)
        #expect(abs(first.change - second.change) <= 1e-3 * first.change + 1e-7, "\(first.parameter)")
      }
    }
  }

  /// The whole network in double precision instead of links on the fastest engine.
  @Test func `a change is what the whole network makes of it`() throws {
    let row = ReferenceCase("timm-cbam-resnet18")
    let (weights, reference) = (try weights(row), try reference(row, taps: ["taps.stages.1.blocks.0.relu"]))
    let sensitivity = try Verifier().sensitivity(of: weights, against: reference)
    let selection = NodeSelection.named(["stages.1.blocks.0.relu"])
    func trace(_ weights: ModelWeights) throws -> [(tensor: String, values: [Double])] {
      let trace = try ReferenceExecutor(weights).trace(reference.input, selection)
      let tap = try #require(trace["stages.1.blocks.0.relu"])
      return [("taps.stages.1.blocks.0.relu", tap.values), ("output", trace.output.values)]
    }
    let unchanged = try trace(weights)
    // Some of all kinds and places.
    for index in stride(from: 1, to: sensitivity.responses.count, by: 17) {
      let response = sensitivity.responses[index]
      let parameter = try #require(weights.graph.parameters.first { $0.name == response.parameter })
      let moved = try Tensor(
        shape: parameter.shape, values: Perturbation.moved(parameter, weights.floats(parameter.name)))
      let changed = try trace(weights.replacing([parameter.name: moved]))
      let changes = zip(unchanged, changed).map { before, after in
        let largest = zip(before.values, after.values).map { abs($0 - $1) }.max() ?? 0
        return (before.tensor, largest / (before.values.map(abs).max() ?? 1))
      }
      let (tensor, change) = try #require(changes.max { $0.1 < $1.1 })
      #expect(response.tensor == tensor, "\(parameter.name)")
      #expect(abs(response.change - change) <= 1e-3 * change + 1e-6, "\(parameter.name)")
    }
  }

  @Test func `what the tolerance hides is blind without an obstacle`() throws {
    let row = ReferenceCase("module-nam")
    let exact = try Verifier().sensitivity(of: weights(row), against: row.reference())
    let weakest = try #require(exact.weakest)
    let tolerance = weakest.change * 1.01
    let coarse = try Verifier(tolerance: tolerance).sensitivity(of: weights(row), against: row.reference())
    #expect(coarse.blind == [weakest])
    #expect(
      coarse.blindGroups == [
        BlindSpotGroup(
          path: "attention.channel", places: 1,
          parameters: [String(weakest.parameter.dropFirst("attention.channel.".count))], obstacles: [],
          largestChange: weakest.change)
      ])
  }

  @Test func `the number of threads changes nothing`() throws {
    let row = ReferenceCase("module-bam")
    let responses = try [1, 2, 5].map { threads in
      try Verifier(threads: threads).sensitivity(of: row.checkpoint(), against: row.reference()).responses
    }
    #expect(responses.allSatisfy { $0 == responses[0] })
  }

  @Test func `progress is told after every parameter`() throws {
    let row = ReferenceCase("module-nam")
    let steps = Lock<[[Int]]>([])
    _ = try Verifier(threads: 3).sensitivity(of: row.checkpoint(), against: row.reference()) { done, total in
      steps.withLock { $0.append([done, total]) }
    }
    #expect(steps.withLock { $0 } == [[1, 4], [2, 4], [3, 4], [4, 4]])
  }
}

extension ChangedCheckpoint {
  /// Gives all numbers of a tensor one value.
  fileprivate mutating func set(all name: String, _ value: Float) {
    change(name) { $1.map { _ in value } }
  }
}

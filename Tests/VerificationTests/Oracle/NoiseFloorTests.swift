import Architectures
import Checkpoint
import Execution
import Testing

@testable import Verification

/// What single precision alone changes.
@Suite struct NoiseFloorTests {
  private func noise(_ actual: Tensor<Float>, _ expected: Tensor<Double>) -> Double {
    let difference = zip(actual.doubles, expected.values).map { abs($0 - $1) }.max() ?? 0
    return difference == 0 ? 0 : difference / (expected.values.map(abs).max() ?? 0)
  }

  @Test(.enabled(if: Engine.oneDNN.isAvailable), arguments: ["module-bam", "module-nam", "module-cbam-k49"])
  func `every node is compared with the oracle, the output in a run of its own`(_ name: String) throws {
    let row = ReferenceCase(name)
    let (weights, input) = (try ModelWeights(row.checkpoint()), try row.reference().input)
    let floor = try NoiseFloor(measuring: weights, input: input, observing: .all)
    let expected = try ReferenceExecutor(weights).trace(input)
    let model = try AttentionModel(weights, engine: .oneDNN)
    let actual = try model.trace(input)
    var rows = try weights.graph.nodes.dropLast().map { node in
      NoiseFloor.Row(
        node: node.name,
        relativeDifference: noise(
          try #require(actual.outputs[node.name]), try #require(expected.outputs[node.name])))
    }
    let last = weights.graph.nodes[weights.graph.nodes.count - 1].name
    rows.append(.init(node: last, relativeDifference: noise(try model(input), expected.output)))
    #expect(floor.rows == rows)
    #expect(floor.engine == .oneDNN)
    #expect(rows.allSatisfy { ($0.relativeDifference ?? 1) < 1e-6 })
    #expect(rows.contains { ($0.relativeDifference ?? 0) > 0 })
  }

  @Test func `the reference engine differs from itself only by what it rounds`() throws {
    let row = ReferenceCase("module-nam")
    let floor = try NoiseFloor(
      measuring: ModelWeights(row.checkpoint()), input: row.reference().input,
      observing: .named(["attention.channel.norm"]), engine: .reference)
    #expect(
      floor.rows == [
        .init(node: "attention.channel.norm", relativeDifference: 0),
        .init(node: "attention.channel.scale", relativeDifference: 0),
      ])
    #expect(floor["attention.channel.norm"] == 0)
    #expect(floor["attention.channel.sigmoid"] == nil)
  }

  @Test(.enabled(if: Engine.oneDNN.isAvailable))
  func `all recorded tensors of a reference are measured`() throws {
    let row = ReferenceCase("module-cbam-k49")
    let floor = try Verifier().noiseFloor(of: row.checkpoint(), against: row.reference())
    #expect(
      floor.rows.map(\.node) == [
        "attention.channel.scale", "attention.spatial.statistics", "attention.spatial.conv", "attention.add",
      ])
  }

  @Test(.enabled(if: !Engine.oneDNN.isAvailable))
  func `without a fast engine there is nothing to measure`() throws {
    let row = ReferenceCase("module-cbam-k49")
    let error = #expect(throws: VerificationError.self) {
      try Verifier().noiseFloor(of: row.checkpoint(), against: row.reference())
    }
    #expect(error?.identifier == "engine-unavailable")
  }

  /// Differences of one element from 2, and how many times a noise of 1e-6 (or the rounding of the recorded number) they are.
  @Test func `a difference is told in multiples of the noise`() throws {
    func comparison(_ actual: Double) throws -> Comparison {
      Comparison(
        "output", node: "head", actual: try Tensor(shape: [1, 1], values: [actual]),
        expected: try Tensor(shape: [1, 1], values: [2]), tolerance: 1e-5)
    }
    let noisy = NoiseFloor(engine: .oneDNN, rows: [.init(node: "head", relativeDifference: 0x1p-20)])
    #expect(try noisy.multiple(of: comparison(2 + 0x1p-16)) == 8)
    #expect(try noisy.multiple(of: comparison(2)) == 0)
    #expect(try noisy.multiple(of: comparison(.nan)) == nil)
    let exact = NoiseFloor(engine: .oneDNN, rows: [.init(node: "head", relativeDifference: 0)])
    #expect(try exact.multiple(of: comparison(2 + 0x1p-23)) == 1)
    let unknown = NoiseFloor(engine: .oneDNN, rows: [.init(node: "head", relativeDifference: nil)])
    #expect(try unknown.multiple(of: comparison(2)) == nil)
  }

  @Test(arguments: Engine.allCases.filter(\.isAvailable))
  func `a run that fails ends both engines`(_ engine: Engine) throws {
    let row = ReferenceCase("module-nam")
    let weights = try ModelWeights(row.checkpoint())
    let narrow = try Tensor<Float>(shape: [1, 1, 2, 2], values: [1, 2, 3, 4])
    let unsuitable = #expect(throws: VerificationError.self) {
      try NoiseFloor(measuring: weights, input: narrow, observing: .all, engine: engine)
    }
    #expect(unsuitable?.identifier == "unsuitable-input")
    let unknown = #expect(throws: VerificationError.self) {
      try NoiseFloor(
        measuring: weights, input: row.reference().input, observing: .named(["nowhere"]), engine: engine)
    }
    #expect(unknown?.identifier == "unknown-node")
  }
}

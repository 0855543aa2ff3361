import Architectures
import Checkpoint
import Execution
import Testing

/// Whole networks against PyTorch: `Fixtures/references/generate.py`.
struct ReferenceNetworkTests {
  @Test(arguments: ReferenceCase.all)
  func `network and taps agree with PyTorch`(_ reference: ReferenceCase) throws {
    let expected = try reference.tensors()
    let input = try #require(expected["input"])
    let taps = expected.filter { $0.key.hasPrefix("taps.") }
    let executor = try ReferenceExecutor(ModelWeights(reference.checkpoint()))
    let trace = try executor.trace(input, .named(Set(taps.keys.map { String($0.dropFirst(5)) })))
    expectAgreement(trace.output, try #require(expected["output"]), "output")
    for (name, tap) in taps {
      expectAgreement(try #require(trace[String(name.dropFirst(5))]), tap, name)
    }
    #expect(trace.outputs.count == taps.count)
    #expect(taps.count >= 1)
  }

  /// References hold single precision, so half a unit in the last place is the most that may differ.
  private func expectAgreement(
    _ actual: Tensor<Double>, _ expected: Tensor<Float>, _ name: String, tolerance: Double = 6e-8
  ) {
    #expect(actual.shape == expected.shape)
    let scale = expected.doubles.reduce(0) { max($0, abs($1)) }
    let difference = zip(actual.values, expected.doubles).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(difference <= tolerance * scale, "\(name)")
  }

  @Test func `the result does not depend on the number of threads`() throws {
    let reference = ReferenceCase(testDescription: "timm-cbam-resnet18")
    let weights = try ModelWeights(reference.checkpoint())
    let input = try #require(try reference.tensors()["input"])
    let outputs = try [1, 2, 3, 7].map { try ReferenceExecutor(weights, threads: $0).run(input) }
    #expect(Set(outputs).count == 1)
  }

  @Test func `an image gives the same alone and in a batch`() throws {
    let reference = ReferenceCase(testDescription: "torchvision-mobilenet-v2")
    let executor = try ReferenceExecutor(ModelWeights(reference.checkpoint()))
    let batch = try #require(try reference.tensors()["input"])
    let output = try executor.run(batch)
    let half = batch.count / 2
    for image in 0..<2 {
      let alone = try Tensor(
        shape: [1] + batch.shape.dropFirst(), values: Array(batch.values[image * half..<(image + 1) * half]))
      #expect(try executor.run(alone).values == Array(output.values[image * 10..<(image + 1) * 10]))
    }
  }

  @Test func `a part of a network runs on the input recorded for it`() throws {
    let reference = ReferenceCase(testDescription: "timm-cbam-resnet18")
    let expected = try reference.tensors()
    let weights = try ModelWeights(reference.checkpoint())
    let nodes = weights.graph.nodes
    let begin = try #require(nodes.firstIndex { $0.name.hasPrefix("stages.1.blocks.0.") })
    let end = try #require(weights.graph.outputIndex(of: "stages.1.blocks.0"))
    let part = try #require(try weights.graph.part(begin..<end + 1))
    let executor = try ReferenceExecutor(weights.rebound(to: part))
    let output = try executor.run(try #require(expected["taps.stages.0.blocks.1.relu"]))
    // The recorded input is rounded already.
    expectAgreement(output, try #require(expected["taps.stages.1.blocks.0.relu"]), "block", tolerance: 1e-6)
    // The shortcut and the first convolution read the block's input, the node before the sum reads two
    // values.
    let sum = try #require(weights.graph.index(of: "stages.1.blocks.0.add"))
    #expect(try weights.graph.part(sum..<sum + 1) == nil)
    #expect(try weights.graph.part(0..<0) == nil)
  }

  @Test func `outputs put in the place of others are what follows is computed from`() throws {
    let reference = ReferenceCase(testDescription: "timm-cbam-resnet18")
    let expected = try reference.tensors()
    let input = try #require(expected["input"])
    let block = try #require(expected["taps.stages.0.blocks.1.relu"])
    let executor = try ReferenceExecutor(ModelWeights(reference.checkpoint()))
    var own: [String] = []
    let pool = try #require(expected["taps.stem.pool"])
    let noise = try Tensor<Double>(shape: pool.shape, values: .init(repeating: .nan, count: pool.count))
    let output = try executor.run(input, replacing: .named(["stem.pool", "stages.0"])) { node, output in
      own.append(node.name)
      return node.name == "stem.pool" ? noise : Tensor(block)
    }
    #expect(own == ["stem.pool", "stages.0.blocks.1.relu"])
    expectAgreement(output, try #require(expected["output"]), "output", tolerance: 1e-6)
    // Nothing but what lies between runs.
    var names: [String] = []
    let between = try executor.output(
      of: "stages.1.blocks.0", input: input, given: ["stages.0": Tensor(block)]
    ) { node, _ in names.append(node.name) }
    expectAgreement(
      between, try #require(expected["taps.stages.1.blocks.0.relu"]), "block", tolerance: 1e-6)
    let graph = executor.weights.graph
    #expect(names == graph.nodes.map(\.name).filter { $0.hasPrefix("stages.1.blocks.0.") })
    let wrong = try Tensor<Double>(shape: [1], values: [0])
    #expect(
      throws: ExecutionError(
        .unsuitableInput, "stem.pool: found an output of shape [1], expected \(pool.shape)")
    ) {
      try executor.output(of: "head", input: input, given: ["stem.pool": wrong])
    }
  }
}

import Architectures
import Execution
import Testing

/// Which outputs a run delivers, and what it refuses.
struct ObservationTests {
  private func executor(_ name: String = "se-module") throws -> ReferenceExecutor {
    let graph = try ArchitectureCatalog.architecture(named: name).graph()
    let tensors = graph.parameters.map { ($0.name, Ramp.weight($0.shape)) }
    return try ReferenceExecutor(ModelWeights(graph, tensors: Dictionary(uniqueKeysWithValues: tensors)))
  }

  @Test func `nodes are observed in order, before the run ends`() throws {
    let executor = try executor()
    var names: [String] = []
    let output = try executor.run(Ramp.input([1, 64, 2, 2]), observing: .all) { node, _ in
      names.append(node.name)
    }
    #expect(names == executor.weights.graph.nodes.map(\.name))
    #expect(output.shape == [1, 64, 2, 2])
  }

  @Test func `a path stands for the output of its part`() throws {
    let trace = try executor("cbam-module").trace(
      Ramp.input([1, 64, 2, 2]), .named(["attention.channel", "attention.spatial.conv"]))
    #expect(trace.outputs.keys.sorted() == ["attention.channel.scale", "attention.spatial.conv"])
    #expect(trace["attention.channel"]?.shape == [1, 64, 2, 2])
    #expect(trace["attention.spatial.conv"]?.shape == [1, 1, 2, 2])
    #expect(trace["attention.spatial.norm"] == nil)
  }

  @Test func `nothing is observed unless asked for`() throws {
    let trace = try executor().trace(Ramp.input([1, 64, 2, 2]), .none)
    #expect(trace.outputs.isEmpty)
    #expect(trace.output.count == 256)
  }

  @Test func `an unknown node is named with its nearest neighbour`() throws {
    #expect(
      throws: ExecutionError(
        .unknownNode, "the network has no node \"attention.reduse\"",
        hint: "did you mean \"attention.reduce\"?")
    ) {
      try executor().trace(Ramp.input([1, 64, 2, 2]), .named(["attention.reduse"]))
    }
  }

  @Test func `an input of other channels is refused`() throws {
    #expect(throws: ExecutionError(.unsuitableInput, "input: found 3 channels, expected 64")) {
      try executor().run(Ramp.input([1, 3, 2, 2]))
    }
  }

  @Test func `a map higher than wide is refused where the authors' pool fails`() throws {
    #expect(
      throws: ExecutionError(
        .unsuitableInput,
        "attention.channel.pool: found a map of 5x4, higher than wide; the authors' pool uses the height for both "
          + "sides and fails on it",
        hint: "for an input of 1x64x5x4; try the size the network was trained with")
    ) {
      try executor("bam-module").run(Ramp.input([1, 64, 5, 4]))
    }
  }

  @Test func `an output beyond the limit is refused before it is allocated`() throws {
    // A padding of 255 around a map of 1x1 makes 511x511 of it, for each of 2^15 output channels.
    let layer = Convolution(1, 1 << 15, kernel: 1, padding: 255)
    let graph = try Graph(
      nodes: [Node(name: "conv", operation: .convolution(layer), inputs: [.input])], inputChannels: 1)
    let executor = try ReferenceExecutor(
      ModelWeights(graph, tensors: ["conv.weight": Ramp.weight([1 << 15, 1, 1, 1])]))
    #expect(
      throws: ExecutionError(
        .tooLarge,
        "conv: found an output of shape [1, 32768, 511, 511], expected at most 2147483648 elements",
        hint: "run smaller batches or smaller images")
    ) {
      try executor.run(Ramp.input([1, 1, 1, 1]))
    }
  }
}

#if canImport(COneDNN)
  import Architectures
  import Execution
  import Testing

  @Suite("oneDNN executor")
  struct OneDNNExecutorTests {
    /// The largest difference over all elements, relative to the largest reference value. The weights of these tests keep
    /// values near 1; where all of a node's values are small, what was added up has cancelled and left fewer digits.
    private func difference(_ actual: Tensor<Float>, _ expected: Tensor<Double>) -> Double {
      guard actual.shape == expected.shape else { return .infinity }
      let scale = expected.values.map(abs).max() ?? 0
      let largest = zip(actual.values, expected.values).map { abs(Double($0) - $1) }.max() ?? 0
      return largest / max(scale, 0.1)
    }

    private func check(
      _ graph: Graph, input shape: [Int], tracing: Bool = true,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      var random = RandomNumbers(seed: 7)
      let weights = try ModelWeights(graph, tensors: random.weights(of: graph))
      let input = try random.tensor(shape, scale: 1)
      let expected = try ReferenceExecutor(weights).trace(input)
      let executor = try OneDNNExecutor(weights, threads: 2)
      let output = try executor.run(input)
      #expect(difference(output, expected.output) <= 1e-5, sourceLocation: sourceLocation)
      guard tracing else { return }
      let trace = try executor.trace(input)
      #expect(trace.outputs.count == graph.nodes.count, sourceLocation: sourceLocation)
      for node in graph.nodes {
        let (found, wanted) = (
          try #require(trace.outputs[node.name]), try #require(expected.outputs[node.name])
        )
        #expect(difference(found, wanted) <= 1e-5, "\(node.name)", sourceLocation: sourceLocation)
      }
      // The memory of an earlier run leaves no trace in a later one.
      #expect(try executor.run(input) == output, sourceLocation: sourceLocation)
    }

    @Test("computes every convolution as the reference does", arguments: LayerCases.convolutions)
    func convolution(_ layer: Convolution) throws {
      try check(
        LayerCases.graph(.convolution(layer), channels: layer.inputChannels),
        input: [3, layer.inputChannels, 13, 11])
    }

    @Test("computes every pool as the reference does", arguments: LayerCases.pools)
    func pool(_ pool: Pool) throws {
      for channels in [3, 16, 20] {
        for size in [(7, 9), (8, 8), (10, 13)] {
          for operation in [Operation.maxPool(pool), .averagePool(pool)] {
            try check(LayerCases.graph(operation, channels: channels), input: [2, channels, size.0, size.1])
            // Behind a convolution the map is blocked.
            try check(
              LayerCases.behindConvolution([operation], channels: channels), input: [2, 3, size.0, size.1])
          }
        }
      }
    }

    @Test("computes every operation without weights as the reference does", arguments: LayerCases.simple)
    func simple(_ operation: Architectures.Operation) throws {
      for channels in [1, 5, 16, 24, 40] {
        try check(LayerCases.graph(operation, channels: channels), input: [2, channels, 6, 9])
        try check(LayerCases.behindConvolution([operation], channels: channels), input: [2, 3, 6, 9])
      }
    }

    @Test("applies a norm, alone and behind layers", arguments: [1, 5, 16, 24])
    func norm(_ channels: Int) throws {
      let norm = Architectures.Operation.batchNorm(BatchNorm(channels, epsilon: 1e-3))
      try check(LayerCases.graph(norm, channels: channels), input: [2, channels, 5, 7])
      try check(LayerCases.behindConvolution([norm], channels: channels), input: [2, 3, 5, 7])
      try check(LayerCases.behindConvolution([norm, .relu, norm], channels: channels), input: [2, 3, 5, 7])
      let scale = Architectures.Operation.normWeightScale(NormWeightScale(channels, norm: "node.1"))
      try check(
        LayerCases.behindConvolution([norm, scale, .sigmoid], channels: channels), input: [2, 3, 5, 7])
    }

    @Test(
      "computes ECA's convolution as the reference does", arguments: [nil, 9],
      ChannelConvolution.Edge.allCases)
    func channelConvolution(_ kernels: Int?, _ edge: ChannelConvolution.Edge) throws {
      for hasBias in [false, true] {
        let layer = ChannelConvolution(channels: kernels, kernel: 5, edge: edge, hasBias: hasBias)
        let nodes = [
          Node(name: "pool", operation: .globalAveragePool, inputs: [.input]),
          Node(name: "conv", operation: .channelConvolution(layer), inputs: [.node(0)]),
        ]
        try check(try Graph(nodes: nodes, inputChannels: 9), input: [3, 9, 4, 5])
      }
    }

    @Test("spreads every operand of a sum or product", arguments: [Architectures.Operation.add, .multiply])
    func broadcast(_ operation: Architectures.Operation) throws {
      for channels in [1, 6, 16, 24] {
        let nodes = [
          Node(
            name: "map", operation: .convolution(Convolution(3, channels, kernel: 3, padding: 1)),
            inputs: [.input]),
          Node(name: "vector", operation: .globalAveragePool, inputs: [.node(0)]),
          Node(
            name: "positions", operation: .convolution(Convolution(channels, 1, kernel: 1)),
            inputs: [.node(0)]),
          Node(name: "image", operation: .globalMaxPool, inputs: [.node(2)]),
          Node(name: "by vector", operation: operation, inputs: [.node(0), .node(1)]),
          Node(name: "by positions", operation: operation, inputs: [.node(2), .node(4)]),
          Node(name: "by image", operation: operation, inputs: [.node(5), .node(3)]),
          Node(name: "outer", operation: operation, inputs: [.node(1), .node(2)]),
          Node(name: "twice", operation: operation, inputs: [.node(7), .node(7)]),
          Node(name: "by map", operation: operation, inputs: [.node(6), .node(8)]),
          Node(name: "by input", operation: operation, inputs: [.input, .node(2)]),
          Node(name: "sum", operation: .channelStatistics, inputs: [.node(10)]),
          Node(name: "end", operation: operation, inputs: [.node(9), .node(3)]),
        ]
        try check(try Graph(nodes: nodes, inputChannels: 3), input: [2, 3, 6, 5])
      }
    }

    @Test("adds the input of a layer to its output without overwriting it")
    func residual() throws {
      let layer = Convolution(16, 16, kernel: 3, padding: 1)
      let nodes = [
        Node(name: "a", operation: .convolution(layer), inputs: [.input]),
        Node(name: "b", operation: .convolution(layer), inputs: [.node(0)]),
        Node(name: "sum", operation: .add, inputs: [.node(1), .node(0)]),
        Node(name: "relu", operation: .relu, inputs: [.node(2)]),
        Node(name: "c", operation: .convolution(layer), inputs: [.input]),
        Node(name: "again", operation: .add, inputs: [.input, .node(4)]),
        Node(name: "all", operation: .add, inputs: [.node(5), .node(3)]),
      ]
      try check(try Graph(nodes: nodes, inputChannels: 16), input: [2, 16, 9, 9])
    }

    @Test("runs every attention module as the reference does", arguments: LayerCases.modules)
    func module(_ name: String) throws {
      let graph = try ArchitectureCatalog.architecture(named: name).graph()
      for batch in [1, 3] {
        try check(graph, input: [batch, 64, 7, 8])
      }
    }

    @Test("runs narrow networks as the reference does", arguments: NarrowNetworks.all)
    func network(_ network: NarrowNetworks.Case) throws {
      for batch in [1, 2] {
        try check(
          try network.architecture.graph(), input: [batch, 3, network.side, network.side], tracing: batch == 2
        )
      }
    }

    @Test("shows the nodes that were asked for, in the graph's order, whatever was fused")
    func selection() throws {
      let graph = try #require(NarrowNetworks.all.first).architecture.graph()
      var random = RandomNumbers(seed: 3)
      let weights = try ModelWeights(graph, tensors: random.weights(of: graph))
      let input = try random.tensor([1, 3, 32, 32], scale: 1)
      let executor = try OneDNNExecutor(weights, threads: 1)
      let all = try ReferenceExecutor(weights).trace(input)
      for node in graph.nodes {
        var names: [String] = []
        let output = try executor.run(input, observing: .named([node.name])) { shown, output in
          names.append(shown.name)
          #expect(difference(output, all.outputs[shown.name] ?? all.output) <= 1e-5, "\(shown.name)")
        }
        #expect(names == [node.name])
        #expect(difference(output, all.output) <= 1e-5)
      }
      var order: [Int] = []
      _ = try executor.run(input, observing: .all) { node, _ in order.append(graph.index(of: node.name) ?? -1)
      }
      #expect(order == Array(graph.nodes.indices))
    }

    @Test("refuses what the reference refuses, in the same words")
    func refusals() throws {
      let graph = try ArchitectureCatalog.architecture(named: "bam-module").graph()
      var random = RandomNumbers(seed: 3)
      let weights = try ModelWeights(graph, tensors: random.weights(of: graph))
      for shape in [[1, 64, 8, 7], [1, 64, 7, 14], [1, 63, 7, 7], [1, 64, 49]] {
        let input = try random.tensor(shape, scale: 1)
        let expected = #expect(throws: ExecutionError.self) { try ReferenceExecutor(weights).run(input) }
        let found = #expect(throws: ExecutionError.self) { try OneDNNExecutor(weights).run(input) }
        #expect(found?.message == expected?.message)
        #expect(found?.code == expected?.code)
      }
    }

    @Test("shows a NaN in the input or the weights, which oneDNN's ReLU would turn into 0")
    func notANumber() throws {
      let graph = try LayerCases.behindConvolution([.relu], channels: 16)
      var random = RandomNumbers(seed: 3)
      var tensors = try random.weights(of: graph)
      var values = [Float](repeating: 1, count: 75)
      let input = try Tensor<Float>(shape: [1, 3, 5, 5], values: values)
      values[7] = .nan
      let damaged = try Tensor<Float>(shape: [1, 3, 5, 5], values: values)
      let output = try OneDNNExecutor(ModelWeights(graph, tensors: tensors)).run(damaged)
      #expect(output.values.contains { $0.isNaN })
      let weight = try #require(tensors["conv.weight"])
      tensors["conv.weight"] = try Tensor(shape: weight.shape, values: [.nan] + weight.values.dropFirst())
      #expect(
        try OneDNNExecutor(ModelWeights(graph, tensors: tensors)).run(input).values.contains { $0.isNaN })
    }

    @Test("gives the same numbers to callers on several threads")
    func concurrency() async throws {
      let graph = try #require(NarrowNetworks.all.first).architecture.graph()
      var random = RandomNumbers(seed: 5)
      let weights = try ModelWeights(graph, tensors: random.weights(of: graph))
      let input = try random.tensor([1, 3, 32, 32], scale: 1)
      let executor = try OneDNNExecutor(weights, threads: 2)
      let expected = try executor.run(input)
      try await withThrowingTaskGroup(of: Tensor<Float>.self) { group in
        for _ in 0..<8 { group.addTask { try executor.run(input) } }
        for try await output in group { #expect(output == expected) }
      }
    }
  }
#endif

import Architectures
import Execution
import Testing

/// Operations of two inputs, and one that reads another layer's weight.
struct BroadcastTests {
  private func run(
    _ nodes: [Node], _ input: Tensor<Float>, tensors: [String: Tensor<Float>] = [:]
  ) throws -> Tensor<Double> {
    try ReferenceExecutor(ModelWeights(Graph(nodes: nodes, inputChannels: nil), tensors: tensors)).run(input)
  }

  @Test func `a channel gate times a spatial gate is a map`() throws {
    // x(2, 2, 1, 2).mean((2, 3), keepdim=True) * F.conv2d(x(2, 2, 1, 2), w(1, 2, 1, 1))
    let output = try run(
      [
        Node(name: "pool", operation: .globalAveragePool, inputs: [.input]),
        Node(name: "conv", operation: .convolution(Convolution(2, 1, kernel: 1)), inputs: [.input]),
        Node(name: "combine", operation: .multiply, inputs: [.node(0), .node(1)]),
      ], Ramp.input([2, 2, 1, 2]), tensors: ["conv.weight": Ramp.weight([1, 2, 1, 1])])
    #expect(output.shape == [2, 2, 1, 2])
    #expect(output.values == [-0.515625, -0.1875, 0.515625, 0.1875, -0.15625, -0.28125, 0.3125, 0.5625])
  }

  @Test func `a sum is broadcast over positions`() throws {
    // x(2, 2, 1, 2) + x(2, 2, 1, 2).amax((2, 3), keepdim=True)
    let output = try run(
      [
        Node(name: "pool", operation: .globalMaxPool, inputs: [.input]),
        Node(name: "add", operation: .add, inputs: [.input, .node(0)]),
      ], Ramp.input([2, 2, 1, 2]))
    #expect(output.values == [-0.75, 1, 0.75, 2.5, 0.5, -0.5, 2, 1])
  }

  @Test func `vectors are added`() throws {
    let output = try run(
      [
        Node(name: "flatten", operation: .flatten, inputs: [.input]),
        Node(name: "add", operation: .add, inputs: [.node(0), .node(0)]),
      ], Ramp.input([1, 3, 1, 1]))
    #expect(output.shape == [1, 3])
    #expect(output.values == [-2.5, 1, -1])
  }

  @Test func `a value that is used again is not changed in place`() throws {
    let output = try run(
      [
        Node(name: "relu", operation: .relu, inputs: [.input]),
        Node(name: "negative", operation: .addScalar(-1), inputs: [.node(0)]),
        Node(name: "product", operation: .multiply, inputs: [.node(0), .node(1)]),
      ], Ramp.input([1, 1, 1, 4]))
    // relu(x) * (relu(x) - 1) with x = -1.25, 0.5, -0.5, 1.25
    #expect(output.values == [0, -0.25, 0, 0.3125])
  }

  @Test func `NAM weighs channels by the magnitude of the norm's weight`() throws {
    // F.batch_norm(x(1, 2, 1, 2), w(2), v(2), w(2), v(2), eps=1e-5) * (w(2).abs() /
    // w(2).abs().sum()).reshape(2, 1, 1)
    let output = try run(
      [
        Node(name: "norm", operation: .batchNorm(BatchNorm(2, epsilon: 1e-5)), inputs: [.input]),
        Node(
          name: "weight", operation: .normWeightScale(NormWeightScale(2, norm: "norm")), inputs: [.node(0)]),
      ], Ramp.input([1, 2, 1, 2]),
      tensors: [
        "norm.running_mean": Ramp.weight([2]), "norm.running_var": Ramp.vector(2),
        "norm.weight": Ramp.weight([2]),
        "norm.bias": Ramp.vector(2),
      ])
    let expected = [-0.018194869601159968, -2.2455589568092797, -0.19999700002249987, 0.49999950000375004]
    for (actual, expected) in zip(output.values, expected) { #expect(abs(actual - expected) < 1e-14) }
  }
}

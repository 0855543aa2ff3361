import Architectures
import Execution
import Testing

/// Each operation on its own. Comments hold the PyTorch expression that the expected numbers come from, with
/// `F` for `torch.nn.functional` and x, w, v as in `Ramp`.
struct OperationTests {
  static let convolutions: [OperationCase] = [
    // F.conv2d(F.pad(x(2, 2, 3, 4), (1, 2, 0, 1)), w(2, 2, 3, 2), v(2), stride=(1, 2))
    OperationCase(
      testDescription: "convolution, unequal padding, kernel and stride, bias",
      operation: .convolution(
        Convolution(2, 2, kernel: 3, hasBias: true).with {
          $0.kernel = Extent(height: 3, width: 2)
          $0.stride = Extent(height: 1, width: 2)
          $0.padding = Padding(top: 0, left: 1, bottom: 1, right: 2)
        }),
      input: Ramp.input([2, 2, 3, 4]),
      parameters: ["weight": Ramp.weight([2, 2, 3, 2]), "bias": Ramp.vector(2)], shape: [2, 2, 2, 3],
      expected: [
        -1.125, -3.0, -4.875, 2.875, 2.125, 1.5, 4.25, 3.0, 3.0, -1.625, 2.25, 1.125, -4.875, -3.0, -1.125,
        1.75,
        -1.125, 0.75, 3.125, -0.125, 2.375, 2.125, 3.25, 1.125,
      ]),
    // F.conv2d(x(1, 1, 5, 4), w(1, 1, 3, 3), padding=2, dilation=2)
    OperationCase(
      testDescription: "dilated convolution",
      operation: .convolution(Convolution(1, 1, kernel: 3, padding: 2, dilation: 2)),
      input: Ramp.input([1, 1, 5, 4]), parameters: ["weight": Ramp.weight([1, 1, 3, 3])],
      shape: [1, 1, 5, 4],
      expected: [
        -0.875, -1.0, 1.375, 2.875, 1.375, -0.125, -0.875, 0.625, -1.75, -1.5, 2.375, -1.125, 1.625, -1.375,
        2.0, 2.0,
        -2.125, 1.75, 2.0, -4.875,
      ]),
    // F.conv2d(x(1, 4, 2, 2), w(4, 2, 1, 1), groups=2)
    OperationCase(
      testDescription: "grouped convolution",
      operation: .convolution(Convolution(4, 4, kernel: 1, groups: 2)),
      input: Ramp.input([1, 4, 2, 2]), parameters: ["weight": Ramp.weight([4, 2, 1, 1])],
      shape: [1, 4, 2, 2],
      expected: [
        2.125, -1.5, 1.75, -1.875, -0.25, 0.75, -1.0, 0.0, -1.25, 0.875, 0.25, -1.75, -0.25, 0.375, -1.75,
        0.25,
      ]),
    // F.conv2d(x(1, 3, 3, 3), w(3, 1, 3, 3), stride=2, padding=1, groups=3)
    OperationCase(
      testDescription: "depthwise convolution",
      operation: .convolution(Convolution(3, 3, kernel: 3, stride: 2, padding: 1, groups: 3)),
      input: Ramp.input([1, 3, 3, 3]), parameters: ["weight": Ramp.weight([3, 1, 3, 3])],
      shape: [1, 3, 2, 2],
      expected: [-3.25, -0.25, 2.75, -2.625, 0.5, 0.0, -0.25, -2.125, -1.0, 4.25, 0.0, -3.25]),
    // tf.nn.conv2d(x(1, 1, 4, 5), w(1, 1, 3, 3), 2, "SAME"), TensorFlow 2.15, with x and w in its order of sides
    OperationCase(
      testDescription: "convolution padded by TensorFlow's same, on sides even and odd",
      operation: .convolution(Convolution(1, 1, kernel: 3, stride: 2, padding: .same)),
      input: Ramp.input([1, 1, 4, 5]), parameters: ["weight": Ramp.weight([1, 1, 3, 3])],
      shape: [1, 1, 2, 3], expected: [-2.75, -3.375, -1.125, -0.25, 4.625, 0.5]),
    // tf.nn.conv2d(x(1, 2, 3, 4), w(1, 2, 4, 3), (1, 2), "SAME")
    OperationCase(
      testDescription: "even kernel padded by TensorFlow's same",
      operation: .convolution(
        Convolution(2, 1, kernel: 4, padding: .same).with {
          $0.kernel = Extent(height: 4, width: 3)
          $0.stride = Extent(height: 1, width: 2)
        }),
      input: Ramp.input([1, 2, 3, 4]), parameters: ["weight": Ramp.weight([1, 2, 4, 3])],
      shape: [1, 1, 3, 2], expected: [-0.125, 6.25, 0.125, 1.875, 2.0, -3.875]),
    // tf.nn.conv2d(x(1, 1, 5, 4), w(1, 1, 3, 3), 1, "SAME", dilations=2)
    OperationCase(
      testDescription: "dilated convolution padded by TensorFlow's same",
      operation: .convolution(Convolution(1, 1, kernel: 3, padding: .same, dilation: 2)),
      input: Ramp.input([1, 1, 5, 4]), parameters: ["weight": Ramp.weight([1, 1, 3, 3])],
      shape: [1, 1, 5, 4],
      expected: [
        -0.875, -1.0, 1.375, 2.875, 1.375, -0.125, -0.875, 0.625, -1.75, -1.5, 2.375, -1.125, 1.625, -1.375,
        2.0, 2.0,
        -2.125, 1.75, 2.0, -4.875,
      ]),
    // tf.nn.depthwise_conv2d(x(1, 2, 4, 3), w(2, 1, 3, 3), [1, 2, 2, 1], "SAME")
    OperationCase(
      testDescription: "depthwise convolution padded by TensorFlow's same",
      operation: .convolution(Convolution(2, 2, kernel: 3, stride: 2, padding: .same, groups: 2)),
      input: Ramp.input([1, 2, 4, 3]), parameters: ["weight": Ramp.weight([2, 1, 3, 3])],
      shape: [1, 2, 2, 2], expected: [-0.75, -1.125, 2.0, -2.625, 0.75, -3.125, 0.5, -1.625]),
    // F.linear(x(2, 3), w(2, 3), v(2))
    OperationCase(
      testDescription: "linear", operation: .linear(Linear(3, 2)), input: Ramp.input([2, 3]),
      parameters: ["weight": Ramp.weight([2, 3]), "bias": Ramp.vector(2)], shape: [2, 2],
      expected: [2.875, 2.75, -1.125, -0.25]),
    // F.linear(x(2, 3), w(2, 3))
    OperationCase(
      testDescription: "linear without bias", operation: .linear(Linear(3, 2, hasBias: false)),
      input: Ramp.input([2, 3]), parameters: ["weight": Ramp.weight([2, 3])], shape: [2, 2],
      expected: [2.375, 1.75, -1.625, -1.25]),
    // F.conv1d(x(2, 1, 4), w(1, 1, 3), padding=1).reshape(2, 4, 1, 1)
    OperationCase(
      testDescription: "channel convolution, one kernel, zeros beyond",
      operation: .channelConvolution(ChannelConvolution(kernel: 3)), input: Ramp.input([2, 4, 1, 1]),
      parameters: ["weight": Ramp.weight([1, 1, 3])], shape: [2, 4, 1, 1],
      expected: [-1.25, 2.375, -1.25, 2.0, 0.25, -1.125, 2.125, -1.5]),
    // F.conv1d(x(1, 1, 4), w(1, 1, 5), v(1), padding=2).reshape(1, 4, 1, 1)
    OperationCase(
      testDescription: "channel convolution with bias, kernel longer than the channels",
      operation: .channelConvolution(ChannelConvolution(kernel: 5, hasBias: true)),
      input: Ramp.input([1, 4, 1, 1]),
      parameters: ["weight": Ramp.weight([1, 1, 5]), "bias": Ramp.vector(1)], shape: [1, 4, 1, 1],
      expected: [-0.75, 1.625, 1.625, -0.75]),
    // F.conv1d(F.pad(x(1, 1, 4), (2, 2), mode='circular'), w(1, 1, 5)).reshape(1, 4, 1, 1)
    OperationCase(
      testDescription: "channel convolution, circular",
      operation: .channelConvolution(ChannelConvolution(kernel: 5, edge: .circular)),
      input: Ramp.input([1, 4, 1, 1]),
      parameters: ["weight": Ramp.weight([1, 1, 5])], shape: [1, 4, 1, 1],
      expected: [0.75, -0.75, -0.75, 0.75]),
    // (F.pad(x(1, 4), (1, 1)).unfold(1, 3, 1) * w(1, 4, 3)).sum(2).reshape(1, 4, 1, 1)
    OperationCase(
      testDescription: "channel convolution, a kernel per channel",
      operation: .channelConvolution(ChannelConvolution(channels: 4, kernel: 3)),
      input: Ramp.input([1, 4, 1, 1]),
      parameters: ["weight": Ramp.weight([4, 1, 3])], shape: [1, 4, 1, 1],
      expected: [-1.25, 1.75, 1.75, -1.25]),
  ]

  static let norms: [OperationCase] = [
    // F.batch_norm(x(1, 2, 2, 2), w(2), v(2), w(2) + 2, v(2), eps=1e-3)
    OperationCase(
      testDescription: "batch norm of a map", operation: .batchNorm(BatchNorm(2, epsilon: 1e-3)),
      input: Ramp.input([1, 2, 2, 2]), parameters: norm(2), shape: [1, 2, 2, 2],
      expected: [
        0.6766001833252135, 1.9128014666017077, 1.206400733300854, 2.4426020165773483, -1.2488758430474898,
        -4.247376967110809, 1.0, -1.9985011240633197,
      ]),
    // F.batch_norm(x(1, 2, 2, 2), w(2), v(2), None, v(2), eps=1e-3)
    OperationCase(
      testDescription: "batch norm without a scale",
      operation: .batchNorm(BatchNorm(2, epsilon: 1e-3, hasScale: false)),
      input: Ramp.input([1, 2, 2, 2]), parameters: norm(2).filter { $0.key != "weight" },
      shape: [1, 2, 2, 2],
      expected: [
        0.8532003666504271, 3.3256029332034154, 1.912801466601708, 4.385204033154697, 0.2503747189841701,
        -0.7491256557036031, 1.0, 0.0004996253122268035,
      ]),
    // F.batch_norm(x(2, 3), w(3), v(3), w(3) + 2, v(3), eps=1e-5)
    OperationCase(
      testDescription: "batch norm of vectors", operation: .batchNorm(BatchNorm(3, epsilon: 1e-5)),
      input: Ramp.input([2, 3]), parameters: norm(3), shape: [2, 3],
      expected: [
        0.6767749275561998, -0.4999925000562495, 0.6835061407139356, 2.4445242031182, -1.2499887500843743,
        0.27525921107090334,
      ]),
  ]

  static let activations: [OperationCase] = [
    // F.relu(x(1, 1, 2, 3))
    OperationCase(
      testDescription: "relu", operation: .relu, input: Ramp.input([1, 1, 2, 3]), shape: [1, 1, 2, 3],
      expected: [0, 0.5, 0, 1.25, 0.25, 0]),
    // torch.sigmoid(x(1, 1, 2, 3))
    OperationCase(
      testDescription: "sigmoid", operation: .sigmoid, input: Ramp.input([1, 1, 2, 3]), shape: [1, 1, 2, 3],
      expected: [
        0.22270013882530884, 0.6224593312018546, 0.3775406687981454, 0.7772998611746911, 0.5621765008857981,
        0.320821300824607,
      ]),
    OperationCase(
      testDescription: "add scalar", operation: .addScalar(1), input: Ramp.input([1, 1, 1, 3]),
      shape: [1, 1, 1, 3],
      expected: [-0.25, 1.5, 0.5]),
    // x(2, 2, 1, 2).flatten(1)
    OperationCase(
      testDescription: "flatten keeps channels together", operation: .flatten,
      input: Ramp.input([2, 2, 1, 2]),
      shape: [2, 4], expected: [-1.25, 0.5, -0.5, 1.25, 0.25, -0.75, 1, 0]),
    OperationCase(
      testDescription: "unflatten", operation: .unflatten, input: Ramp.input([1, 3]), shape: [1, 3, 1, 1],
      expected: [-1.25, 0.5, -0.5]),
  ]

  private static func norm(_ channels: Int) -> [String: Tensor<Float>] {
    let weight = Ramp.weight([channels])
    return [
      "running_mean": weight, "running_var": Ramp.vector(channels), "bias": Ramp.vector(channels),
      // w + 2, as a tensor of its own.
      "weight": (try? weight.map { $0 + 2 }) ?? weight,
    ]
  }

  @Test(arguments: convolutions + norms + activations + PoolingTests.cases)
  func `computes what PyTorch computes`(_ operation: OperationCase) throws {
    let output = try operation.executor().run(operation.map())
    #expect(output.shape == operation.shape)
    try #require(output.count == operation.expected.count)
    for (actual, expected) in zip(output.values, operation.expected) {
      #expect(abs(actual - expected) <= 1e-14 * max(1, abs(expected)))
    }
  }

  @Test func `ReLU6 is cut at six`() throws {
    // F.relu6(x(1, 1, 2, 3) * 8)
    let relu6 = OperationCase(
      testDescription: "relu6", operation: .relu6, input: try Ramp.input([1, 1, 2, 3]).map { $0 * 8 },
      shape: [1, 1, 2, 3], expected: [0, 4, 0, 6, 2, 0])
    #expect(try relu6.executor().run(relu6.map()).values == relu6.expected)
  }

  @Test(
    arguments: [.relu, .relu6, .sigmoid, .globalMaxPool, .channelStatistics] as [Architectures.Operation])
  func `not a number stays not a number`(_ operation: Architectures.Operation) throws {
    let graph = try Graph(
      nodes: [Node(name: "layer", operation: operation, inputs: [.input])], inputChannels: nil)
    let input = try Tensor<Float>(shape: [1, 3, 1, 1], values: [.nan, 1, 2])
    let output = try ReferenceExecutor(ModelWeights(graph, tensors: [:])).run(input)
    #expect(output.values.contains { $0.isNaN })
  }
}

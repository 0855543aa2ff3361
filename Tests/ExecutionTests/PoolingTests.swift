import Architectures
import Execution
import Testing

/// Pools, whose edges differ between frameworks; run with the other operations in `OperationTests`.
struct PoolingTests {
  static let cases: [OperationCase] = [
    // F.max_pool2d(x(1, 1, 4, 5), 3, stride=2, padding=1)
    OperationCase(
      testDescription: "max pool", operation: .maxPool(Pool(kernel: 3, stride: 2, padding: 1)),
      input: Ramp.input([1, 1, 4, 5]), shape: [1, 1, 2, 3], expected: [1, 1.25, 1.25, 1, 1, 1.25]),
    // F.max_pool2d(x(1, 1, 4, 6), 3, stride=2, ceil_mode=True)
    OperationCase(
      testDescription: "max pool in ceil mode without padding, as in Caffe",
      operation: .maxPool(Pool(kernel: 3, stride: 2, ceilMode: true)), input: Ramp.input([1, 1, 4, 6]),
      shape: [1, 1, 2, 3], expected: [1.25, 1.25, 1, 1.25, 1.25, 1]),
    // F.avg_pool2d(x(1, 2, 3, 4), 2, stride=2)
    OperationCase(
      testDescription: "fixed average pool leaves out what no window fits",
      operation: .averagePool(Pool(kernel: 2, stride: 2)), input: Ramp.input([1, 2, 3, 4]),
      shape: [1, 2, 1, 2],
      expected: [-0.3125, 0.4375, 0.0625, 0.125]),
    // F.avg_pool2d(x(1, 1, 3, 5), 2, stride=2, ceil_mode=True, count_include_pad=False)
    OperationCase(
      testDescription: "average pool in ceil mode divides by what is inside",
      operation: .averagePool(Pool(kernel: 2, stride: 2, ceilMode: true, countsPadding: false)),
      input: Ramp.input([1, 1, 3, 5]), shape: [1, 1, 2, 3], expected: [-0.125, -0.0625, 0.5, -0.75, 0, 1.25]),
    // F.avg_pool2d(x(1, 1, 3, 4), 3, stride=2, padding=1, ceil_mode=True)
    OperationCase(
      testDescription: "average pool counts padding but not what ceil mode reaches beyond",
      operation: .averagePool(Pool(kernel: 3, stride: 2, padding: 1, ceilMode: true)),
      input: Ramp.input([1, 1, 3, 4]), shape: [1, 1, 2, 3],
      expected: [
        -0.1388888888888889, 0.16666666666666666, 0.20833333333333334, -0.08333333333333333,
        -0.05555555555555555,
        -0.20833333333333334,
      ]),
    // F.avg_pool2d(x(1, 1, 3, 4), 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)
    OperationCase(
      testDescription: "average pool without padding in the divisor",
      operation: .averagePool(Pool(kernel: 3, stride: 2, padding: 1, ceilMode: true, countsPadding: false)),
      input: Ramp.input([1, 1, 3, 4]), shape: [1, 1, 2, 3],
      expected: [-0.3125, 0.25, 0.625, -0.1875, -0.08333333333333333, -0.625]),
    // x(2, 2, 2, 3).mean((2, 3), keepdim=True)
    OperationCase(
      testDescription: "global average pool", operation: .globalAveragePool, input: Ramp.input([2, 2, 2, 3]),
      shape: [2, 2, 1, 1],
      expected: [-0.08333333333333333, -0.125, 0.2916666666666667, -0.20833333333333334]),
    // x(2, 2, 2, 3).amax((2, 3), keepdim=True)
    OperationCase(
      testDescription: "global max pool", operation: .globalMaxPool, input: Ramp.input([2, 2, 2, 3]),
      shape: [2, 2, 1, 1], expected: [1.25, 1, 1.25, 0.75]),
    // F.avg_pool2d(x(1, 2, 2, 3), 2, stride=2)
    OperationCase(
      testDescription: "square pool reads the left square of a wide map", operation: .squareAveragePool,
      input: Ramp.input([1, 2, 2, 3]), shape: [1, 2, 1, 1], expected: [0.1875, 0.375]),
    // torch.stack([x(2, 3, 1, 2).amax(1), x(2, 3, 1, 2).mean(1)], dim=1)
    OperationCase(
      testDescription: "channel statistics: maximum, then mean", operation: .channelStatistics,
      input: Ramp.input([2, 3, 1, 2]), shape: [2, 2, 1, 2],
      expected: [
        0.25, 1.25, -0.5, 0.3333333333333333, 1, 0.75, -0.08333333333333333, -0.16666666666666666,
      ]),
  ]

  @Test func `padding never wins a maximum`() throws {
    // F.max_pool2d(x(1, 1, 4, 5) - 9, 2, stride=2, padding=1, ceil_mode=True)
    let pool = OperationCase(
      testDescription: "negative max pool",
      operation: .maxPool(Pool(kernel: 2, stride: 2, padding: 1, ceilMode: true)),
      input: try Ramp.input([1, 1, 4, 5]).map { $0 - 9 }, shape: [1, 1, 3, 3],
      expected: [-10.25, -8.5, -7.75, -9.25, -8, -7.75, -8.75, -8, -9])
    let output = try pool.executor().run(pool.map())
    #expect(output.shape == pool.shape)
    #expect(output.values == pool.expected)
  }
}

import Execution
import Testing

struct TensorTests {
  @Test func `elements are row-major`() throws {
    let tensor = try Tensor<Float>(shape: [2, 3, 1, 2], values: (0..<12).map(Float.init))
    #expect(tensor[1, 2, 0, 1] == 11)
    #expect(tensor[0, 1, 0, 0] == 2)
    #expect(tensor.count == 12)
  }

  @Test(arguments: [
    ([2, 2], "found 3 values for a tensor of shape [2, 2], expected 4"),
    ([-1, -3], "found 3 values for a tensor of shape [-1, -3], expected a smaller shape"),
    (
      [Int.max, 2], "found 3 values for a tensor of shape [9223372036854775807, 2], expected a smaller shape"
    ),
  ])
  func `a count that does not fit the shape is refused`(_ shape: [Int], _ message: String) {
    #expect(throws: ExecutionError(.unsuitableInput, message)) {
      try Tensor<Float>(shape: shape, values: [1, 2, 3])
    }
  }

  @Test func `a scalar has no sides`() throws {
    #expect(try Tensor<Double>(shape: [], values: [3])[] == 3)
  }

  @Test func `widening is exact and narrowing rounds`() throws {
    let doubles = try Tensor<Double>(shape: [2], values: [0.1, 1e-50])
    #expect(Tensor<Float>(doubles).values == [0.1, 0])
    #expect(Tensor<Double>(Tensor<Float>(doubles)).values == [Double(Float(0.1)), 0])
    #expect(Tensor<Double>(doubles) == doubles)
    #expect(doubles.floats == [0.1, 0])
    #expect(Tensor<Float>(doubles).doubles == [Double(Float(0.1)), 0])
  }
}

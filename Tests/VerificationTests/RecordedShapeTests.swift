import Execution
import Testing

@testable import Verification

/// Shapes under which frameworks return what a node gives.
@Suite struct RecordedShapeTests {
  @Test(
    arguments: [
      ([2, 3], [2, 3], true), ([2, 3, 1, 1], [2, 3], true), ([2, 1, 3], [2, 3, 1, 1], true),
      ([2, 3, 4, 5], [2, 3, 1, 1], true), ([2, 3, 4, 5], [2, 1, 4, 5], true), ([2, 3, 4, 5], [2, 3], true),
      ([2, 3], [3, 2], false), ([2, 3, 1, 1], [2, 3, 4, 5], false), ([2, 3, 4, 5], [2, 3, 4, 1], true),
      ([2, 3, 4, 5], [2, 3, 5, 4], false), ([2, 3, 4], [2, 3, 4, 5], false), ([4, 5], [2, 1], false),
    ])
  func `sides of 1 may be added and repeated`(_ recorded: [Int], _ node: [Int], _ holds: Bool) {
    #expect(RecordedShape(recorded).holds(node) == holds)
  }

  private func narrowed(_ shape: [Int], _ values: [Float], to node: [Int]) throws -> Tensor<Float>? {
    RecordedShape(shape).narrowing(try Tensor(shape: shape, values: values), to: node)
  }

  @Test func `sides of 1 change no number`() throws {
    #expect(try narrowed([2, 1, 2], [1, 2, 3, 4], to: [2, 2, 1, 1])?.values == [1, 2, 3, 4])
  }

  @Test func `repeated numbers become one`() throws {
    #expect(
      try narrowed([1, 2, 1, 3], [1, 1, 1, 2, 2, 2], to: [1, 2, 1, 1])
        == Tensor(shape: [1, 2, 1, 1], values: [1, 2]))
    #expect(
      try narrowed([1, 2, 1, 3], [1, 2, .nan, 1, 2, .nan], to: [1, 1, 1, 3])?.values.prefix(2) == [1, 2])
    #expect(try narrowed([2, 2, 2], [1, 1, 2, 2, 3, 3, 4, 4], to: [2, 2])?.values == [1, 2, 3, 4])
  }

  @Test func `numbers that differ along a repeated side are told`() throws {
    #expect(try narrowed([1, 2, 1, 2], [1, 1, 2, 3], to: [1, 2, 1, 1]) == nil)
    #expect(try narrowed([1, 2, 1, 2], [1, 2, 1, 3], to: [1, 1, 1, 2]) == nil)
  }
}

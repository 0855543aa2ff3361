import Execution
import Testing
@testable import Verification

@Suite struct ComparisonTests {
  private func compare(
    _ actual: [Double], _ expected: [Float], shape: [Int]? = nil, tolerance: Double = 1e-5,
    ranked: Bool = false
  ) throws -> Comparison {
    let shape = shape ?? [1, expected.count]
    return Comparison(
      "output", node: "head", actual: try Tensor<Double>(shape: shape, values: actual),
      expected: try Tensor<Float>(shape: shape, values: expected), tolerance: tolerance, ranked: ranked)
  }

  @Test(arguments: [(10.5, true), (10.50001, false), (9.5, true), (9.49999, false)])
  func `the gate is the tolerance times the largest expected magnitude`(_ value: Double, _ passes: Bool)
    throws
  {
    let comparison = try compare([value, 20], [10, 20], tolerance: 0.025)
    #expect(comparison.passes == passes)
    #expect(comparison.expectedMaximum == 20)
  }

  @Test func `the largest differences are told with their places`() throws {
    let comparison = try compare([1, 2.5, -4, 8.75], [1, 2, -4, 8], shape: [2, 2])
    #expect(comparison.largestAbsolute?.value == 0.75)
    #expect(comparison.largestAbsolute?.index == [1, 1])
    #expect(comparison.largestAbsolute?.actual == 8.75)
    #expect(comparison.largestAbsolute?.expected == 8)
    #expect(comparison.largestRelative?.value == 0.25)
    #expect(comparison.largestRelative?.index == [0, 1])
    #expect(comparison.relativeDifference == 0.75 / 8)
  }

  @Test func `the cosine is that of the angle`() throws {
    #expect(try compare([3, 0], [0, 4]).cosineSimilarity == 0)
    #expect(try compare([-1, -1], [2, 2]).cosineSimilarity.map { abs($0 + 1) < 1e-15 } == true)
    #expect(try compare([0, 0], [1, 2]).cosineSimilarity == nil)
  }

  @Test func `a cosine of 1 and the right class do not pass what the gate fails`() throws {
    let comparison = try compare([1.01, 2.02], [1, 2], ranked: true)
    #expect(comparison.cosineSimilarity.map { $0 > 0.999_999_999 } == true)
    #expect(comparison.ranking?.top1 == 1)
    #expect(!comparison.passes)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func `numbers of the network that are not finite fail`(_ value: Double) throws {
    let comparison = try compare(
      [0, value, 0, value], [1, 2, 3, 4], shape: [2, 2], tolerance: 0.9, ranked: true)
    #expect(!comparison.passes)
    #expect(comparison.nonFiniteActual == .init(count: 2, first: [0, 1]))
    #expect(comparison.nonFiniteExpected == nil)
    #expect(comparison.largestAbsolute == nil)
    #expect(comparison.relativeDifference == nil)
    #expect(comparison.cosineSimilarity == nil)
    #expect(comparison.ranking == nil)
    #expect(comparison.notes == ["the network gives NaN or infinity in 2 of 4 numbers, first at [0, 1]"])
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `recorded numbers that are not finite fail, even where the network gives the same`(_ value: Float)
    throws
  {
    let comparison = try compare([1, Double(value)], [1, value])
    #expect(!comparison.passes)
    #expect(comparison.nonFiniteActual == comparison.nonFiniteExpected)
    #expect(
      comparison.notes == [
        "the network gives NaN or infinity in 1 of 2 numbers, first at [0, 1]",
        "the reference holds NaN or infinity in 1 of 2 numbers, first at [0, 1]",
      ])
  }

  @Test func `where nothing but 0 was recorded any difference fails`() throws {
    let same = try compare([0, -0.0], [0, 0])
    #expect(same.passes)
    #expect(same.relativeDifference == 0)
    let different = try compare([0, 1e-30], [0, 0])
    #expect(!different.passes)
    #expect(different.relativeDifference == nil)
    #expect(different.largestAbsolute?.value == 1e-30)
    #expect(different.largestRelative == nil)
    for comparison in [same, different] {
      #expect(comparison.notes == ["all expected numbers are 0, so any difference fails"])
    }
  }

  @Test func `numbers whose squares overflow still have a verdict`() throws {
    let comparison = try compare([1e200, 0], [1, 1])
    #expect(!comparison.passes)
    #expect(comparison.cosineSimilarity == nil)
    #expect(comparison.largestAbsolute?.value == 1e200)
  }

  @Test func `the ranking counts rows`() throws {
    let comparison = try compare(
      [9, 8, 7, 6, 5, 4, 1, 2, 3, 4, 5, 6], [9, 8, 7, 6, 4, 5, 1, 2, 3, 4, 6, 5], shape: [2, 6], ranked: true)
    #expect(comparison.ranking?.rows == 2)
    #expect(comparison.ranking?.top1 == 1)
    #expect(comparison.ranking?.top5 == 1)
  }

  @Test func `of equal elements the first is the largest`() throws {
    #expect(try compare([1, 1, 0], [1, 0.5, 0], ranked: true).ranking?.top1 == 1)
    #expect(try compare([1, 1, 0], [0.5, 1, 0], ranked: true).ranking?.top1 == 0)
  }

  @Test func `few classes have no top five, and maps no ranking`() throws {
    #expect(try compare([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], ranked: true).ranking?.top5 == nil)
    #expect(try compare([1, 2], [1, 2], shape: [1, 1, 1, 2], ranked: true).ranking == nil)
    #expect(try compare([1, 2], [1, 2]).ranking == nil)
  }
}

import Testing
@testable import attnconv

/// Numbers of parameters, counted and summed up.
@Suite struct HistogramTests {
  @Test(
    arguments: [
      ([0, 1, 2, 3], 0...4, 4, [1, 1, 1, 1]),
      // The upper end belongs to the last part.
      ([0, 1, 2, 3, 4], 0...4, 4, [1, 1, 1, 2]),
      ([-1, -0.5, 0, 0.5, 1], -1...1, 2, [2, 3]),
      // What lies outside, and what is no number, is not counted.
      ([-5, 0.25, 5, .nan, .infinity, -.infinity], 0...1, 2, [1, 0]),
      // Equal numbers have no range to divide.
      ([7, 7, 7], 7...7, 48, [3]),
      ([0, 0], 0...0, 48, [2]),
      ([], 0...1, 3, [0, 0, 0]),
      ([.nan], 0...1, 2, [0, 0]),
      // Ranges at the ends of what numbers can be.
      ([-0x1p127, 0, 0x1p127], -0x1p127...0x1p127, 3, [1, 1, 1]),
      ([1e-38, 2e-38], 1e-38...3e-38, 2, [0, 1]),
    ] as [([Float], ClosedRange<Double>, Int, [Int])])
  func `numbers fall into parts of equal width`(
    _ values: [Float], _ range: ClosedRange<Double>, _ parts: Int, _ counts: [Int]
  ) {
    let histogram = Histogram(values, in: range, parts: parts)
    #expect(histogram.counts == counts)
    #expect(histogram.range == range)
  }

  @Test func `statistics of ordinary numbers`() {
    let statistics = WeightStatistics([2, 4, 4, 4, 5, 5, 7, 9, 0, -0.0, .nan, .infinity])
    #expect(statistics.count == 12)
    #expect(statistics.zeros == 2)
    #expect(statistics.notFinite == 2)
    #expect(statistics.range == 0...9)
    #expect(statistics.mean == 4)
    // The squares of the distances are 4, 0, 0, 0, 1, 1, 9, 25, 16, 16: 72 of 10 numbers.
    #expect(statistics.deviation.map { abs($0 * $0 - 7.2) < 1e-12 } == true)
  }

  @Test(arguments: [[], [.nan], [.infinity, -.infinity]] as [[Float]])
  func `without a finite number there are no statistics`(_ values: [Float]) {
    let statistics = WeightStatistics(values)
    #expect(statistics.count == values.count)
    #expect(statistics.notFinite == values.count)
    #expect(statistics.zeros == 0)
    #expect(statistics.range == nil)
    #expect(statistics.mean == nil)
    #expect(statistics.deviation == nil)
  }

  @Test func `equal numbers do not deviate, however large`() {
    let statistics = WeightStatistics(Array(repeating: 3e38, count: 1000))
    #expect(statistics.range == Double(Float(3e38))...Double(Float(3e38)))
    #expect(statistics.deviation.map { $0 < 1e24 } == true)
  }
}

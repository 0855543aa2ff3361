/// How often numbers fall into intervals of equal width.
struct Histogram: Hashable {
  /// The interval that is divided.
  let range: ClosedRange<Double>
  /// How many numbers fall into each part, lowest first. The upper end belongs to the last part.
  let counts: [Int]

  /// Counts the finite numbers of a range in at most so many parts. A range of one number has one part.
  ///
  /// - Precondition: at least one part is asked for.
  init(_ values: [Float], in range: ClosedRange<Double>, parts: Int) {
    precondition(parts > 0, "a histogram has parts")
    self.range = range
    let width = range.upperBound - range.lowerBound
    var counts = Array(repeating: 0, count: width > 0 ? parts : 1)
    for value in values where range.contains(Double(value)) {
      let part = width > 0 ? Int((Double(value) - range.lowerBound) / width * Double(parts)) : 0
      counts[min(part, counts.count - 1)] += 1
    }
    self.counts = counts
  }
}

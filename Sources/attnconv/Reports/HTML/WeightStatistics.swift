/// What the numbers of a parameter amount to.
struct WeightStatistics: Hashable {
  /// How many numbers there are.
  let count: Int
  /// How many of them are exactly 0, of either sign.
  let zeros: Int
  /// How many of them are NaN or infinite; they count for nothing else.
  let notFinite: Int
  /// The smallest and the largest finite number; `nil` where there is none.
  let range: ClosedRange<Double>?
  /// The mean of the finite numbers; `nil` where there is none.
  let mean: Double?
  /// Their standard deviation, of the population; `nil` where there is none.
  let deviation: Double?

  /// Reads numbers twice: for the mean, then for the distances from it, which loses no digits.
  init(_ values: [Float]) {
    var (zeros, finite, sum) = (0, 0, 0.0)
    var (smallest, largest) = (Float.infinity, -Float.infinity)
    for value in values where value.isFinite {
      finite += 1
      if value == 0 { zeros += 1 }
      smallest = min(smallest, value)
      largest = max(largest, value)
      sum += Double(value)
    }
    count = values.count
    notFinite = values.count - finite
    self.zeros = zeros
    guard finite > 0 else {
      (range, mean, deviation) = (nil, nil, nil)
      return
    }
    let mean = sum / Double(finite)
    var squares = 0.0
    for value in values where value.isFinite {
      let distance = Double(value) - mean
      squares += distance * distance
    }
    range = Double(smallest)...Double(largest)
    self.mean = mean
    deviation = (squares / Double(finite)).squareRoot()
  }
}

import Architectures

/// How a parameter is moved to see whether a reference notices: each number by a tenth of the tensor's largest magnitude.
///
/// The signs are pseudo-random, so that what looks at sums or ratios (NAM's |gamma| / sum |gamma|) notices as well, and a
/// function of the name alone, so that every run moves the same numbers the same way. Variances only grow, so that they
/// stay positive.
enum Perturbation {
  /// The size of a step, relative to the largest magnitude of the tensor; the step itself where all numbers are 0.
  ///
  /// Far below a mapping fault, which replaces a tensor by another, and far above what the default tolerance hides.
  static let step = 0.1

  /// The numbers of a parameter after the step.
  static func moved(_ parameter: Parameter, _ values: [Float]) -> [Float] {
    let magnitude = values.reduce(Float(0)) { $1.isFinite ? max($0, abs($1)) : $0 }
    let step = Float(step) * (magnitude == 0 ? 1 : magnitude)
    var signs = Signs(name: parameter.name)
    return values.map { value in
      parameter.role == .runningVariance || signs.next() ? value + step : value - step
    }
  }

  /// A sequence of signs: SplitMix64 (Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators"),
  /// seeded with the FNV-1a hash (Fowler, Noll and Vo; draft-eastlake-fnv) of a name.
  private struct Signs {
    private var state: UInt64

    init(name: String) {
      state = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    mutating func next() -> Bool {
      state &+= 0x9E37_79B9_7F4A_7C15
      var bits = state
      bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
      bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
      return (bits ^ bits >> 31) & 1 == 0
    }
  }
}

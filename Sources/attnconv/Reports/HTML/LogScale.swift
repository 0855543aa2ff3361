#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A logarithmic axis with places of their own for what no logarithm can show.
struct LogScale: Hashable {
  /// Where a value stands.
  enum Place: Hashable {
    /// Exactly 0.
    case zero
    /// Above 0 and below the axis.
    case below
    /// On the axis; 0 at its lower end, 1 at its upper end.
    case inside(Double)
    /// Finite and above the axis.
    case above
    /// NaN, infinite, or no number at all.
    case notFinite
  }

  /// The axis of relative differences: from less than single precision resolves to a wholly different tensor. It is the
  /// same in every report, so that reports can be held side by side.
  static let differences = LogScale(-9...1)

  /// The powers of ten at both ends.
  let exponents: ClosedRange<Int>

  /// Creates an axis between two powers of ten.
  ///
  /// - Precondition: the ends differ.
  init(_ exponents: ClosedRange<Int>) {
    precondition(exponents.lowerBound < exponents.upperBound, "an axis has a length")
    self.exponents = exponents
  }

  /// Where the magnitude of a value stands; `nil` stands for a value that is not finite.
  func place(_ value: Double?) -> Place {
    guard let value, value.isFinite else { return .notFinite }
    guard value != 0 else { return .zero }
    let fraction =
      (log10(abs(value)) - Double(exponents.lowerBound))
      / Double(exponents.upperBound - exponents.lowerBound)
    return fraction < 0 ? .below : fraction > 1 ? .above : .inside(fraction)
  }

  /// The powers of ten to label: every second, so that labels keep their distance, upper end included.
  var ticks: [Int] {
    Array(stride(from: exponents.upperBound, through: exponents.lowerBound, by: -2).reversed())
  }
}

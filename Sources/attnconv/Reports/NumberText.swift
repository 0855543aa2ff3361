/// Numbers of a report as people read them.
enum NumberText {
  /// Three significant digits: `1.23e-07`; a power of ten without them: `1e-05`.
  static func scientific(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return value == 0 ? "0" : "\(value)" }
    var (mantissa, exponent) = (abs(value), 0)
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    var digits = Int((mantissa * 100).rounded())
    if digits == 1000 { (digits, exponent) = (100, exponent + 1) }
    let fraction = digits % 100
    let text = "\(digits / 100)" + (fraction == 0 ? "" : ".\(fraction / 10)\(fraction % 10)")
    let power = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
    return (value < 0 ? "-" : "") + "\(text)e\(exponent < 0 ? "-" : "+")\(power)"
  }

  /// How many times: `0.4`, `12`, `41,000` (two digits, of small ones one behind the point).
  static func multiple(_ value: Double) -> String {
    guard value < 1e15 else { return scientific(value) }
    guard value >= 9.95 else {
      let tenths = Int((value * 10).rounded())
      return "\(tenths / 10).\(tenths % 10)"
    }
    var unit = 1
    while value / Double(unit) >= 99.5 { unit *= 10 }
    return (Int((value / Double(unit)).rounded()) * unit).grouped
  }

  /// Nine digits behind the point.
  static func fixed(_ cosine: Double) -> String {
    let digits = Int((abs(cosine) * 1e9).rounded())
    let fraction = String(digits % 1_000_000_000)
    let zeros = String(repeating: "0", count: 9 - fraction.count)
    return (cosine < 0 ? "-" : "") + "\(digits / 1_000_000_000)." + zeros + fraction
  }

  /// Three significant digits, with a power of ten only for very small and very large numbers.
  static func short(_ value: Double) -> String {
    let magnitude = abs(value)
    guard value == 0 || (1e-3..<1e4).contains(magnitude) else { return scientific(value) }
    let decimals =
      magnitude >= 100
      ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : magnitude >= 0.1 ? 3 : magnitude >= 0.01 ? 4 : 5
    let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
    let digits = String(Int((magnitude * scale).rounded()))
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    var text = padded.dropLast(decimals) + (decimals == 0 ? "" : ".") + padded.suffix(decimals)
    while decimals > 0, text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return (value < 0 ? "-" : "") + text
  }
}

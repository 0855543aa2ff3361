/// Text and numbers as they stand in a page.
enum HTMLText {
  /// The most characters of one text: far more than a sentence of this program has, so that a name from a file cannot
  /// blow the page up.
  static let maximumLength = 2000

  /// Text as ``MarkupText`` has it, the end of an overlong text counted instead.
  static func escaped(_ text: String) -> String {
    var text = text
    // Scalars, because one character may hold any number of combining marks.
    if text.utf8.count > maximumLength, text.unicodeScalars.count > maximumLength {
      let rest = text.unicodeScalars.count - maximumLength
      text = String(text.unicodeScalars.prefix(maximumLength)) + " ... (\(rest) more)"
    }
    return MarkupText.escaped(text)
  }

  /// A coordinate with at most two digits behind the point.
  ///
  /// - Precondition: the value is finite and below 1e9 in magnitude; scales give nothing else.
  static func coordinate(_ value: Double) -> String {
    precondition(abs(value) < 1e9, "a scale gives finite coordinates")
    let hundredths = Int((value * 100).rounded())
    let (whole, fraction) = (hundredths.magnitude / 100, hundredths.magnitude % 100)
    let digits = fraction % 10 == 0 ? "\(fraction / 10)" : fraction < 10 ? "0\(fraction)" : "\(fraction)"
    return (hundredths < 0 ? "-" : "") + "\(whole)" + (fraction == 0 ? "" : "." + digits)
  }

  /// A share of the width: `12.5%`.
  static func percent(_ share: Double) -> String { coordinate(share * 100) + "%" }

  /// A shape as people write it: `2 x 3 x 224 x 224`, with multiplication signs.
  static func shape(_ sides: [Int]) -> String {
    sides.isEmpty ? "scalar" : sides.map(String.init).joined(separator: " \u{D7} ")
  }

  /// A count with what is counted: `1 image`, `2 images`.
  static func count(_ number: Int, _ noun: String) -> String {
    "\(number.grouped) \(noun)" + (number == 1 ? "" : "s")
  }
}

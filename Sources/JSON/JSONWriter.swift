extension JSONValue {
  /// The value as JSON text.
  ///
  /// - Parameters:
  ///   - sortedNames: Whether the members of every object are put in the order of their UTF-8 names, so
  ///     that equal values give equal text.
  ///   - indented: Whether the text has line breaks and two spaces an indentation level.
  /// - Returns: The text, without a line break at its end.
  public func text(sortedNames: Bool = true, indented: Bool = false) -> String {
    var output: [UInt8] = []
    write(to: &output, sortedNames: sortedNames, indentation: indented ? 0 : nil)
    return String(decoding: output, as: UTF8.self)
  }

  /// Appends the value as JSON text in UTF-8, without any space.
  public func write(to output: inout [UInt8], sortedNames: Bool = true) {
    write(to: &output, sortedNames: sortedNames, indentation: nil)
  }

  private func write(to output: inout [UInt8], sortedNames: Bool, indentation: Int?) {
    switch self {
    case .null: output += "null".utf8
    case .bool(let flag): output += (flag ? "true" : "false").utf8
    case .integer(let number): output += String(number).utf8
    // The shortest text that reads back as the same number; JSON has no NaN or infinity.
    case .number(let number): output += (number.isFinite ? "\(number)" : "null").utf8
    case .string(let text): Self.write(text, to: &output)
    case .array(let elements):
      Self.write(
        elements, open: "[", close: "]", to: &output,
        // An array of plain values stays on one line.
        indentation: elements.allSatisfy(\.isScalar) ? nil : indentation
      ) { element, output, inner in
        element.write(to: &output, sortedNames: sortedNames, indentation: inner)
      }
    case .object(let members):
      let ordered =
        sortedNames ? members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } : members
      Self.write(ordered, open: "{", close: "}", to: &output, indentation: indentation) {
        member, output, inner in
        Self.write(member.name, to: &output)
        output += (inner == nil ? ":" : ": ").utf8
        member.value.write(to: &output, sortedNames: sortedNames, indentation: inner)
      }
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private static func write<Item>(
    _ items: [Item], open: Unicode.Scalar, close: Unicode.Scalar, to output: inout [UInt8], indentation: Int?,
    _ writeItem: (Item, inout [UInt8], Int?) -> Void
  ) {
    output.append(UInt8(ascii: open))
    let inner = indentation.map { $0 + 1 }
    for (index, item) in items.enumerated() {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      if let inner { breakLine(inner, &output) }
      writeItem(item, &output, inner)
    }
    if let indentation, !items.isEmpty { breakLine(indentation, &output) }
    output.append(UInt8(ascii: close))
  }

  private static func breakLine(_ indentation: Int, _ output: inout [UInt8]) {
    output.append(UInt8(ascii: "\n"))
    output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * indentation))
  }

  /// Appends a text in quotes, with what JSON wants to be escaped and DEL as escapes; all of that is ASCII.
  private static func write(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): output += #"\""#.utf8
      case UInt8(ascii: "\\"): output += #"\\"#.utf8
      case UInt8(ascii: "\n"): output += #"\n"#.utf8
      case UInt8(ascii: "\r"): output += #"\r"#.utf8
      case UInt8(ascii: "\t"): output += #"\t"#.utf8
      case 0..<0x20, 0x7F:
        let digits = String(byte, radix: 16)
        output += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}

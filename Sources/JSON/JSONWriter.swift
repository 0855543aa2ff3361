extension JSONValue {
  /// The value as JSON text.
  ///
  /// - Parameters:
  ///   - sortedNames: Whether the members of every object are put in the order of their UTF-8 names, so
  ///     that equal values give equal text.
  ///   - indented: Whether the text has line breaks and two spaces an indentation level.
  /// - Returns: The text, without a line break at its end.
  public func text(sortedNames: Bool = true, indented: Bool = false) -> String {
    var output = ""
    write(to: &output, sortedNames: sortedNames, indentation: indented ? 0 : nil)
    return output
  }

  private func write(to output: inout String, sortedNames: Bool, indentation: Int?) {
    switch self {
    case .null: output += "null"
    case .bool(let flag): output += flag ? "true" : "false"
    case .integer(let number): output += String(number)
    // The shortest text that reads back as the same number; JSON has no NaN or infinity.
    case .number(let number): output += number.isFinite ? "\(number)" : "null"
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
        output += inner == nil ? ":" : ": "
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
    _ items: [Item], open: String, close: String, to output: inout String, indentation: Int?,
    _ writeItem: (Item, inout String, Int?) -> Void
  ) {
    output += open
    let inner = indentation.map { $0 + 1 }
    for (index, item) in items.enumerated() {
      if index > 0 { output += "," }
      if let inner { output += "\n" + String(repeating: "  ", count: inner) }
      writeItem(item, &output, inner)
    }
    if let indentation, !items.isEmpty { output += "\n" + String(repeating: "  ", count: indentation) }
    output += close
  }

  private static func write(_ text: String, to output: inout String) {
    output += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      case "\u{0}"..<"\u{20}", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }
}

/// Text from files made safe to show: a name in a checkpoint must not steer the terminal.
enum VisibleText {
  /// The text with control characters, and those that change the direction of writing, as escapes.
  static func of(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isHidden) else { return text }
    var visible = ""
    for scalar in text.unicodeScalars {
      if isHidden(scalar) {
        visible += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      } else {
        visible.unicodeScalars.append(scalar)
      }
    }
    return visible
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // C0 and C1 controls, and delete.
    case 0..<0x20, 0x7F..<0xA0: true
    // Unicode Standard Annex 9: marks, embeddings, overrides and isolates of direction; line separators.
    case 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

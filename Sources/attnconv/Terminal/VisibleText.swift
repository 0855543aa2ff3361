/// Text from files made safe to show: a name in a checkpoint must steer neither what shows it nor a CI system.
enum VisibleText {
  /// A line of text in which control characters, those that cannot be seen or change the direction of writing, and the
  /// beginnings of commands to CI systems are escapes.
  ///
  /// GitHub Actions obeys lines that begin with `::` and `##[` anywhere in a line (actions/runner, `ActionCommand.cs`),
  /// Azure Pipelines `##vso[`, TeamCity `##teamcity[`.
  static func of(_ text: String) -> String {
    var visible = ""
    var previous: Unicode.Scalar?
    let command = text.unicodeScalars.drop(while: \.properties.isWhitespace)
    let colon = command.starts(with: "::".unicodeScalars) ? command.startIndex : nil
    for (index, scalar) in zip(text.unicodeScalars.indices, text.unicodeScalars) {
      if isHidden(scalar) || index == colon || (scalar == "#" && previous == "#") {
        visible += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        previous = nil
      } else {
        visible.unicodeScalars.append(scalar)
        previous = scalar
      }
    }
    return visible
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // C0 and C1 controls, and delete.
    case 0..<0x20, 0x7F..<0xA0: true
    // Unicode Standard Annex 9: marks, embeddings, overrides and isolates of direction; line separators; between them
    // and beside them the characters of no width.
    case 0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB: true
    // Tags, which repeat ASCII invisibly (Unicode Standard 23.9).
    case 0xE0000...0xE007F: true
    // Noncharacters (Unicode Standard 23.7), which HTML and XML forbid.
    case 0xFDD0...0xFDEF: true
    case let value where value & 0xFFFE == 0xFFFE: true
    default: false
    }
  }
}

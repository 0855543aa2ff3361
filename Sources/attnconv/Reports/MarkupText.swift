/// Text as it stands in HTML and XML, inside elements and attributes.
enum MarkupText {
  /// Text that is shown as it is: markup escaped, and what ``VisibleText`` hides, line breaks among it, as visible
  /// escapes. Nothing is left that XML 1.0 cannot hold (section 2.2, "Characters").
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in VisibleText.of(text).unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

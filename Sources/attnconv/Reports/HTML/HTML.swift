/// A piece of an HTML page.
///
/// Text and values of attributes are escaped where the page is written, so that nothing found in a file can become
/// markup.
///
///     HTML("p", ["class": "note"]) {
///       "first diverging layer: "
///       HTML("code") { name }
///     }
indirect enum HTML {
  /// Text to show.
  case text(String)
  /// An element of HTML or SVG with what it holds.
  case element(name: String, attributes: KeyValuePairs<String, String>, content: [HTML])
  /// The style sheet of the page, which is part of the program and is written as it is.
  case styleSheet(String)

  /// Creates an element. Names of elements and attributes are part of the program, never of a file.
  init(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:],
    @HTMLBuilder _ content: () -> [HTML] = { [] }
  ) {
    self = .element(name: name, attributes: attributes, content: content())
  }

  /// A whole document.
  static func document(_ root: HTML) -> String {
    var text = "<!DOCTYPE html>\n"
    root.write(to: &text)
    return text + "\n"
  }

  /// Appends the markup to a text.
  func write(to text: inout String) {
    switch self {
    case .text(let content): text += HTMLText.escaped(content)
    case .styleSheet(let content): text += "<style>\n\(content)</style>\n"
    case .element(let name, let attributes, let content):
      text += "<\(name)"
      for (attribute, value) in attributes { text += " \(attribute)=\"\(HTMLText.escaped(value))\"" }
      if content.isEmpty, Self.shapes.contains(name) {
        text += "/>"
      } else {
        text += ">"
        guard !Self.voids.contains(name) else { break }
        for piece in content { piece.write(to: &text) }
        text += "</\(name)>"
      }
    }
    // A page of one endless line is no pleasure to look into; around these no space is shown.
    if case .element(let name, _, _) = self, Self.blocks.contains(name) { text += "\n" }
  }

  /// Elements without an end tag (HTML Standard, 13.1.2).
  private static let voids: Set<String> = ["meta"]
  /// Elements of SVG, which may close themselves.
  private static let shapes: Set<String> = ["line", "path", "rect", "use"]
  private static let blocks: Set<String> = [
    "body", "dd", "details", "div", "dl", "figure", "footer", "g", "h1", "h2", "h3", "h4", "head", "header",
    "li", "line",
    "main", "meta", "nav", "ol", "p", "path", "rect", "section", "svg", "table", "tbody", "thead", "title",
    "tr", "ul",
    "use",
  ]
}

/// Puts the pieces written in braces in a row.
@resultBuilder
enum HTMLBuilder {
  static func buildExpression(_ piece: HTML) -> [HTML] { [piece] }
  static func buildExpression(_ pieces: [HTML]) -> [HTML] { pieces }
  static func buildExpression(_ text: String) -> [HTML] { [.text(text)] }
  static func buildBlock(_ pieces: [HTML]...) -> [HTML] { pieces.flatMap { $0 } }
  static func buildOptional(_ pieces: [HTML]?) -> [HTML] { pieces ?? [] }
  static func buildEither(first pieces: [HTML]) -> [HTML] { pieces }
  static func buildEither(second pieces: [HTML]) -> [HTML] { pieces }
  static func buildArray(_ pieces: [[HTML]]) -> [HTML] { pieces.flatMap { $0 } }
}

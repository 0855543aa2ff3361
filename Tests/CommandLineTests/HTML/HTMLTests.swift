import Testing
@testable import attnconv

/// Markup, and names from files that would like to be markup.
@Suite struct HTMLTests {
  private func markup(_ piece: HTML) -> String {
    var text = ""
    piece.write(to: &text)
    return text
  }

  @Test(
    arguments: [
      ("stages.0.conv1", "stages.0.conv1"),
      ("", ""),
      ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
      ("a & b &amp; c", "a &amp; b &amp;amp; c"),
      ("\" onload=\"x' y", "&quot; onload=&quot;x&#39; y"),
      ("a\u{202E}b\u{2066}c\u{61C}", "a\\u{202E}b\\u{2066}c\\u{61C}"),
      ("a\u{0}b\r\nc\u{1B}[31m\u{7F}\u{85}", "a\\u{0}b\\u{D}\\u{A}c\\u{1B}[31m\\u{7F}\\u{85}"),
      ("a\u{200B}b\u{FEFF}c\u{E0041}", "a\\u{200B}b\\u{FEFF}c\\u{E0041}"),
      ("\u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{1F600} \u{E9}", "\u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{1F600} \u{E9}"),
    ])
  func `text shows and never steers`(_ text: String, _ expected: String) {
    #expect(HTMLText.escaped(text) == expected)
    #expect(markup(HTML("p") { text }) == "<p>\(expected)</p>\n")
    #expect(markup(HTML("code", ["title": text])) == "<code title=\"\(expected)\"></code>")
  }

  @Test func `noncharacters, which HTML forbids, are shown as escapes`() {
    // U+FFFE, U+1FFFF, U+FDD0.
    let bytes: [UInt8] = [0xEF, 0xBF, 0xBE, 0xF0, 0x9F, 0xBF, 0xBF, 0xEF, 0xB7, 0x90]
    #expect(HTMLText.escaped(String(decoding: bytes, as: UTF8.self)) == "\\u{FFFE}\\u{1FFFF}\\u{FDD0}")
  }

  @Test func `overlong text is cut and the rest counted`() {
    let longest = String(repeating: "x", count: HTMLText.maximumLength)
    #expect(HTMLText.escaped(longest) == longest)
    #expect(HTMLText.escaped(longest + "yz") == longest + " ... (2 more)")
    // One character of very many combining marks.
    let marks = "e" + String(repeating: "\u{301}", count: 100_000)
    #expect(HTMLText.escaped(marks).unicodeScalars.count < HTMLText.maximumLength + 30)
  }

  @Test func `elements nest, and those without content need no end`() {
    let piece = HTML("div", ["class": "a", "id": "b"]) {
      HTML("b") { "x" }
      for number in 1...2 { "\(number)" }
      if markup(.text("<")) == "<" { "never" } else { HTML("meta", ["charset": "utf-8"]) }
      HTML("path", ["d": "M0 0"])
      HTML("code")
    }
    #expect(
      markup(piece)
        == "<div class=\"a\" id=\"b\"><b>x</b>12<meta charset=\"utf-8\">\n<path d=\"M0 0\"/>\n<code></code></div>\n"
    )
  }

  @Test(
    arguments: [
      (0, "0"), (1, "1"), (0.5, "0.5"), (0.05, "0.05"), (0.25, "0.25"), (-0.004, "0"), (-0.05, "-0.05"),
      (12.3456, "12.35"), (99.999, "100"), (-7.5, "-7.5"), (1e8, "100000000"),
    ])
  func `coordinates have at most two digits behind the point`(_ value: Double, _ text: String) {
    #expect(HTMLText.coordinate(value) == text)
  }

  @Test(
    arguments: [
      (0, "0"), (-0.0, "0"), (1, "1"), (-1.5, "-1.5"), (0.1234, "0.123"), (0.01234, "0.0123"),
      (0.001234, "0.00123"),
      (0.0009994, "9.99e-04"), (9.999, "10"), (0.9999, "1"), (12.34, "12.3"), (123.4, "123"), (9999, "9999"),
      (10000, "1e+04"), (-0.05, "-0.05"), (1e-30, "1e-30"),
    ])
  func `short numbers have three significant digits`(_ value: Double, _ text: String) {
    #expect(NumberText.short(value) == text)
  }
}

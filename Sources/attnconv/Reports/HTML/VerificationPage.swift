/// The report of one or more verifications as a web page: one file that needs no script and asks for nothing else.
struct VerificationPage {
  /// The verifications, in the order given.
  let sections: [VerificationSection]

  /// The beginning of every page.
  static let beginning = "<!DOCTYPE html>\n<html lang=\"en\">"

  /// The bytes of the page; the same for the same verifications.
  var bytes: [UInt8] { Array(HTML.document(root).utf8) }

  private var title: String {
    guard sections.count != 1, !sections.isEmpty else {
      return (sections.first?.title ?? "nothing") + " \u{2013} verification"
    }
    return "Verification of \(sections.count) checkpoints"
  }

  private var root: HTML {
    HTML("html", ["lang": "en"]) {
      HTML("head") {
        HTML("meta", ["charset": "utf-8"])
        // Nothing is loaded and nothing runs, whatever a name in a file might try.
        HTML(
          "meta",
          [
            "http-equiv": "Content-Security-Policy",
            "content": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
          ])
        HTML("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
        HTML("meta", ["name": "color-scheme", "content": "light dark"])
        HTML("title") { title }
        HTML.styleSheet(String(decoding: PackageResources.page_css, as: UTF8.self))
      }
      HTML("body") {
        ErrorChart.symbols
        HTML("main") { sections.count == 1 ? single : several }
        HTML("footer") { HTML("p") { "attnconv \(Attnconv.version)" } }
      }
    }
  }

  private var single: [HTML] {
    sections.flatMap { section in
      [
        HTML("p", ["class": "kicker"]) {
          "Verification report" + (section.subtitle.map { " \u{B7} \($0)" } ?? "")
        },
        HTML("h1") { HTML("code") { section.title } },
      ] + section.content(level: 2)
    }
  }

  private var several: [HTML] {
    [HTML("h1") { title }, index]
      + sections.enumerated().map { index, section in
        HTML("section", ["class": "entry", "id": "entry-\(index)"]) {
          HTML("h2") { HTML("code") { section.title } }
          section.content(level: 3)
        }
      }
  }

  private var index: HTML {
    HTML("table", ["class": "index"]) {
      HTML("thead") {
        HTML("tr") {
          for title in ["checkpoint", "verdict", ""] { HTML("th", ["scope": "col"]) { title } }
        }
      }
      HTML("tbody") {
        for (index, section) in sections.enumerated() {
          HTML("tr", ["class": section.outcome == .passed ? "passes" : "fails"]) {
            HTML("th", ["scope": "row"]) {
              HTML("a", ["href": "#entry-\(index)"]) { HTML("code") { section.title } }
            }
            HTML("td", ["class": "verdict"]) { section.outcome.title }
            HTML("td") { section.statement }
          }
        }
      }
    }
  }
}

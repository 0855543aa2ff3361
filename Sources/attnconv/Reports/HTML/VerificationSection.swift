import Bytes

/// One verification on a page: what it concerned, how it ended, and everything behind it.
struct VerificationSection {
  /// How a verification ended.
  enum Outcome: String {
    /// Everything agrees.
    case passed
    /// Something differs.
    case failed
    /// It could not be carried out.
    case impossible

    /// The word that says so.
    var title: String {
      switch self {
      case .passed: "Passed"
      case .failed: "Failed"
      case .impossible: "Not verified"
      }
    }

    /// The outline of the sign beside it, in a square of 24.
    var sign: String {
      switch self {
      case .passed: "M5 12.5l4.5 4.5L19 7.5"
      case .failed: "M6 6l12 12M18 6L6 18"
      case .impossible: "M12 5v9M12 17.5v1.5"
      }
    }
  }

  /// What was verified: the path of the checkpoint.
  let title: String
  /// The network; `nil` where it is not known.
  let subtitle: String?
  /// How it ended.
  let outcome: Outcome
  /// How it ended, in a sentence.
  let statement: String
  /// What follows, as parts with a heading each.
  let parts: [Part]

  /// A part of a section.
  struct Part {
    /// The heading; `nil` for what follows the statement directly.
    let title: String?
    /// What stands below it.
    let content: [HTML]

    init(_ title: String?, @HTMLBuilder _ content: () -> [HTML]) {
      self.title = title
      self.content = content()
    }
  }

  /// Creates a section of what a verification found.
  init(title: String, subtitle: String? = nil, outcome: Outcome, statement: String, parts: [Part]) {
    self.title = title
    self.subtitle = subtitle
    self.outcome = outcome
    self.statement = statement
    self.parts = parts
  }

  /// A section that says why a verification could not be carried out.
  init(title: String, error: any Error) {
    let explained = error as? any ExplainedError
    let place = explained?.file.map { $0 == title ? "" : "\($0): " } ?? ""
    let offset = explained?.offset.map { " (at byte \($0))" } ?? ""
    self.init(
      title: title, outcome: .impossible, statement: place + (explained?.message ?? "\(error)") + offset,
      parts: explained?.hint.map { hint in [Part(nil) { HTML("p") { "Hint: \(hint)" } }] } ?? [])
  }

  /// The statement and all parts, with headings of a level.
  func content(level: Int) -> [HTML] {
    let statement = HTML("div", ["class": "statement \(outcome.rawValue)"]) {
      HTML("svg", ["class": "sign", "viewBox": "0 0 24 24", "aria-hidden": "true"]) {
        HTML("path", ["d": outcome.sign])
      }
      HTML("div") {
        HTML("p", ["class": "word"]) { outcome.title }
        HTML("p") { self.statement }
      }
    }
    return [statement]
      + parts.map { part in
        HTML("section") {
          if let title = part.title { HTML("h\(level)") { title } }
          part.content
        }
      }
  }
}

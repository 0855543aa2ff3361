import Verification

/// Comparisons of tensors as a table.
struct TensorTable {
  private let comparisons: [Comparison]
  private let verdict: Verdict
  /// What the table is called where it has to be scrolled.
  private let label: String
  /// What each recorded tensor differs by when it is computed from the recorded tensors before it.
  private let local: [String: Comparison]

  /// So many tensors are shown as the worst.
  static let worstCount = 10

  /// A table of some comparisons of a verdict.
  init(_ comparisons: [Comparison], of verdict: Verdict, label: String) {
    self.comparisons = comparisons
    self.verdict = verdict
    self.label = label
    // A network without taps is one part, whose own comparison says nothing new.
    let local = verdict.taps.isEmpty ? [] : verdict.local
    self.local = Dictionary(local.map { ($0.tensor, $0) }) { first, _ in first }
  }

  /// The comparisons with the largest relative differences, largest first; those without a finite one come before.
  static func worst(_ comparisons: [Comparison]) -> [Comparison] {
    let order = comparisons.enumerated().map { index, comparison in
      (difference: comparison.relativeDifference ?? .infinity, index: index)
    }
    .sorted { ($1.difference, $0.index) < ($0.difference, $1.index) }
    return order.prefix(worstCount).map { comparisons[$0.index] }
  }

  var content: HTML {
    HTML("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": label]) {
      HTML("table") {
        HTML("thead") {
          HTML("tr") {
            HTML("th", ["scope": "col"]) { "tensor" }
            HTML("th", ["scope": "col"]) { "verdict" }
            for title in columns { HTML("th", ["scope": "col", "class": "number"]) { title } }
            HTML("th", ["scope": "col"]) { "shape" }
          }
        }
        HTML("tbody") { comparisons.map(row) }
      }
    }
  }

  /// The titles of the columns that hold numbers.
  private var columns: [String] {
    ["max rel"] + (local.isEmpty ? [] : ["by itself"]) + (verdict.noiseFloor == nil ? [] : ["noise"])
      + ["max abs", "at index", "actual", "expected", "cosine"]
  }

  private func row(_ comparison: Comparison) -> HTML {
    HTML("tr", ["class": comparison.passes ? "passes" : "fails"]) {
      HTML("th", ["scope": "row"]) { HTML("code") { comparison.tensor } }
      HTML("td", ["class": "verdict"]) {
        comparison.passes ? "pass" : verdict.follows(comparison) ? "FAIL, follows" : "FAIL"
      }
      for number in numbers(comparison) { HTML("td", ["class": "number"]) { number ?? "\u{2013}" } }
      HTML("td", ["class": "shape"]) { HTMLText.shape(comparison.shape) }
    }
  }

  /// The cells of a comparison that hold numbers; `nil` where there is none.
  private func numbers(_ comparison: Comparison) -> [String?] {
    let largest = comparison.largestAbsolute
    let itself = local[comparison.tensor]?.relativeDifference.map(NumberText.scientific)
    let noise = verdict.noiseFloor.map { [$0[comparison.node].map(NumberText.scientific)] } ?? []
    let relative =
      [comparison.relativeDifference.map(NumberText.scientific)] + (local.isEmpty ? [] : [itself]) + noise
    return relative + [
      largest.map { NumberText.scientific($0.value) },
      largest.map { $0.index.map(String.init).joined(separator: ", ") },
      // Single precision, which is what was recorded, in as many digits as tell it from its neighbours.
      largest.map { "\(Float($0.actual))" },
      largest.map { "\(Float($0.expected))" },
      comparison.cosineSimilarity.map(NumberText.fixed),
    ]
  }
}

/// The distributions of the attention modules' parameters: a row of small pictures for each parameter, one a stage.
struct HistogramChart {
  private let weights: AttentionWeights

  /// The height of a picture in its own units; the page stretches it.
  private static let height = 100
  /// The table lists at most so many parameters: more than a ResNet-101 with CBAM has, and few enough for the page to
  /// stay light.
  private static let maximumRows = 320

  init(_ weights: AttentionWeights) { self.weights = weights }

  /// Pictures of the weights, those of biases and norms folded away, and the numbers of every parameter.
  var content: [HTML] {
    let shown = weights.roles.filter(\.isWeight)
    let first = shown.isEmpty ? weights.roles : shown
    let rest = shown.isEmpty ? [] : weights.roles.filter { !$0.isWeight }
    var content = first.map(row)
    if !rest.isEmpty {
      content.append(
        HTML("details") {
          HTML("summary") { "Biases and norms (\(HTMLText.count(rest.count, "parameter")) of each module)" }
          rest.map(row)
        })
    }
    return content + [table]
  }

  private func row(_ role: AttentionWeights.Role) -> HTML {
    HTML("figure", ["class": "distributions"]) {
      HTML("figcaption") { HTML("code") { role.name } }
      HTML("div", ["class": "panels"]) {
        for stage in role.stages { panel(stage, of: role) }
      }
    }
  }

  private func panel(_ stage: AttentionWeights.Stage, of role: AttentionWeights.Role) -> HTML {
    HTML("div", ["class": "panel"]) {
      HTML("p", ["class": "stage"]) {
        HTML("b") { stage.title }
        " " + Self.size(stage)
      }
      if let histogram = stage.histogram {
        Self.picture(histogram, stage.values, label: "\(role.name), \(stage.title)")
        HTML("p", ["class": "ends"]) {
          HTML("span") { NumberText.short(histogram.range.lowerBound) }
          HTML("span") { NumberText.short(histogram.range.upperBound) }
        }
      }
      HTML("p", ["class": "numbers"]) {
        for number in Self.numbers(stage.statistics) {
          HTML("span") { number }
          " "
        }
      }
    }
  }

  private static func size(_ stage: AttentionWeights.Stage) -> String {
    let count = stage.statistics.count.grouped
    return stage.parameters.count == 1 ? count : "\(count) in \(stage.parameters.count) modules"
  }

  /// What the numbers amount to, in words that stay together.
  private static func numbers(_ statistics: WeightStatistics) -> [String] {
    var parts: [String] = []
    if let range = statistics.range, let mean = statistics.mean, let deviation = statistics.deviation {
      parts = [
        "min \(NumberText.short(range.lowerBound))", "mean \(NumberText.short(mean))",
        "max \(NumberText.short(range.upperBound))", "sd \(NumberText.short(deviation))",
      ]
    }
    parts.append(HTMLText.count(statistics.zeros, "zero"))
    if statistics.notFinite > 0 { parts.append("\(statistics.notFinite.grouped) NaN or infinite") }
    return parts
  }

  private static func picture(_ histogram: Histogram, _ values: [Float]?, label: String) -> HTML {
    let range = histogram.range
    let width = range.upperBound - range.lowerBound
    func place(_ value: Double) -> String {
      HTMLText.percent(width > 0 ? (value - range.lowerBound) / width : 0.5)
    }
    return HTML("svg", ["class": "picture", "role": "img", "aria-label": "distribution of \(label)"]) {
      if range.contains(0) {
        HTML("line", ["class": "origin", "x1": place(0), "x2": place(0), "y1": "0", "y2": "100%"])
      }
      if let values {
        for value in values where value.isFinite {
          let x = place(Double(value))
          HTML("line", ["class": "single", "x1": x, "x2": x, "y1": "25%", "y2": "100%"])
        }
      } else {
        HTML(
          "svg",
          [
            "viewBox": "0 0 \(histogram.counts.count) \(height)", "preserveAspectRatio": "none",
            "width": "100%",
            "height": "100%",
          ]
        ) {
          HTML("path", ["class": "bars", "d": outline(histogram.counts)])
        }
      }
      HTML("line", ["class": "base", "x1": "0", "x2": "100%", "y1": "100%", "y2": "100%"])
    }
  }

  /// The outline of the columns. A part that is not empty is at least one unit high, so that tails can be seen.
  private static func outline(_ counts: [Int]) -> String {
    guard let highest = counts.max(), highest > 0 else { return "M0 \(height)" }
    var text = "M0 \(height)"
    for count in counts {
      let share = (Double(count) / Double(highest) * Double(height)).rounded()
      text += "V\(height - max(Int(share), count > 0 ? 1 : 0))h1"
    }
    return text + "V\(height)z"
  }

  /// The numbers of every parameter on its own: what lies in one stage is counted together above.
  private var table: HTML {
    let parameters = weights.roles.flatMap { $0.stages.flatMap(\.parameters) }
    let rest = parameters.count - Self.maximumRows
    return HTML("details") {
      HTML("summary") { "Each of the \(HTMLText.count(parameters.count, "parameter")) on its own" }
      HTML(
        "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "attention parameters"]
      ) {
        HTML("table") {
          HTML("thead") {
            HTML("tr") {
              for (index, title) in Self.columns.enumerated() {
                HTML("th", ["scope": "col", "class": index < 2 ? "text" : "number"]) { title }
              }
            }
          }
          HTML("tbody") { parameters.prefix(Self.maximumRows).map(Self.row) }
        }
      }
      if rest > 0 {
        HTML("p", ["class": "note"]) { "and \(rest.grouped) more; 'attnconv inspect --tensors' lists all" }
      }
    }
  }

  private static let columns = ["parameter", "shape", "min", "mean", "max", "sd", "zeros", "NaN, \u{221E}"]

  private static func row(_ parameter: AttentionWeights.Parameter) -> HTML {
    let statistics = parameter.statistics
    let numbers =
      [statistics.range?.lowerBound, statistics.mean, statistics.range?.upperBound, statistics.deviation]
      .map { $0.map(NumberText.short) ?? "\u{2013}" } + [
        statistics.zeros.grouped, statistics.notFinite.grouped,
      ]
    return HTML("tr") {
      HTML("th", ["scope": "row"]) { HTML("code") { parameter.name } }
      HTML("td") { HTMLText.shape(parameter.shape) }
      for number in numbers { HTML("td", ["class": "number"]) { number } }
    }
  }
}

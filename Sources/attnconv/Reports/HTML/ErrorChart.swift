/// How far each tensor is from what was recorded, in the order of the network, on a logarithmic scale.
///
/// Places across are shares of the width and places down are pixels, so that the chart fills any width while text and
/// marks keep their size.
struct ErrorChart {
  /// What a mark stands for. Each has a shape of its own, so that colour is never needed to tell them apart.
  enum Series: String, CaseIterable {
    /// A tensor that agrees: a disc.
    case passing = "pass"
    /// A tensor that differs: a cross.
    case failing = "fail"
    /// A tensor computed from the recorded tensors before it, which agrees: an open diamond.
    case locallyPassing = "local"
    /// A tensor computed from the recorded tensors before it, which differs: a filled diamond.
    case locallyFailing = "local-fail"
    /// What rounding alone makes of the tensor: a dash.
    case noise

    /// What the legend says.
    var title: String {
      switch self {
      case .passing: "agrees"
      case .failing: "differs"
      case .locallyPassing: "agrees when computed from the recorded tensors before it"
      case .locallyFailing: "differs although computed from the recorded tensors before it"
      case .noise: "noise floor: single against double precision on the same weights"
      }
    }

    /// The outline around the origin.
    var path: String {
      switch self {
      case .passing: "M-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0-6.4 0z"
      case .failing: "M-4-4L4 4M-4 4L4-4"
      case .locallyPassing: "M0-5L5 0L0 5L-5 0z"
      // Larger than the cross of the same tensor, which lies on it.
      case .locallyFailing: "M0-8L8 0L0 8L-8 0z"
      case .noise: "M-4 0H4"
      }
    }
  }

  /// One value of a tensor.
  struct Mark {
    /// What it stands for.
    let series: Series
    /// The relative difference; `nil` where it is not finite.
    let value: Double?
  }

  /// A tensor or node, with all that is known of it.
  struct Item {
    /// The name that is shown.
    let name: String
    /// The canonical name of the node, which tells where in the network it is.
    let node: String
    /// The values.
    let marks: [Mark]
  }

  private let items: [Item]
  private let tolerance: Double
  private let axis: NetworkAxis
  /// What makes the identifiers of this chart its own.
  private let identifier: String
  private let scale = LogScale.differences

  /// Charts items in the order of the network.
  init(_ items: [Item], tolerance: Double, identifier: String) {
    self.items = items
    self.tolerance = tolerance
    self.identifier = identifier
    axis = NetworkAxis(items.map { $0.name == "output" ? "output" : NetworkAxis.group(of: $0.node) })
  }

  /// The place of the first item that differs.
  private var firstFailing: Int? {
    items.firstIndex { $0.marks.contains { $0.series == .failing } }
  }

  /// The chart with its scale and its legend.
  var content: HTML {
    HTML("figure", ["class": "chart"]) {
      HTML("figcaption") {
        "Largest difference of each tensor, relative to the largest magnitude recorded for it"
      }
      HTML("div", ["class": "plot"]) {
        scaleLabels
        HTML(
          "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "differences by layer"]
        ) {
          picture
        }
      }
      legend
    }
  }

  /// The outlines of all marks, which charts refer to.
  static var symbols: HTML {
    HTML("svg", ["class": "symbols", "width": "0", "height": "0", "aria-hidden": "true"]) {
      HTML("defs") {
        for series in Series.allCases {
          HTML("path", ["id": "mark-\(series.rawValue)", "d": series.path])
        }
      }
    }
  }

  private var scaleLabels: HTML {
    func label(_ text: String, _ y: Double) -> HTML {
      HTML("text", ["x": "100%", "y": HTMLText.coordinate(y + 4), "text-anchor": "end"]) { text }
    }
    return HTML("svg", ["class": "scale", "height": "\(Int(Rows.height))", "aria-hidden": "true"]) {
      label("NaN, \u{221E}", Rows.notFinite)
      for exponent in scale.ticks {
        let y = Rows.y(scale.place(Self.power(exponent)))
        HTML("text", ["x": "100%", "y": HTMLText.coordinate(y + 4), "text-anchor": "end"]) {
          if exponent == 0 || exponent == 1 {
            exponent == 0 ? "1" : "10"
          } else {
            "10"
            HTML("tspan", ["dy": "-5", "class": "exponent"]) {
              "\(exponent)".replacing("-", with: "\u{2212}")
            }
          }
        }
      }
      label("exactly 0", Rows.zero)
    }
  }

  private var picture: HTML {
    let (title, description) = ("\(identifier)-title", "\(identifier)-description")
    return HTML(
      "svg",
      [
        "class": "points", "role": "img", "height": "\(Int(Rows.height))",
        "style": "min-width:\(items.count * 5)px", "aria-labelledby": title, "aria-describedby": description,
      ]
    ) {
      HTML("title", ["id": title]) { "Differences in the order of the network" }
      HTML("desc", ["id": description]) { summary }
      bands
      grid
      toleranceLine
      marks
    }
  }

  /// The chart in words.
  private var summary: String {
    let failing = items.count { $0.marks.contains { $0.series == .failing } }
    let judged = items.count { $0.marks.contains { $0.series == .failing || $0.series == .passing } }
    let first = firstFailing.map { "; the first is \(items[$0].name)" } ?? ""
    return "\(failing) of \(judged) tensors lie above the tolerance of "
      + NumberText.scientific(tolerance) + first + ". The tables below hold the numbers."
  }

  private var bands: HTML {
    HTML("g", ["class": "bands"]) {
      for (index, group) in axis.groups.enumerated() {
        HTML(
          "rect",
          [
            "class": index % 2 == 0 ? "even" : "odd", "x": HTMLText.percent(group.begin),
            "width": HTMLText.percent(group.end - group.begin), "y": "0",
            "height": HTMLText.coordinate(Rows.labels),
          ])
        HTML(
          "text",
          [
            "x": HTMLText.percent((group.begin + group.end) / 2), "y": HTMLText.coordinate(Rows.labels + 16),
            "text-anchor": "middle",
          ]
        ) { group.title }
      }
    }
  }

  private var grid: HTML {
    func line(_ y: Double, _ kind: String) -> HTML {
      let y = HTMLText.coordinate(y)
      return HTML("line", ["class": kind, "x1": "0", "x2": "100%", "y1": y, "y2": y])
    }
    return HTML("g", ["class": "grid"]) {
      line(Rows.top - Rows.gap, "edge")
      for exponent in scale.ticks { line(Rows.y(scale.place(Self.power(exponent))), "tick") }
      line(Rows.bottom + Rows.gap, "edge")
    }
  }

  private var toleranceLine: HTML {
    let y = Rows.y(scale.place(tolerance))
    return HTML("g", ["class": "tolerance"]) {
      HTML(
        "line",
        ["x1": "0", "x2": "100%", "y1": HTMLText.coordinate(y), "y2": HTMLText.coordinate(y)])
      HTML("text", ["x": "6", "y": HTMLText.coordinate(y - 6)]) {
        "tolerance " + NumberText.scientific(tolerance)
      }
      if let firstFailing {
        let x = HTMLText.percent(axis.places[firstFailing])
        let isLeft = axis.places[firstFailing] < 0.5
        HTML("line", ["class": "first", "x1": x, "x2": x, "y1": "0", "y2": HTMLText.coordinate(Rows.labels)])
        HTML(
          "text",
          [
            "class": "first", "x": x, "dx": isLeft ? "5" : "-5", "y": HTMLText.coordinate(Rows.bottom - 8),
            "text-anchor": isLeft ? "start" : "end",
          ]
        ) { "first to differ" }
      }
    }
  }

  private var marks: HTML {
    HTML("g", ["class": items.count > 150 ? "marks dense" : "marks"]) {
      // The noise floor lies behind everything else.
      for series in Series.allCases.reversed() {
        for (item, x) in zip(items, axis.places) {
          for mark in item.marks where mark.series == series {
            let y = HTMLText.coordinate(Rows.y(scale.place(mark.value)))
            HTML(
              "use",
              [
                "href": "#mark-\(series.rawValue)", "class": series.rawValue, "x": HTMLText.percent(x),
                "y": y,
              ]
            ) {
              HTML("title") { "\(item.name): " + (mark.value.map(NumberText.scientific) ?? "not finite") }
            }
          }
        }
      }
    }
  }

  private var legend: HTML {
    let shown = Series.allCases.filter { series in
      items.contains { $0.marks.contains { $0.series == series } }
    }
    return HTML("ul", ["class": "legend"]) {
      for series in shown {
        HTML("li") {
          HTML("svg", ["class": "key", "viewBox": "-9 -9 18 18", "aria-hidden": "true"]) {
            HTML("use", ["href": "#mark-\(series.rawValue)", "class": series.rawValue])
          }
          series.title
        }
      }
    }
  }

  private static func power(_ exponent: Int) -> Double {
    (0..<exponent.magnitude).reduce(1) { power, _ in exponent < 0 ? power / 10 : power * 10 }
  }
}

extension ErrorChart {
  /// The rows of the chart, in pixels from its top.
  private enum Rows {
    /// The row of values that are not finite.
    static let notFinite = 12.0
    /// The upper end of the logarithmic part.
    static let top = 34.0
    /// The lower end of the logarithmic part.
    static let bottom = 274.0
    /// The row of values that are exactly 0.
    static let zero = 296.0
    /// The end of the bands, below which their labels stand.
    static let labels = 308.0
    /// The height of the whole.
    static let height = 330.0
    /// How far the logarithmic part is from the lines that end it, where values beyond its ends stand.
    static let gap = 9.0

    static func y(_ place: LogScale.Place) -> Double {
      switch place {
      case .notFinite: notFinite
      case .above: top - gap / 2
      case .inside(let fraction): bottom - fraction * (bottom - top)
      case .below: bottom + gap / 2
      case .zero: zero
      }
    }
  }
}

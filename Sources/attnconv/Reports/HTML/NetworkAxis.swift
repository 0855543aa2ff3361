/// Places across a chart for the layers of a network, grouped by stage.
struct NetworkAxis {
  /// Neighbouring layers of one part of the network.
  struct Group: Hashable {
    /// The part: `stem`, `stage 0`, `head`.
    let title: String
    /// Where it begins, as a share of the width.
    let begin: Double
    /// Where it ends.
    let end: Double
  }

  /// The groups from left to right; they fill the width.
  let groups: [Group]
  /// The place of each layer, in the middle of its share of its group.
  let places: [Double]

  /// The smallest share of the width that a group gets, so that there is room for its name.
  private static let minimumShare = 0.07

  /// Arranges layers by the titles of their groups, in the order of the network.
  init(_ titles: [String]) {
    var runs: [(title: String, count: Int)] = []
    for title in titles {
      if runs.last?.title == title {
        runs[runs.count - 1].count += 1
      } else {
        runs.append((title, 1))
      }
    }
    let least = Double(titles.count) * Self.minimumShare
    let widths = runs.map { max(Double($0.count), least) }
    let total = widths.reduce(0, +)
    var groups: [Group] = []
    var places: [Double] = []
    var begin = 0.0
    for (run, width) in zip(runs, widths) {
      groups.append(Group(title: run.title, begin: begin / total, end: (begin + width) / total))
      for index in 0..<run.count {
        places.append((begin + (Double(index) + 0.5) / Double(run.count) * width) / total)
      }
      begin += width
    }
    self.groups = groups
    self.places = places
  }

  /// The part of the network that a node belongs to, by its canonical name.
  static func group(of node: String) -> String {
    let parts = node.split(separator: ".")
    return switch parts.first {
    case "stages" where parts.count > 1: "stage \(parts[1])"
    // A module on its own: its branches.
    case "attention" where parts.count > 2: String(parts[1])
    case let first?: String(first)
    case nil: ""
    }
  }
}

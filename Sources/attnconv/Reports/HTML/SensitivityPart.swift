import Verification

/// Which parameters a reference does not check, in words.
struct SensitivityPart {
  private let sensitivity: Sensitivity

  /// At most so many groups are listed.
  private static let maximumGroups = 24

  init(_ sensitivity: Sensitivity) { self.sensitivity = sensitivity }

  var part: VerificationSection.Part {
    VerificationSection.Part("What the reference cannot see") {
      HTML("p") { summary }
      let groups = sensitivity.blindGroups
      if !groups.isEmpty {
        HTML("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "blind spots"]) {
          HTML("table", ["class": "blind"]) {
            HTML("thead") {
              HTML("tr") {
                for title in ["place", "places", "parameters", "why"] {
                  HTML("th", ["scope": "col"]) { title }
                }
              }
            }
            HTML("tbody") { groups.prefix(Self.maximumGroups).map(Self.row) }
          }
        }
      }
      if groups.count > Self.maximumGroups {
        HTML("p", ["class": "note"]) {
          "and \(groups.count - Self.maximumGroups) more groups; --json lists all parameters"
        }
      }
      if let weakest = sensitivity.weakest, weakest.change.isFinite {
        HTML("p", ["class": "note"]) {
          "Of those that are seen, "
          HTML("code") { weakest.parameter }
          " shows least: it changes \(weakest.tensor) by \(NumberText.scientific(weakest.change))."
        }
      }
    }
  }

  private var summary: String {
    let (seen, all) = (sensitivity.seenCount, sensitivity.responses.count)
    let percent = Int((Sensitivity.step * 100).rounded())
    let moved = "Each parameter was moved by \(percent) % of its largest magnitude. "
    return seen == all
      ? moved + "The reference sees all \(all)."
      : moved + "The reference does not see \(all - seen) of \(all): a fault in them would pass."
  }

  private static func row(_ group: BlindSpotGroup) -> HTML {
    HTML("tr") {
      HTML("th", ["scope": "row"]) {
        if group.path.isEmpty { "the whole network" } else { HTML("code") { group.path } }
      }
      HTML("td", ["class": "number"]) { "\(group.places)" }
      HTML("td") { HTML("code") { group.parameters.joined(separator: ", ") } }
      HTML("td") {
        group.obstacles.isEmpty
          ? "changes what was recorded by \(NumberText.scientific(group.largestChange)) at most"
          : group.obstacles.joined(separator: "; ")
      }
    }
  }
}

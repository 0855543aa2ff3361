import Architectures
import Checkpoint
import Execution
import Verification

/// What became of one pin, as a section of a page.
struct PinSection {
  private let check: PinCheck
  private let file: PinFile
  private let outcome: CheckOutcome
  private let engine: Engine
  private let identifier: String

  /// Describes the check of a pin of a file, which ran on an engine.
  init(
    _ check: PinCheck, of file: PinFile, _ outcome: CheckOutcome, engine: Engine, identifier: String
  ) {
    self.check = check
    self.file = file
    self.outcome = outcome
    self.engine = engine
    self.identifier = identifier
  }

  /// The section. What was compared is opened again for what the verdict does not hold.
  var section: VerificationSection {
    switch check.outcome {
    case .holds(let verdict), .diverged(let verdict):
      do {
        let checkpoint = try Checkpoint(file.location(of: check.pin.checkpoint))
        let reference = try Reference(file.location(of: check.pin.reference))
        let verifier = Verifier(tolerance: check.pin.tolerance, engine: engine)
        return try VerdictSection(
          verdict, of: verifier, checkpoint, reference, title: outcome.name, identifier: identifier
        ).section
      } catch {
        return VerificationSection(title: outcome.name, error: error)
      }
    case .unchecked(let error): return VerificationSection(title: outcome.name, error: error)
    case .changed(let changes): return changed(changes)
    }
  }

  private func changed(_ changes: [PinChange]) -> VerificationSection {
    VerificationSection(
      title: outcome.name, subtitle: check.pin.architecture.name, outcome: .failed,
      statement: "The files are not what was pinned, so nothing was compared.",
      parts: [
        VerificationSection.Part(nil) {
          HTML("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "changes"]) {
            HTML("table", ["class": "changes"]) {
              HTML("thead") {
                HTML("tr") {
                  for title in ["member", "pinned", "found"] { HTML("th", ["scope": "col"]) { title } }
                }
              }
              HTML("tbody") {
                for change in changes {
                  HTML("tr") {
                    HTML("th", ["scope": "row"]) { HTML("code") { change.member } }
                    for value in [change.pinned, change.found] {
                      HTML("td") { HTML("code") { PinChange.text(value) } }
                    }
                  }
                }
              }
            }
          }
          if let hint = outcome.hint { HTML("p") { "Hint: \(hint)" } }
        }
      ])
  }
}

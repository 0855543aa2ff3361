import Verification

/// Where a network begins to differ and why, in words.
struct DivergencePart {
  private let verdict: Verdict
  private let divergence: Divergence
  private let engine: String

  /// At most so many layers are listed in a sentence.
  private static let maximumNames = 8

  /// Tells of a verdict that failed, of an engine; `nil` for one that passed.
  init?(_ verdict: Verdict, engine: String) {
    guard let divergence = verdict.divergence else { return nil }
    self.verdict = verdict
    self.divergence = divergence
    self.engine = engine
  }

  var part: VerificationSection.Part {
    VerificationSection.Part("Where it begins to differ, and why") {
      HTML("p") {
        "The first recorded tensor that differs is "
        HTML("code") { divergence.tensor }
        divergence.node == String(divergence.tensor.dropFirst(Reference.tapPrefix.count))
          ? "." : ", which \(divergence.node) computes."
      }
      if !divergence.agreeing.isEmpty {
        HTML("p") {
          "Recorded before it, and in agreement: "
          Self.list(divergence.agreeing)
          "."
        }
      }
      if divergence.suspects.count > 1 {
        HTML("p") {
          "The fault is in one of \(divergence.suspects.count) layers: "
          Self.list(divergence.suspects)
          "."
        }
      }
      if let diagnosis = verdict.diagnosis { told(diagnosis) }
      if verdict.taps.isEmpty {
        HTML("p") { "Only the output was recorded. With recorded layers, the one at fault can be named." }
      }
    }
  }

  @HTMLBuilder private func told(_ diagnosis: Diagnosis) -> [HTML] {
    let parts = diagnosis.brokenParts
    if parts.isEmpty {
      HTML("p") {
        "No part is broken by itself: in double precision, from the recorded tensors before it, each agrees. The "
          + "differences are rounding that adds up, or of the engine (\(engine))."
      }
    } else if !verdict.taps.isEmpty {
      HTML("p") {
        "Each part of the network was also run by itself, in double precision, on the recorded tensors before it. "
        parts.count == 1 ? "One part is broken:" : "\(parts.count) parts are broken:"
      }
      HTML("ul") {
        for part in parts.prefix(Self.maximumNames) { HTML("li") { told(part, diagnosis) } }
        if parts.count > Self.maximumNames {
          HTML("li") { "and \(parts.count - Self.maximumNames) more, marked in the chart and the table" }
        }
      }
      following(parts.count)
    }
    if !diagnosis.nonFiniteParameters.isEmpty {
      HTML("p") {
        "There is NaN or infinity in the weights: "
        Self.list(diagnosis.nonFiniteParameters)
        "."
      }
    }
    for cause in diagnosis.causes { told(cause) }
    unexplained(diagnosis)
  }

  @HTMLBuilder private func told(_ cause: LikelyCause) -> [HTML] {
    HTML("p", ["class": "cause"]) {
      HTML("b") { "Likely cause: " }
      cause.explanation
      ". Without that fault the difference falls from "
        + (cause.before.isFinite ? NumberText.scientific(cause.before) : "what is not finite")
        + " to \(NumberText.scientific(cause.after))."
      if cause.faults.count > 1 {
        " It is in \(cause.faults.count) places: "
        Self.list(cause.faults.map(\.module))
        "."
      }
      if !cause.restoresAgreement { " That explains most of it; something else is wrong, too." }
    }
  }

  @HTMLBuilder private func unexplained(_ diagnosis: Diagnosis) -> [HTML] {
    if !diagnosis.unexplainedParts.isEmpty {
      HTML("p") {
        "No \(diagnosis.causes.isEmpty ? "" : "other ")likely cause: none of the \(diagnosis.triedCount) known faults tried "
          + "restores agreement in "
        Self.list(diagnosis.unexplainedParts.map(\.node))
        "."
        if diagnosis.untriedCount > 0 {
          " \(diagnosis.untriedCount) more were not tried, which would take too long."
        }
      }
    }
  }

  @HTMLBuilder private func told(_ part: NetworkPart, _ diagnosis: Diagnosis) -> [HTML] {
    HTML("code") { part.node }
    let local = diagnosis.local.first { $0.tensor == part.tensor }
    local?.relativeDifference.map { " differs by \(NumberText.scientific($0))" } ?? " is not finite"
  }

  @HTMLBuilder private func following(_ parts: Int) -> [HTML] {
    let count = verdict.comparisons.count(where: verdict.follows)
    if count > 0 {
      HTML("p") {
        (count == 1 ? "The other difference follows" : "The other \(count) differences follow")
          + " from \(parts == 1 ? "it" : "them")."
      }
    }
  }

  /// Names in a row; of many, the last.
  private static func list(_ names: [String]) -> [HTML] {
    var pieces: [HTML] = []
    for name in names.suffix(maximumNames) {
      if !pieces.isEmpty { pieces.append(.text(", ")) }
      pieces.append(HTML("code") { name })
    }
    if names.count > maximumNames {
      pieces.append(.text(" and \(names.count - maximumNames) before them"))
    }
    return pieces
  }
}

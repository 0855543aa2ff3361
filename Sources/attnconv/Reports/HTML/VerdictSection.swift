import Architectures
import Checkpoint
import Execution
import JSON
import SystemPackage
import Verification

/// What a verification found, as a section of a page.
struct VerdictSection {
  private let verdict: Verdict
  private let verifier: Verifier
  private let checkpoint: Checkpoint
  private let reference: Reference
  private let architecture: Architecture
  private let weights: AttentionWeights
  private let title: String
  /// What makes identifiers of this section its own.
  private let identifier: String

  /// So many tensors are remarked on, the first in the order of the network.
  private static let maximumRemarks = 4

  /// Reads the attention modules' parameters for their distributions.
  init(
    _ verdict: Verdict, of verifier: Verifier, _ checkpoint: Checkpoint, _ reference: Reference,
    title: String? = nil, identifier: String = "verification"
  ) throws {
    self.verdict = verdict
    self.verifier = verifier
    self.checkpoint = checkpoint
    self.reference = reference
    self.title = title ?? checkpoint.path.string
    self.identifier = identifier
    architecture = try Architecture(json: checkpoint.metadata.architecture)
    weights = try AttentionWeights(checkpoint)
  }

  /// The section.
  var section: VerificationSection {
    VerificationSection(
      title: title, subtitle: architecture.name, outcome: verdict.passed ? .passed : .failed,
      statement: statement,
      parts: [
        facts, DivergencePart(verdict, engine: verifier.engine.rawValue)?.part, chart, tensors, output,
        blindSpots, attention, notes,
      ].compactMap { $0 })
  }

  private var statement: String {
    let count = verdict.comparisons.count
    let within = "\(NumberText.scientific(verifier.tolerance)) of"
    let magnitude = "largest recorded magnitude"
    guard let divergence = verdict.divergence else {
      return count == 1
        ? "The output agrees within \(within) its \(magnitude)."
        : "Each of the \(count) recorded tensors agrees within \(within) its \(magnitude)."
    }
    let failing = verdict.comparisons.count { !$0.passes }
    let cause = verdict.causes.first.map { " Likely cause: \($0.explanation)." } ?? ""
    guard count > 1 else { return "The output differs by more than \(within) its \(magnitude).\(cause)" }
    return "\(failing) of \(count) recorded tensors "
      + (failing == 1 ? "differs by more than \(within) its " : "differ by more than \(within) their ")
      + "\(magnitude). In the order of the network, the first is \(divergence.node).\(cause)"
  }

  private var facts: VerificationSection.Part {
    VerificationSection.Part(nil) {
      HTML("dl", ["class": "facts"]) {
        fact("Checkpoint") { HTML("code") { checkpoint.path.string } }
        fact("Architecture") { architecture.name }
        fact("Content digest") { HTML("code") { checkpoint.metadata.content } }
        for (index, source) in sources.enumerated() {
          fact(index == 0 ? "Imported from" : "and from") { source }
        }
        fact("Reference") {
          HTML("code") { reference.file.path.string }
          ", input \(HTMLText.shape(reference.input.shape)), "
            + (verdict.taps.isEmpty ? "output only" : HTMLText.count(verdict.taps.count, "recorded layer"))
        }
        if let provenance = reference.provenance {
          fact("Recorded from") { recorded(provenance) }
        }
        fact("Engine") { engine }
        fact("Tolerance") { NumberText.scientific(verifier.tolerance) }
      }
    }
  }

  private func fact(_ name: String, @HTMLBuilder _ content: () -> [HTML]) -> [HTML] {
    [HTML("dt") { name }, HTML("dd") { content() }]
  }

  /// The files that the checkpoint was imported from, with what they were.
  private var sources: [[HTML]] {
    let source = checkpoint.metadata.source
    let how = ["container", "dialect"].compactMap { source[$0]?.stringValue }.joined(separator: ", ")
    return (source["files"]?.arrayValue ?? [source]).compactMap { file in
      guard let name = file["file"]?.stringValue else { return nil }
      var pieces: [HTML] = [HTML("code") { name }]
      if !how.isEmpty { pieces.append(.text(" (\(how))")) }
      if let digest = file["sha256"]?.stringValue {
        pieces += [.text(", SHA-256 "), HTML("code") { digest }]
      }
      return pieces
    }
  }

  private func recorded(_ provenance: ReferenceProvenance) -> [HTML] {
    let text = [provenance.model, provenance.framework, provenance.producer].compactMap { $0 }
    var pieces: [HTML] = [.text(text.joined(separator: ", "))]
    if let digest = provenance.sourceSHA256 {
      pieces += [
        .text(text.isEmpty ? "weights of SHA-256 " : "; weights of SHA-256 "), HTML("code") { digest },
      ]
    }
    return pieces
  }

  private var engine: String {
    switch verifier.engine {
    case .reference: "reference, double precision"
    case .oneDNN: "oneDNN, single precision"
    }
  }

  private var chart: VerificationSection.Part {
    VerificationSection.Part("Differences by layer") {
      ErrorChart(items, tolerance: verifier.tolerance, identifier: identifier).content
    }
  }

  /// The recorded tensors; where only the output was recorded and the noise of all nodes is known, these before it.
  private var items: [ErrorChart.Item] {
    // A network without taps is one part, whose own comparison says nothing new.
    let local = Dictionary(grouping: verdict.taps.isEmpty ? [] : verdict.local, by: \.tensor)
    let recorded = verdict.comparisons.map { comparison in
      let own = ErrorChart.Mark(
        series: comparison.passes ? .passing : .failing, value: comparison.relativeDifference)
      let itself = local[comparison.tensor, default: []].map { local in
        ErrorChart.Mark(
          series: local.passes ? .locallyPassing : .locallyFailing, value: local.relativeDifference)
      }
      let noise = (noise[comparison.node].map { [$0] } ?? []).map {
        ErrorChart.Mark(series: .noise, value: $0.relativeDifference)
      }
      return ErrorChart.Item(name: comparison.tensor, node: comparison.node, marks: [own] + itself + noise)
    }
    guard verdict.taps.isEmpty, let floor = verdict.noiseFloor else { return recorded }
    let others = floor.rows.dropLast().map { row in
      ErrorChart.Item(
        name: row.node, node: row.node,
        marks: [ErrorChart.Mark(series: .noise, value: row.relativeDifference)])
    }
    return others + recorded
  }

  /// What rounding makes of the nodes' outputs, by their names.
  private var noise: [String: NoiseFloor.Row] {
    Dictionary((verdict.noiseFloor?.rows ?? []).map { ($0.node, $0) }) { $1 }
  }

  private var tensors: VerificationSection.Part? {
    let all = verdict.comparisons
    let worst = TensorTable.worst(all)
    return VerificationSection.Part(all.count > worst.count ? "The largest differences" : "Differences") {
      TensorTable(worst, of: verdict, label: "the largest differences").content
      HTML("p", ["class": "note"]) {
        "max rel: the largest difference relative to the largest recorded magnitude, which the tolerance bounds. "
          + "max abs: the largest difference, at the index given. The cosine never decides."
          + (verdict.noiseFloor == nil
            ? "" : " noise: what single precision alone changes, relative in the same way.")
      }
      remarks
      if all.count > worst.count {
        HTML("details") {
          HTML("summary") { "All \(all.count) tensors in the order of the network" }
          TensorTable(all, of: verdict, label: "all tensors").content
        }
      }
    }
  }

  /// Why tensors fail whatever the tolerance. NaN goes on through all layers behind it, so only the first few are told.
  @HTMLBuilder private var remarks: [HTML] {
    let remarkable = verdict.comparisons.filter { !$0.notes.isEmpty }
    if !remarkable.isEmpty {
      HTML("ul") {
        for comparison in remarkable.prefix(Self.maximumRemarks) {
          HTML("li") {
            HTML("code") { comparison.tensor }
            ": " + comparison.notes.joined(separator: "; ")
          }
        }
        if remarkable.count > Self.maximumRemarks {
          HTML("li") { "and likewise \(remarkable.count - Self.maximumRemarks) more" }
        }
      }
    }
  }

  private var output: VerificationSection.Part? {
    guard let ranking = verdict.output.ranking else { return nil }
    return VerificationSection.Part("Agreement of the output") {
      HTML("p") {
        "The largest class is the same for \(ranking.top1) of \(HTMLText.count(ranking.rows, "image"))"
          + (ranking.top5.map { ", the five largest are the same for \($0)" } ?? "")
          + ". Wrong conversions can reach this too, so it never decides."
      }
    }
  }

  private var blindSpots: VerificationSection.Part? {
    verdict.sensitivity.map { SensitivityPart($0).part }
  }

  private var attention: VerificationSection.Part? {
    guard let kind = weights.kind, !weights.roles.isEmpty else { return nil }
    return VerificationSection.Part("Parameters of the attention modules") {
      HTML("p") {
        "How the numbers of each \(kind.rawValue.uppercased()) parameter are distributed. The pictures of a row share their "
          + "range; few numbers are shown one by one."
      }
      HistogramChart(weights).content
    }
  }

  private var notes: VerificationSection.Part? {
    guard !verdict.notes.isEmpty else { return nil }
    return VerificationSection.Part("Notes") {
      HTML("ul") { for note in verdict.notes { HTML("li") { note } } }
    }
  }
}

import Architectures
import Bytes
import SourceFormats
import SystemPackage

/// Compares what a file is called, and what it says of itself, with what its tensors show.
///
/// The tensors decide; names only warn. A released ECA-Net file, for one, says `se_resnet50`.
enum Contradictions {
  /// Warnings, one for each name that contradicts the tensors.
  static func find(in index: SourceIndex, architecture: Architecture) -> [String] {
    var warnings: [String] = []
    for extra in index.extras where ["arch", "architecture", "model_name"].contains(extra.path.last ?? "") {
      if case .text(let text) = extra.value, contradicts(text, architecture) {
        warnings.append(
          "the entry \"\(extra.path.joined(separator: "."))\" says \"\(text)\", the tensors are \(architecture.name)"
        )
      }
    }
    if let name = index.files.first?.path.stem, contradicts(name, architecture) {
      warnings.append("the file is called \"\(name)\", the tensors are \(architecture.name)")
    }
    return warnings
  }

  private static func contradicts(_ text: String, _ architecture: Architecture) -> Bool {
    let claim = Claim(text)
    let truth = Claim(architecture.name)
    if let claimed = claim.attention, claimed != truth.attention { return true }
    if let claimed = claim.depth, let depth = truth.depth, claimed != depth { return true }
    if let claimed = claim.family, let family = truth.family, claimed != family { return true }
    return false
  }

  /// What a name claims: the family, the depth and the kind of attention, where it says so.
  private struct Claim {
    var family: String?
    var depth: Int?
    var attention: String?

    init(_ text: String) {
      let text = text.lowercased()
      family = text.contains("mobilenet") ? "mobilenet" : text.contains("resnet") ? "resnet" : nil
      let parts = text.split { !$0.isLetter }
      // Whole parts only, so that "decay" does not say "eca" nor "named" "nam".
      attention = ["cbam", "bam", "eca", "nam", "se"].first { word in
        parts.contains { $0 == word || $0 == word + "net" || $0 == word + "resnet" || $0 == "resnet" + word }
      }
      if let range = text.firstRange(of: "resnet") {
        depth = Int(text[range.upperBound...].drop { !$0.isNumber }.prefix { $0.isNumber })
      }
    }
  }
}

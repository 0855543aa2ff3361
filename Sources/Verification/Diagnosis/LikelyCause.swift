/// A known fault that would explain a difference: with it injected, the network computes what was recorded.
public struct LikelyCause: Hashable, Sendable {
  /// The fault, of a scope that covers exactly the places where it was found, or the first of ``faults`` where none does.
  public let fault: KnownFault
  /// The same mistake at each place where it was found, in the order of the parts.
  public let faults: [KnownFault]
  /// The names of the recorded tensors that it explains, in the order of the network.
  public let tensors: [String]
  /// The largest relative difference of these tensors without the fault, each computed from the recorded tensors before
  /// it; infinite where numbers are not finite.
  public let before: Double
  /// The largest with it.
  public let after: Double
  /// Whether it restores agreement, where there are several causes together with the others. Where not, it makes the
  /// difference a hundred times smaller, and something else is wrong, too.
  public let restoresAgreement: Bool

  /// What is wrong, in words.
  public var explanation: String {
    let isWhole = faults.count == 1 || fault != faults[0]
    return fault.explanation + (isWhole ? "" : ", and likewise elsewhere")
  }
}

extension LikelyCause {
  /// One mistake found in one part of a network.
  struct Finding {
    let faults: [KnownFault]
    let tensor: String
    let before: Double
    let after: Double
    let restoresAgreement: Bool
  }

  /// What the findings of one mistake have in common. `places` are all where the network can have the mistake.
  ///
  /// - Precondition: there is a finding.
  init(_ findings: [Finding], places: [KnownFault]) {
    let found = findings.flatMap(\.faults)
    let mistake = found[0].mistake
    // Places that no recorded tensor shows are not claimed.
    let wide = [.everywhere, .attention, .backbone].map { KnownFault(mistake, $0) }.first { wide in
      Set(found) == Set(places.filter(wide.covers))
    }
    faults = found
    fault = found.count > 1 ? wide ?? found[0] : found[0]
    tensors = findings.map(\.tensor)
    before = findings.map(\.before).max() ?? 0
    after = findings.map(\.after).max() ?? 0
    restoresAgreement = findings.allSatisfy(\.restoresAgreement)
  }
}

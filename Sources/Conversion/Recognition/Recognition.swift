/// What a source holds.
struct Recognition: Sendable {
  /// The reading that was chosen.
  let fit: Fit

  /// Dialects that would give the same tensors.
  let alternatives: [String]

  /// Things worth telling about the choice.
  var notes: [String]

  /// What the file says about its network that its tensors and their names contradict.
  var warnings: [String] = []
}

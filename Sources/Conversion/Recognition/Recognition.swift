/// What a source holds.
struct Recognition: Sendable {
  /// The reading that was chosen.
  let fit: Fit

  /// Dialects that would give the same tensors.
  let alternatives: [String]

  /// Things worth telling about the choice.
  let notes: [String]
}

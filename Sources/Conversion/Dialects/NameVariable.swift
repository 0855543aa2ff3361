/// A counting variable of a name, with the letter that stands for it in dialect files.
enum NameVariable: Character, CaseIterable, Sendable {
  case stage = "s"
  /// The block in its stage.
  case block = "b"
  /// The index in its block.
  case index = "i"
  /// The block counted through all stages.
  case flatBlock = "n"
}

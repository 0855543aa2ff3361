/// The counting variables of a name and their values: `{s}` stage, `{b}` block in its stage, `{i}` index in
/// its block, `{n}` block counted through all stages.
struct NameValues: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  /// The variables that templates may use.
  static let variables: [Character] = ["s", "b", "i", "n"]

  // Four fields rather than a dictionary: names are matched a hundred thousand times for one file.
  private var stage: Int?
  private var block: Int?
  private var index: Int?
  private var flatBlock: Int?

  /// Collects values; a variable that is not known is ignored.
  init(dictionaryLiteral elements: (Character, Int)...) {
    for (variable, value) in elements { self[variable] = value }
  }

  /// The value of a variable, or `nil` where it has none.
  subscript(variable: Character) -> Int? {
    get {
      switch variable {
      case "s": stage
      case "b": block
      case "i": index
      case "n": flatBlock
      default: nil
      }
    }
    set {
      switch variable {
      case "s": stage = newValue
      case "b": block = newValue
      case "i": index = newValue
      case "n": flatBlock = newValue
      default: break
      }
    }
  }

  /// The variables that have a value.
  var keys: [Character] { Self.variables.filter { self[$0] != nil } }
}

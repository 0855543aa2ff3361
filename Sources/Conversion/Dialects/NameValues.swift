/// The counting variables of a name and their values.
struct NameValues: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  // Four fields rather than a dictionary: names are matched a hundred thousand times for one file.
  private var stage: Int?
  private var block: Int?
  private var index: Int?
  private var flatBlock: Int?

  /// Collects values.
  init(dictionaryLiteral elements: (NameVariable, Int)...) {
    for (variable, value) in elements { self[variable] = value }
  }

  /// Begins without any value.
  init() {}

  /// The value of a variable, or `nil` where it has none.
  subscript(variable: NameVariable) -> Int? {
    get {
      switch variable {
      case .stage: stage
      case .block: block
      case .index: index
      case .flatBlock: flatBlock
      }
    }
    set {
      switch variable {
      case .stage: stage = newValue
      case .block: block = newValue
      case .index: index = newValue
      case .flatBlock: flatBlock = newValue
      }
    }
  }

  /// The variables that have a value.
  var keys: [NameVariable] { NameVariable.allCases.filter { self[$0] != nil } }
}

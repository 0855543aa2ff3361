/// Finds, for the layers of one line, source modules whose names differ in nothing but numbers that count stages or blocks.
struct LineSearch {
  /// What a number in a name may stand for.
  enum Role: Hashable {
    case constant(Int)
    /// The stage, block, or block counted through all stages, plus an offset.
    case stage(Int)
    case block(Int)
    case flatBlock(Int)

    /// The number at a place.
    func value(at place: CanonicalModule.Place) -> Int {
      switch self {
      case .constant(let value): value
      case .stage(let added): place.stage + added
      case .block(let added): place.block + added
      case .flatBlock(let added): place.flatBlock + added
      }
    }
  }

  private struct Key: Hashable {
    var pattern: Int
    var numbers: [Int]
  }

  /// Names with more numbers than this are left to the order; tf2cv's have four.
  private static let maximumNumbers = 6

  private let names: [NumberedName]
  private let patterns: [Int]
  private let modules: [Key: Int]

  init(_ modules: [SourceModule]) {
    names = modules.map(\.name)
    var known: [[String]: Int] = [:]
    var patterns: [Int] = []
    var numbers: [Key: Int] = [:]
    for (index, name) in names.enumerated() {
      let pattern = known[name.texts] ?? known.count
      known[name.texts] = pattern
      patterns.append(pattern)
      numbers[Key(pattern: pattern, numbers: name.numbers)] = index
    }
    self.patterns = patterns
    self.modules = numbers
  }

  /// Modules for the layers of a line, in the order of the layers.
  struct Choice {
    var modules: [Int]
    /// How many numbers that are the same in all names stand before one that counts: names count from the outside in,
    /// so that `layer1.{b}.conv1` is more probable than `layer1.0.conv{b}`.
    var inversions: Int
  }

  /// All choices of modules for layers at some places that one template names, each layer's among those that fit it.
  func choices(
    at places: [CanonicalModule.Place], fits: (_ layer: Int, _ module: Int) -> Bool
  ) -> [Choice] {
    guard let first = places.first else { return [] }
    var found: [[Int]: Int] = [:]
    var choices: [Choice] = []
    for seed in names.indices where fits(0, seed) {
      if places.count == 1 {
        choices.append(Choice(modules: [seed], inversions: 0))
        continue
      }
      guard names[seed].numbers.count <= Self.maximumNumbers else { continue }
      Self.forEachAssignment(of: names[seed].numbers, at: first) { roles in
        var choice = [seed]
        for layer in places.indices.dropFirst() {
          let key = Key(pattern: patterns[seed], numbers: roles.map { $0.value(at: places[layer]) })
          guard let module = modules[key], module != choice[layer - 1], fits(layer, module) else { return }
          choice.append(module)
        }
        guard Set(choice).count == choice.count else { return }
        let inversions = Self.inversions(roles)
        if let known = found[choice] {
          choices[known].inversions = min(choices[known].inversions, inversions)
        } else {
          found[choice] = choices.count
          choices.append(Choice(modules: choice, inversions: inversions))
        }
      }
    }
    return choices
  }

  private static func inversions(_ roles: [Role]) -> Int {
    var (constants, inversions) = (0, 0)
    for role in roles {
      if case .constant = role { constants += 1 } else { inversions += constants }
    }
    return inversions
  }

  /// Calls a function with every way to read the numbers of a name that stands at a place.
  static func forEachAssignment(
    of numbers: [Int], at place: CanonicalModule.Place, _ body: ([Role]) -> Void
  ) {
    func extend(_ roles: [Role]) {
      guard roles.count < numbers.count else { return body(roles) }
      let number = numbers[roles.count]
      extend(roles + [.constant(number)])
      // Templates add 0 to 9 (``NameTemplate``).
      if 0...9 ~= number - place.stage { extend(roles + [.stage(number - place.stage)]) }
      if 0...9 ~= number - place.block { extend(roles + [.block(number - place.block)]) }
      if 0...9 ~= number - place.flatBlock { extend(roles + [.flatBlock(number - place.flatBlock)]) }
    }
    extend([])
  }
}

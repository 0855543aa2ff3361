/// Matches whole lines: the layers of the same part of all blocks with source modules whose names count the blocks.
///
/// Lines whose layers have the same shapes compete for the same modules. Of all choices that name most layers the one is
/// taken whose names say most: words, the numbers that a norm shares with its convolution, and the order of numbers.
/// How much better it is than the next best decides whether it is certain.
struct LineAssignment {
  let layers: [CanonicalModule]
  let modules: [SourceModule]
  let fits: FitTable

  private let words: [[String]]
  private let numbers: [String: Int]

  /// A choice that is better than the next best by less leaves a doubt: one word more or one number in order is enough.
  private static let certainty = 1.0
  /// The order in the file alone, and a norm right behind its convolution, count too little to be certain of.
  private static let fileOrder = 0.1
  private static let adjacency = 0.2
  private static let numberOrder = 0.75
  private static let exactness = 2.0
  private static let inversion = 1.0
  /// A linear layer is mostly kept as one, and a convolution too.
  private static let arrangement = 0.75
  /// Real networks have at most a handful of lines alike; more choices than this are left to the order of the file.
  private static let maximumSteps = 20_000
  private static let maximumChoices = 24

  private struct Line {
    var layers: [Int]
    var choices: [[Int]]
    var scores: [Double]
  }

  init(_ layers: [CanonicalModule], _ modules: [SourceModule], _ fits: FitTable) {
    self.layers = layers
    self.modules = modules
    self.fits = fits
    words = modules.map { NameEvidence.words(of: $0.path) }
    numbers = Dictionary(uniqueKeysWithValues: layers.enumerated().map { ($1.path, $0) })
  }

  /// The matches, by the number of the layer.
  func matches() -> [Int: ModuleMatch] {
    let search = LineSearch(modules)
    let hasIrregularStage = hasIrregularStage
    let lines = CanonicalLine.lines(of: layers).map { line in
      self.line(line.modules, search, splits: hasIrregularStage)
    }
    var matches: [Int: ModuleMatch] = [:]
    // Norms come last, because their convolutions tell them apart.
    for competing in components(lines).sorted(by: { !isNorm($0[0], lines) && isNorm($1[0], lines) }) {
      for (layer, match) in solve(competing.map { lines[$0] }, matches) { matches[layer] = match }
    }
    return matches
  }

  private func isNorm(_ line: Int, _ lines: [Line]) -> Bool { layers[lines[line].layers[0]].isNorm }

  /// Whether blocks of the first stage have other layers than those of the others, shortcuts aside: in MobileNetV2 they
  /// do not widen, and names that count the layers of a block count otherwise there.
  private var hasIrregularStage: Bool {
    var parts: [Int: Set<String>] = [:]
    for layer in layers where !layer.part.hasPrefix("shortcut") && layer.path.contains(".blocks.") {
      parts[layer.place?.stage ?? 0, default: []].insert(layer.part)
    }
    return parts.count > 1 && parts[0] != parts[1]
  }

  private func choices(_ numbers: [Int], _ search: LineSearch) -> [LineSearch.Choice] {
    let places = numbers.map { layers[$0].place ?? .init(stage: 0, block: 0, flatBlock: 0) }
    return search.choices(at: places) { fits[numbers[$0], $1] != nil }
  }

  private func line(_ numbers: [Int], _ search: LineSearch, splits: Bool) -> Line {
    var choices = choices(numbers, search)
    let first = numbers.prefix { layers[$0].place?.stage == 0 }.count
    if splits, 0 < first, first < numbers.count {
      let starts = self.choices(Array(numbers[..<first]), search)
      for rest in self.choices(Array(numbers[first...]), search).prefix(Self.maximumChoices) {
        for start in starts.prefix(Self.maximumChoices)
        where Set(start.modules).isDisjoint(with: rest.modules) {
          let modules = start.modules + rest.modules
          guard !choices.contains(where: { $0.modules == modules }) else { continue }
          choices.append(LineSearch.Choice(modules: modules, inversions: start.inversions + rest.inversions))
        }
      }
    }
    let scored = choices.map { choice -> (choice: [Int], score: Double) in
      let exact = zip(numbers, choice.modules).count { fits[$0, $1]?.isExact == true }
      let arranged = zip(numbers, choice.modules).count { fits[$0, $1]?.layout != nil }
      return (
        choice.modules,
        (Self.exactness * Double(exact) - Self.arrangement * Double(arranged)) / Double(numbers.count)
          - Self.inversion * Double(choice.inversions)
          + NameEvidence.similarity(layers[numbers[0]].part, Set(words[choice.modules[0]]))
      )
    }.enumerated().sorted { ($0.element.score, $1.offset) > ($1.element.score, $0.offset) }
      .prefix(Self.maximumChoices)
    return Line(
      layers: numbers, choices: scored.map(\.element.choice), scores: scored.map(\.element.score))
  }

  /// Lines that compete for modules, directly or through others.
  private func components(_ lines: [Line]) -> [[Int]] {
    var owner: [Int: Int] = [:]
    var component = Array(lines.indices)
    func root(_ line: Int) -> Int { component[line] == line ? line : root(component[line]) }
    for (number, line) in lines.enumerated() {
      for module in line.choices.joined() {
        if let other = owner[module] { component[root(number)] = root(other) } else { owner[module] = number }
      }
    }
    var groups: [Int: [Int]] = [:]
    for number in lines.indices where !lines[number].choices.isEmpty {
      groups[root(number), default: []].append(number)
    }
    return groups.values.sorted { $0[0] < $1[0] }
  }

  /// The best choice for lines that compete, and how far it is from the next best.
  private func solve(_ lines: [Line], _ known: [Int: ModuleMatch]) -> [Int: ModuleMatch] {
    let lines = lines.sorted { ($0.layers.count, $1.layers[0]) > ($1.layers.count, $0.layers[0]) }
    var used: Set<Int> = []
    var chosen: [Int?] = []
    var best: (count: Int, score: Double, chosen: [Int?])?
    /// For each line and choice the best score of all it is part of.
    var alternatives: [[Double?]] = lines.map { $0.choices.map { _ in nil } }
    var steps = 0
    func search(_ number: Int, _ count: Int, _ score: Double) {
      steps += 1
      guard steps <= Self.maximumSteps else { return }
      let possible = lines[number...].reduce(count) { $0 + $1.layers.count }
      guard possible >= best?.count ?? 0 else { return }
      guard number < lines.count else {
        let total = score + orderScore(lines, chosen) + companionScore(lines, chosen, known)
        if count > best?.count ?? -1 { alternatives = lines.map { $0.choices.map { _ in nil } } }
        if count > best?.count ?? -1 || total > best?.score ?? 0 { best = (count, total, chosen) }
        for (line, choice) in chosen.enumerated() {
          guard let choice else { continue }
          alternatives[line][choice] = max(alternatives[line][choice] ?? total, total)
        }
        return
      }
      for (choice, modules) in lines[number].choices.enumerated() where used.isDisjoint(with: modules) {
        used.formUnion(modules)
        chosen.append(choice)
        search(number + 1, count + lines[number].layers.count, score + lines[number].scores[choice])
        chosen.removeLast()
        used.subtract(modules)
      }
      chosen.append(nil)
      search(number + 1, count, score)
      chosen.removeLast()
    }
    search(0, 0, 0)
    guard let best else { return [:] }
    var matches: [Int: ModuleMatch] = [:]
    for (number, line) in lines.enumerated() {
      guard let choice = best.chosen[number] else { continue }
      let rival = alternatives[number].enumerated().filter { $0.offset != choice && $0.element != nil }
        .max { ($0.element ?? 0, $1.offset) < ($1.element ?? 0, $0.offset) }
      let isCertain =
        steps <= Self.maximumSteps && best.score - (rival?.element ?? -.infinity) >= Self.certainty
      for (place, layer) in line.layers.enumerated() {
        let module = line.choices[choice][place]
        matches[layer] = ModuleMatch(
          module: module, layout: fits[layer, module]?.layout,
          uncertainty: isCertain
            ? nil
            : rival.map { "same shape: may be \(modules[line.choices[$0.offset][0]].path) instead" }
              ?? "too many layers have the same shape",
          isAlone: line.layers.count == 1)
      }
    }
    return matches
  }

  /// Whether numbers, or else the order in the file, rise where the lines of the network follow each other.
  private func orderScore(_ lines: [Line], _ chosen: [Int?]) -> Double {
    var score = 0.0
    for (one, choice) in chosen.enumerated() {
      guard let choice else { continue }
      for (other, otherChoice) in chosen.enumerated() where lines[one].layers[0] < lines[other].layers[0] {
        guard let otherChoice else { continue }
        // The last block is like most others, the first may lack a part.
        guard let left = lines[one].choices[choice].last, let right = lines[other].choices[otherChoice].last
        else { continue }
        score += Self.fileOrder * (left < right ? 1 : -1)
        score += Self.numberOrder * Double(NameEvidence.numberOrder(words[left], words[right]))
      }
    }
    return score
  }

  /// What norms share with the layers whose output they take.
  private func companionScore(_ lines: [Line], _ chosen: [Int?], _ known: [Int: ModuleMatch]) -> Double {
    var score = 0.0
    for (line, choice) in zip(lines, chosen) {
      guard let choice else { continue }
      let ends = line.layers.count == 1 ? [0] : [0, line.layers.count - 1]
      for place in ends {
        guard let companion = layers[line.layers[place]].companion.flatMap({ numbers[$0] }),
          let module = known[companion]?.module
        else { continue }
        let norm = line.choices[choice][place]
        score += Double(NameEvidence.shared(words[norm], words[module])) / Double(ends.count)
        if norm == module + 1 { score += Self.adjacency / Double(ends.count) }
      }
    }
    return score
  }
}

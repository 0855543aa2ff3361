import Architectures

/// Matches layers with source modules by their order, where no names count stages and blocks.
///
/// Each kind of layer is aligned by itself, so that it does not matter whether norms stand behind their convolutions or
/// behind all of them. Code bases create shortcuts and attention modules before or after the rest of a block; all of
/// these orders are tried, and the one that matches most is taken.
struct SequenceAlignment {
  let layers: [CanonicalModule]
  let modules: [SourceModule]
  let fits: FitTable

  private enum Position: CaseIterable { case last, first }
  private enum ShortcutPosition: Int, CaseIterable { case last = 3, beforeAttention = 1, first = -2 }
  private enum BetweenStages: CaseIterable { case inPlace, front, back }

  /// Layers of one kind and the modules that may be one of them.
  private struct Sequence {
    var layers: Set<Int>
    /// In the order of their numbers, or else of the file.
    var modules: [Int]
    /// Whether the names count the modules.
    var isCounted: Bool
  }

  /// The matches of some layers with some modules, by the number of the layer.
  func matches(_ openLayers: Set<Int>, _ openModules: [Int]) -> [Int: ModuleMatch] {
    let sequences = sequences(openLayers, openModules)
    var best: [(count: Int, pairs: [Int: Int])] = []
    for order in orders() {
      var pairs: [Int: Int] = [:]
      for sequence in sequences {
        let ordered = order.filter(sequence.layers.contains)
        for (layer, module) in align(ordered, sequence.modules) { pairs[layer] = module }
      }
      if pairs.count > best.first?.count ?? 0 { best = [] }
      if best.isEmpty || best[0].count == pairs.count { best.append((pairs.count, pairs)) }
    }
    guard let chosen = best.first?.pairs else { return [:] }
    var matches: [Int: ModuleMatch] = [:]
    for sequence in sequences {
      for (layer, module) in chosen where sequence.layers.contains(layer) {
        matches[layer] = ModuleMatch(
          module: module, layout: fits[layer, module]?.layout,
          uncertainty: doubt(layer, module, sequence, chosen, best.dropFirst().map(\.pairs)))
      }
    }
    return matches
  }

  /// Why a match is not certain.
  private func doubt(
    _ layer: Int, _ module: Int, _ sequence: Sequence, _ chosen: [Int: Int], _ others: [[Int: Int]]
  ) -> String? {
    let isOnly =
      !sequence.modules.contains { $0 != module && fits[layer, $0] != nil }
      && !sequence.layers.contains { $0 != layer && fits[$0, module] != nil }
    if isOnly { return nil }
    if let other = others.first(where: { $0[layer] != module })?[layer] {
      return "by order alone: may be \(modules[other].path) instead"
    }
    guard sequence.isCounted else { return "same shape as others: by the order in the file alone" }
    let isComplete =
      sequence.layers.count == sequence.modules.count && sequence.layers.allSatisfy { chosen[$0] != nil }
    return isComplete ? nil : "by order, and some layers or tensors in between have no partner"
  }

  /// Layers and modules by kind. Where the file has fewer matrices than the network, it keeps some as convolutions.
  private func sequences(_ openLayers: Set<Int>, _ openModules: [Int]) -> [Sequence] {
    func modules(_ kinds: [SourceModule.Kind]) -> [Int] {
      openModules.filter { self.modules[$0].kind.map(kinds.contains) == true }
    }
    func layers(_ ranks: [Int]) -> Set<Int> {
      openLayers.filter {
        !self.layers[$0].isNorm && ranks.contains(self.layers[$0].weight?.shape.count ?? 0)
      }
    }
    var groups: [(layers: Set<Int>, modules: [Int])] = [
      (openLayers.filter { self.layers[$0].isNorm }, modules([.norm])),
      (layers([3]), modules([.weight(rank: 3)])),
    ]
    if modules([.weight(rank: 2)]).count == layers([2]).count {
      groups.append((layers([2]), modules([.weight(rank: 2)])))
      groups.append((layers([4]), modules([.weight(rank: 4)])))
    } else {
      groups.append((layers([2, 4]), modules([.weight(rank: 2), .weight(rank: 4)])))
    }
    return groups.filter { !$0.layers.isEmpty && !$0.modules.isEmpty }.map { group in
      let counted = counted(group.modules)
      return Sequence(layers: group.layers, modules: counted ?? group.modules, isCounted: counted != nil)
    }
  }

  /// Modules in the order of the one number in which their names differ; `nil` where they differ in more.
  private func counted(_ numbers: [Int]) -> [Int]? {
    // The first of Keras' names has no number: conv2d, conv2d_1.
    let names = numbers.map { number -> NumberedName in
      let name = modules[number].name
      let zeroth = NumberedName(modules[number].path + "_0")
      let isZeroth = numbers.contains { $0 != number && modules[$0].name.texts == zeroth.texts }
      return isZeroth ? zeroth.with(name.numbers + [-1]) : name
    }
    guard let texts = names.first?.texts, names.allSatisfy({ $0.texts == texts }) else { return nil }
    let varying = texts.indices.dropLast().filter { place in
      Set(names.map { $0.numbers[place] }).count > 1
    }
    guard names.count == 1 || varying.count == 1 else { return nil }
    guard let place = varying.first else { return numbers }
    return zip(names, numbers).sorted { $0.0.numbers[place] < $1.0.numbers[place] }.map(\.1)
  }

  /// All orders in which a code base may create the layers; the commonest first.
  private func orders() -> [[Int]] {
    BetweenStages.allCases.flatMap { between in
      ShortcutPosition.allCases.flatMap { shortcut in
        Position.allCases.map { attention in order(between, shortcut: shortcut, attention: attention) }
      }
    }.uniqued()
  }

  private func order(_ between: BetweenStages, shortcut: ShortcutPosition, attention: Position) -> [Int] {
    layers.indices.map { index -> (key: [Int], index: Int) in
      let layer = layers[index]
      guard let place = layer.place else {
        return ([layer.path.hasPrefix("stem") ? 0 : 4, 0, 0], index)
      }
      guard layer.path.contains(".blocks.") else {
        return switch between {
        case .inPlace: ([2, place.flatBlock, Int.max], index)
        case .front: ([1, place.stage, 0], index)
        case .back: ([3, place.stage, 0], index)
        }
      }
      // A shortcut created first comes before an attention module created first.
      let rank =
        layer.part.hasPrefix("shortcut.")
        ? shortcut.rawValue : layer.part.hasPrefix("attention.") ? (attention == .first ? -1 : 2) : 0
      return ([2, place.flatBlock, rank], index)
    }.sorted { left, right in
      left.key == right.key ? left.index < right.index : left.key.lexicographicallyPrecedes(right.key)
    }.map(\.index)
  }

  /// The longest common subsequence of layers and modules that fit; exact fits count more.
  private func align(_ layers: [Int], _ modules: [Int]) -> [(layer: Int, module: Int)] {
    let width = modules.count + 1
    // Twice the number of matches plus the number of exact ones; the table is filled from its end.
    var scores = [Int](repeating: 0, count: (layers.count + 1) * width)
    for row in layers.indices.reversed() {
      for column in modules.indices.reversed() {
        var score = max(scores[(row + 1) * width + column], scores[row * width + column + 1])
        if let fit = fits[layers[row], modules[column]] {
          score = max(score, scores[(row + 1) * width + column + 1] + (fit.isExact ? 3 : 2))
        }
        scores[row * width + column] = score
      }
    }
    var pairs: [(layer: Int, module: Int)] = []
    var (row, column) = (0, 0)
    while row < layers.count, column < modules.count {
      if let fit = fits[layers[row], modules[column]],
        scores[row * width + column] == scores[(row + 1) * width + column + 1] + (fit.isExact ? 3 : 2)
      {
        pairs.append((layers[row], modules[column]))
        (row, column) = (row + 1, column + 1)
      } else if scores[row * width + column] == scores[(row + 1) * width + column] {
        row += 1
      } else {
        column += 1
      }
    }
    return pairs
  }
}

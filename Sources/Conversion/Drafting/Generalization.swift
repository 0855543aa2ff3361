/// Writes matches as few lines: layers whose names differ in counting numbers alone share one.
struct Generalization {
  let layers: [CanonicalModule]
  let modules: [SourceModule]
  let matches: [Int: ModuleMatch]

  /// The lines, in the order of the network; of lines that name the same layers the more special comes first.
  func rules() -> [DraftRule] {
    var rules: [DraftRule] = []
    var reference = ""
    for line in CanonicalLine.lines(of: layers) {
      let own = self.rules(of: line, reference)
      if reference.isEmpty, line.modules.count > 1, own.count == 1 { reference = own[0].source }
      rules += own.sorted { $0.variableCount < $1.variableCount }
    }
    return merged(rules)
  }

  /// A line for each layer.
  func literalRules() -> [DraftRule] {
    layers.indices.compactMap { layer in
      let line = CanonicalLine(
        part: layers[layer].part, modules: [layer], isInBlocks: layers[layer].path.contains(".blocks."))
      return candidates(for: layer, line).first { $0.rule.variableCount == 0 }?.rule
    }
  }

  private func rules(of line: CanonicalLine, _ reference: String) -> [DraftRule] {
    var open = line.modules.filter { matches[$0] != nil }
    var rules: [DraftRule] = []
    while let first = open.first, let last = open.last {
      var best: (rule: DraftRule, covered: Set<Int>)?
      // The first block may be named otherwise than all others.
      let candidates = [first, last].uniqued().flatMap { seed in
        self.candidates(for: seed, line).map { (candidate: $0, seed: seed) }
      }
      for (candidate, seed) in candidates {
        let covered = Set(open.filter { covers(candidate, $0, seed) })
        let rule = candidate.rule
        // What one layer shows is no rule.
        if covered.count == 1, rule.variableCount > 0 { continue }
        if let known = best, !isBetter((rule, covered.count), (known.rule, known.covered.count), reference) {
          continue
        }
        best = (rule, covered)
      }
      guard var best else { break }
      best.rule.count = best.covered.count
      rules.append(best.rule)
      open.removeAll(where: best.covered.contains)
    }
    return rules
  }

  /// More layers, then a name that begins as those of other lines, then fewer variables.
  private func isBetter(
    _ left: (rule: DraftRule, count: Int), _ right: (rule: DraftRule, count: Int), _ reference: String
  ) -> Bool {
    if left.count != right.count { return left.count > right.count }
    let shared = [left, right].map { zip($0.rule.source.utf8, reference.utf8).prefix { $0 == $1 }.count }
    if shared[0] != shared[1] { return shared[0] > shared[1] }
    return left.rule.variableCount < right.rule.variableCount
  }

  private struct Candidate {
    var rule: DraftRule
    var roles: [LineSearch.Role]
    var hasStage: Bool
    var hasBlock: Bool
  }

  private func candidates(for layer: Int, _ line: CanonicalLine) -> [Candidate] {
    guard let match = matches[layer] else { return [] }
    let name = modules[match.module].name
    let part = NumberedName(layers[layer].part)
    func rule(_ place: String, _ roles: [LineSearch.Role]) -> DraftRule {
      var pieces: [DraftRule.Piece] = []
      for (text, role) in zip(name.texts, roles.map(Optional.some) + [nil]) {
        if !text.isEmpty { pieces.append(.text(text)) }
        switch role {
        case .constant(let number): pieces.append(.number(number))
        case .stage(let added): pieces.append(.variable("s", added: added))
        case .block(let added): pieces.append(.variable("b", added: added))
        case .flatBlock(let added): pieces.append(.variable("n", added: added))
        case nil: break
        }
      }
      return DraftRule(
        place: place, part: part, pieces: pieces, layout: match.layout, uncertainty: match.uncertainty)
    }
    guard let place = layers[layer].place else {
      let roles = name.numbers.map { LineSearch.Role.constant($0) }
      return [Candidate(rule: rule("", roles), roles: roles, hasStage: false, hasBlock: false)]
    }
    var candidates: [Candidate] = []
    LineSearch.forEachAssignment(of: name.numbers, at: place) { roles in
      var (hasStage, hasBlock) = (false, false)
      for role in roles {
        switch role {
        case .constant: break
        case .stage: hasStage = true
        case .block: hasBlock = true
        case .flatBlock: (hasStage, hasBlock) = (true, true)
        }
      }
      // Attention behind a stage has no block.
      guard line.isInBlocks || !hasBlock else { return }
      let stage = "stages." + (hasStage ? "{s}" : String(place.stage)) + "."
      let block = line.isInBlocks ? "blocks." + (hasBlock ? "{b}" : String(place.block)) + "." : ""
      candidates.append(
        Candidate(rule: rule(stage + block, roles), roles: roles, hasStage: hasStage, hasBlock: hasBlock))
    }
    return candidates
  }

  /// Whether a candidate made of one layer names another as it is named.
  private func covers(_ candidate: Candidate, _ layer: Int, _ first: Int) -> Bool {
    if layer == first { return true }
    guard let match = matches[layer], let model = matches[first], let place = layers[layer].place,
      let origin = layers[first].place, match.layout == model.layout,
      (match.uncertainty == nil) == (model.uncertainty == nil),
      candidate.hasStage || place.stage == origin.stage, candidate.hasBlock || place.block == origin.block
    else { return false }
    let name = modules[match.module].name
    return name.texts == modules[model.module].name.texts
      && name.numbers == candidate.roles.map { $0.value(at: place) }
  }

  /// Puts lines together that differ in one number on both sides: conv1, conv2, conv3.
  private func merged(_ rules: [DraftRule]) -> [DraftRule] {
    var merged: [DraftRule] = []
    var taken: Set<Int> = []
    for (number, rule) in rules.enumerated() where !taken.contains(number) {
      let alike = rules.indices.filter { other in
        !taken.contains(other) && rules[other].uncertainty == nil && rule.uncertainty == nil
          && rules[other].place == rule.place && rules[other].layout == rule.layout
          && rules[other].part.texts == rule.part.texts
      }
      guard alike.count > 1, rule.part.numbers.count == 1, let general = general(alike.map { rules[$0] })
      else {
        merged.append(rule)
        continue
      }
      taken.formUnion(alike)
      merged.append(general)
    }
    return merged
  }

  /// One line for several, or `nil` where their numbers do not go together.
  private func general(_ rules: [DraftRule]) -> DraftRule? {
    guard var rule = rules.first, Set(rules.map { $0.part.numbers[0] }).count == rules.count,
      rules.allSatisfy({ $0.pieces.count == rule.pieces.count })
    else { return nil }
    var isNumbered = false
    for place in rule.pieces.indices where Set(rules.map { $0.pieces[place] }).count > 1 {
      var offsets: Set<Int> = []
      for other in rules {
        guard case .number(let number) = other.pieces[place] else { return nil }
        offsets.insert(number - other.part.numbers[0])
      }
      guard offsets.count == 1, let added = offsets.first, 0...9 ~= added else { return nil }
      rule.pieces[place] = .variable("i", added: added)
      isNumbered = true
    }
    rule.index = 0
    rule.count = rules.reduce(0) { $0 + $1.count }
    // Read backwards, the line must not claim the names of other layers.
    guard isNumbered, let template = try? NameTemplate(rule.source),
      modules.count(where: { template.match(Array($0.path.utf8)) != nil }) == rule.count
    else { return nil }
    return rule
  }
}

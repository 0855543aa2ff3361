import Architectures
import Checkpoint
import JSON
import SourceFormats

/// Decides what a source holds, from its tensors alone.
struct Recognizer {
  let library: DialectLibrary
  let options: RecognitionOptions

  /// Readings that explain this much less of the names than the best one are not compared in full.
  private static let promising = 0.9

  /// Comparing this many readings in full finds the right one among all dialects and wrappers.
  private static let maximumFits = 32

  /// Below this part of agreeing names a file is not called a near miss of anything.
  private static let nearMiss = 0.3

  /// A reading of a state dict in a dialect.
  private struct Reading {
    var stateDict: StateDict
    var modules: ModuleNames
    var dialect: Dialect
    var order: Int
    var assumed: [String: String]
    /// The part of the names that the dialect knows.
    var matched: Double

    /// The canonical module of each module; a list as long as the file's, which is not kept with the reading.
    var canonical: [(name: String, layout: Layout?)?] {
      modules.names.map { dialect.canonicalModule(source: $0, assuming: assumed) }
    }

    /// The canonical shapes by canonical name.
    func shapes(_ index: SourceIndex) -> [String: [Int]] {
      let canonical = canonical
      var shapes: [String: [Int]] = [:]
      for (position, module) in modules.moduleOfName.enumerated() {
        guard var found = canonical[module] else { continue }
        if let layout = stateDict.renaming?.layouts[found.name] { found.layout = layout }
        let stored = index.tensors[stateDict.tensors[position]].shape
        let shape =
          dialect.framework.layout(rank: stored.count)?.canonicalShape(source: stored) ?? stored
        shapes["\(found.name).\(modules.leaves[position])"] =
          found.layout?.canonicalShape(source: shape) ?? shape
      }
      return shapes
    }
  }

  /// The best reading of a source by the names of its tensors.
  ///
  /// - Throws: ``ConversionError`` where nothing fits, or several readings fit and give different results.
  func recognizeNames(_ index: SourceIndex) throws(ConversionError) -> Recognition {
    guard !index.tensors.isEmpty else { throw noTensors(index) }
    let places = StateDict.candidates(in: index, key: options.key)
    guard !places.isEmpty || options.key != nil else {
      throw ConversionError(
        .noStateDict, "the file holds a tensor without a name, expected a state dict",
        hint: "save a state dict: torch.save(model.state_dict(), \"weights.pth\")")
    }
    guard !places.isEmpty else {
      throw ConversionError(
        .noStateDict, "no tensors at key \"\(options.key?.joined(separator: ".") ?? "")\"",
        hint: "keys with tensors: " + StateDict.knownKeys(in: index).joined(separator: ", "))
    }
    let fits = try fits(places, index)
    guard let best = fits.first, best.score >= Self.nearMiss else {
      throw unrecognized(places, fits.first, index)
    }
    return try decide(fits, best: best, places, index)
  }

  private func decide(
    _ fits: [Fit], best: Fit, _ places: [StateDict], _ index: SourceIndex
  ) throws(ConversionError) -> Recognition {
    var notes: [String] = []
    let complete = fits.filter { $0.faults.isEmpty && $0.stateDict.key == best.stateDict.key }
    let rivals = complete.filter {
      !$0.hasSameMapping(as: best) && $0.stateDict.changes == best.stateDict.changes
        // Of one code base's modules, the one that it really has: no CBAM without its spatial gate beside an SE.
        && ($0.isExact || !best.isExact || $0.dialect.name != best.dialect.name)
    }
    if best.faults.isEmpty, !rivals.isEmpty {
      let names = ([best] + rivals).map { "\($0.dialect.name) (\($0.architecture.name))" }
      throw ConversionError(
        .ambiguous,
        "several dialects fit equally well and give different results: "
          + names.joined(separator: ", ") + (rivals.first.map { disagreement(best, $0, index) } ?? ""),
        hint: "choose one with --dialect")
    }
    if !best.faults.isEmpty {
      if let refused = RefusedModules.explanation(for: best.stateDict.names) {
        throw ConversionError(.unrepresentable, "the file holds \(refused)")
      }
      if let collision = collision(in: places.filter { $0.key == best.stateDict.key }) { throw collision }
    }
    let alternatives = complete.filter {
      $0.dialect.name != best.dialect.name && $0.hasSameMapping(as: best)
    }.map(\.dialect.name)
    notes += differences(complete, best)
    let others = Set(
      fits.filter {
        $0.faults.isEmpty && Set($0.stateDict.tensors).isDisjoint(with: best.stateDict.tensors)
      }.map { $0.stateDict.key.joined(separator: ".") })
    for key in others.sorted() {
      notes.append("the file holds another complete state dict; take it with --key \(key)")
    }
    return Recognition(fit: best, alternatives: alternatives.uniqued(), notes: notes)
  }

  /// The first tensor of which two readings with canonical names of their own say different things, in words.
  private func disagreement(_ fit: Fit, _ other: Fit, _ index: SourceIndex) -> String {
    guard fit.stateDict.renaming != nil, other.stateDict.renaming != nil else { return "" }
    let theirs = Dictionary(zip(other.tensors, other.mapping.rows)) { first, _ in first }
    for (row, tensor) in zip(fit.mapping.rows, fit.tensors) {
      guard let tensor, let rival = theirs[tensor], rival.parameter.name != row.parameter.name else {
        continue
      }
      return
        "; \"\(index.name(of: index.tensors[tensor]))\" is \(row.parameter.name) or \(rival.parameter.name)"
    }
    return ""
  }

  /// What equal fits disagree about, although no tensor shows it; the chosen dialect's view is taken.
  private func differences(_ complete: [Fit], _ best: Fit) -> [String] {
    var notes: [String] = []
    for other in complete where other.architecture != best.architecture && other.hasSameMapping(as: best) {
      let changed = best.architecture.differences(from: other.architecture).map { name, own, their in
        "\(name) \(own.text()) rather than \(their?.text() ?? "none")"
      }
      notes.append(
        "no tensor tells \(best.dialect.name) from \(other.dialect.name); took \(best.dialect.name): "
          + changed.joined(separator: ", "))
    }
    return notes.uniqued()
  }

  /// Every reading worth a full comparison, best first.
  private func fits(_ places: [StateDict], _ index: SourceIndex) throws(ConversionError) -> [Fit] {
    let dialects =
      try options.dialect.map { name throws(ConversionError) in [try library.dialect(named: name)] }
      ?? library.dialects
    var readings: [Reading] = []
    var bar = 0.0
    for place in places {
      let named = PrefixStripping.readings(of: place)
      let numbered =
        AutomaticNames.readings(of: named, dialects: dialects, index)
        + AutomaticNames.attentionReadings(of: named, dialects: dialects)
      for stateDict in named + numbered {
        let modules = ModuleNames(stateDict)
        for (order, dialect) in dialects.enumerated() where dialect.canRead(stateDict) {
          let modules =
            dialect.suffixes.isEmpty ? modules : ModuleNames(stateDict, suffixes: dialect.leafSuffixes)
          for assumed in assumptions(dialect) {
            if let reading = read(stateDict, modules, dialect, order, assumed), reading.matched >= bar {
              readings.append(reading)
              bar = max(bar, Self.promising * reading.matched)
            }
          }
        }
        // The names of a large file take much memory; those that are out of the race go.
        readings.removeAll { $0.matched < bar }
      }
    }
    readings.sort {
      ($0.matched, -$0.stateDict.changes, -$0.order) > ($1.matched, -$1.stateDict.changes, -$1.order)
    }
    var ranking = FitRanking(places)
    var networks = NetworkMemo(preset: try preset())
    for reading in readings.prefix(Self.maximumFits) {
      if let fit = try fit(reading, index, &networks) { ranking.insert(fit, order: reading.order) }
    }
    return ranking.fits
  }

  /// Every combination of the features that the rules of a dialect depend on.
  private func assumptions(_ dialect: Dialect) -> [[String: String]] {
    var combinations: [[String: String]] = [[:]]
    for (feature, values) in dialect.conditionalFeatures.sorted(by: { $0.key < $1.key }) {
      let all = values.union(dialect.accepts[feature] ?? []).sorted()
      combinations = combinations.flatMap { combination in
        all.map { combination.merging([feature: $0]) { old, _ in old } }
      }
    }
    return combinations
  }

  /// Reads the names of a state dict backwards through a dialect; `nil` where it knows none of them.
  private func read(
    _ stateDict: StateDict, _ modules: ModuleNames, _ dialect: Dialect, _ order: Int,
    _ assumed: [String: String]
  ) -> Reading? {
    let isKnown = modules.names.map { dialect.canonicalModule(source: $0, assuming: assumed) != nil }
    let count = modules.moduleOfName.count { isKnown[$0] }
    guard count > 0 else { return nil }
    return Reading(
      stateDict: stateDict, modules: modules, dialect: dialect, order: order, assumed: assumed,
      matched: Double(count) / Double(stateDict.names.count))
  }

  /// Infers the architecture of a reading and compares all names; `nil` where the reading is no network.
  private func fit(
    _ reading: Reading, _ index: SourceIndex, _ networks: inout NetworkMemo
  ) throws(ConversionError) -> Fit? {
    do {
      let shapes = expectedClasses(in: reading.shapes(index))
      // What no tensor shows depends on what tensors do show, so the architecture is inferred twice.
      let first = try networks.architecture(shapes, semantics(of: reading, features: reading.assumed))
      let features = ArchitectureFeatures.of(first)
      guard reading.assumed.allSatisfy({ features[$0.key] == nil || features[$0.key] == $0.value }) else {
        return nil
      }
      let architecture = try networks.architecture(shapes, semantics(of: reading, features: features))
      let layouts = reading.stateDict.renaming?.layouts ?? [:]
      guard let mapping = networks.mapping(reading.dialect, architecture, layouts) else { return nil }
      let fit = Fit(reading.stateDict, mapping, index: index)
      // Files in the format of Keras 1 and 2 list their layers in an order that means something.
      let isOrdered =
        reading.dialect.hasAutomaticNames && index.container == .kerasHDF5 && features["family"] != "module"
      return !isOrdered || LayerOrder.allows(fit) ? fit : nil
    } catch {
      // A value that the user gave is a fault of the command, not of this reading.
      if error.code == .malformedDescription { throw ConversionError(error) }
      return nil
    }
  }

  /// The architecture that the user named.
  private func preset() throws(ConversionError) -> Architecture? {
    guard let name = options.architecture else { return nil }
    do {
      return try ArchitectureCatalog.architecture(named: name)
    } catch {
      var failure = ConversionError(error)
      let nearest = NearestName.of(name, among: ArchitectureCatalog.names)
      if let nearest { failure.hint = "did you mean \"\(nearest)\"?" }
      throw failure
    }
  }

  /// Puts the number of classes that the user expects in place of the one that the tensors show, so that a
  /// head of another size is reported as mis-shaped and an absent one gets its size.
  private func expectedClasses(in shapes: [String: [Int]]) -> [String: [Int]] {
    guard let classes = options.classes else { return shapes }
    var shapes = shapes
    shapes["head.bias"] = [classes]
    if let weight = shapes["head.weight"], weight.count == 2 { shapes["head.weight"] = [classes, weight[1]] }
    return shapes
  }

  private func semantics(
    of reading: Reading, features: [String: String]
  ) throws(ArchitectureError) -> Semantics {
    let overrides = (reading.stateDict.renaming?.semantics ?? []) + options.semantics
    return try Semantics(json: reading.dialect.semantics(for: features, overrides: overrides))
  }
}

extension Dialect {
  /// Whether names of a state dict can be in this dialect: in its framework, and where they took the place of others
  /// only in the dialect that they were chosen for.
  fileprivate func canRead(_ stateDict: StateDict) -> Bool {
    guard let renaming = stateDict.renaming else {
      return framework == stateDict.framework && !hasAutomaticNames
    }
    return name == renaming.dialect
  }
}

extension Array where Element: Hashable {
  /// The elements without repetitions, in the order of their first occurrence.
  func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}

/// Takes away what wrappers put before, or into, the names of a state dict.
///
/// `torch.nn.DataParallel` adds `module.` where it stands, which may be inside a model; `torch.compile` adds
/// `_orig_mod.`; frameworks put the network under a name of their own (`model.`, `backbone.`). Keras puts the name of
/// the model before all of its names, and numbers behind those that were given before in the same session.
enum PrefixStripping {
  /// Segments that are never part of a network's own names, wherever they stand.
  private static let wrapperSegments: Set<String> = ["module", "_orig_mod"]

  /// Leading segments that frameworks add to some of the names only: the body of a network, and its head.
  private static let partialPrefixes: Set<String> = [
    "backbone", "head", "model", "net", "network", "encoder", "base_model", "base", "features_extractor",
  ]

  /// A shared leading segment is taken away at most so many times.
  private static let maximumDepth = 4

  /// Every reading of a state dict that differs in what was stripped, the unchanged one first.
  static func readings(of stateDict: StateDict) -> [StateDict] {
    var readings = [stateDict]
    let separator = stateDict.framework.separator
    let split = stateDict.names.map {
      $0.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
    if stateDict.framework == .keras {
      appendSharedPrefixes(of: split, "", 0, stateDict, to: &readings)
      for reading in readings { appendWithoutNumbers(reading, to: &readings) }
      return readings
    }
    let current = split.map { segments in segments.filter { !wrapperSegments.contains($0) } }
    let prefix = removedWrappers(split)
    var changes = 0
    if !prefix.isEmpty {
      changes = 1
      append(current, prefix, changes, of: stateDict, to: &readings)
    }
    let unwrapped = current
    changes = appendSharedPrefixes(of: current, prefix, changes, stateDict, to: &readings)
    let partial = unwrapped.map { segments in
      segments.count > 1 && partialPrefixes.contains(segments[0]) ? Array(segments.dropFirst()) : segments
    }
    if partial != unwrapped {
      let removed = Set(zip(partial, unwrapped).filter { $0.0 != $0.1 }.map { $0.1[0] + "." }).sorted()
      append(
        partial, removedWrappers(split) + removed.joined(separator: ","), changes + 2, of: stateDict,
        to: &readings)
    }
    return readings
  }

  /// A state dict without wrappers and without what stands before all of its names, unless numbers alone follow it.
  static func withoutSharedPrefix(_ stateDict: StateDict) -> StateDict {
    let split = stateDict.names.map {
      $0.split(separator: stateDict.framework.separator, omittingEmptySubsequences: false).map(String.init)
    }
    var readings = [stateDict]
    guard stateDict.framework == .pytorch else {
      appendSharedPrefixes(of: split, "", 0, stateDict, to: &readings)
      return readings.last(where: isNamed) ?? stateDict
    }
    let prefix = removedWrappers(split)
    let unwrapped = split.map { segments in segments.filter { !wrapperSegments.contains($0) } }
    if !prefix.isEmpty { append(unwrapped, prefix, 1, of: stateDict, to: &readings) }
    appendSharedPrefixes(of: unwrapped, prefix, prefix.isEmpty ? 0 : 1, stateDict, to: &readings)
    return readings.last(where: isNamed) ?? stateDict
  }

  private static func isNamed(_ stateDict: StateDict) -> Bool {
    stateDict.names.contains { !($0.first?.isNumber ?? true) }
  }

  /// Adds a reading for each leading segment that all names share; returns how often names were changed.
  @discardableResult
  private static func appendSharedPrefixes(
    of names: [[String]], _ prefix: String, _ changes: Int, _ stateDict: StateDict,
    to readings: inout [StateDict]
  ) -> Int {
    var (current, prefix, changes) = (names, prefix, changes)
    for _ in 0..<maximumDepth {
      guard let first = current.first?.first, current.allSatisfy({ $0.count > 1 && $0[0] == first }) else {
        break
      }
      current = current.map { Array($0.dropFirst()) }
      prefix += first + String(stateDict.framework.separator)
      changes += 1
      append(current, prefix, changes, of: stateDict, to: &readings)
    }
    return changes
  }

  /// A state dict of Keras without the numbers behind names that Keras made up; `nil` where it has none, or where they
  /// tell layers apart.
  static func withoutNumbers(_ stateDict: StateDict) -> StateDict? {
    guard stateDict.framework == .keras else { return nil }
    var readings: [StateDict] = []
    appendWithoutNumbers(stateDict, to: &readings)
    return readings.first
  }

  /// Adds a reading without the numbers that Keras puts behind names that it made up (`se_block_1`).
  private static func appendWithoutNumbers(_ reading: StateDict, to readings: inout [StateDict]) {
    let names = reading.names.map(segmentsWithoutNumbers)
    guard names.map({ $0.joined(separator: "/") }) != reading.names else { return }
    append(names, reading.strippedPrefix, reading.changes + 1, of: reading, to: &readings)
  }

  /// The name of a layer of Keras without the numbers behind its parts.
  static func withoutNumbers(_ name: String) -> String { segmentsWithoutNumbers(name).joined(separator: "/") }

  private static func segmentsWithoutNumbers(_ name: String) -> [String] {
    name.split(separator: "/", omittingEmptySubsequences: false).map { segment in
      guard let bar = segment.lastIndex(of: "_"), bar != segment.startIndex else { return String(segment) }
      let number = segment[segment.index(after: bar)...]
      return number.isEmpty || !number.utf8.allSatisfy { 0x30...0x39 ~= $0 }
        ? String(segment) : String(segment[..<bar])
    }
  }

  /// The first two names that become one when wrappers are taken away, or `nil` where none do.
  static func collision(in stateDict: StateDict) -> (first: String, second: String, name: String)? {
    var seen: [String: String] = [:]
    for name in stateDict.names {
      let stripped = name.split(separator: ".").filter { !wrapperSegments.contains(String($0)) }.joined(
        separator: ".")
      if let first = seen[stripped] { return (first, name, stripped) }
      seen[stripped] = name
    }
    return nil
  }

  /// The modules that a recorded prefix names: what was taken away in front of some of the names, without wrappers.
  static func modules(ofPrefix prefix: String, _ separator: Character) -> [String] {
    prefix.split(separator: ",").map { unwrapped($0, separator) }.filter { !$0.isEmpty }
  }

  /// The names that a module may have once wrappers, and modules that hold the whole network, are taken away.
  static func readings(of module: String, _ prefixes: [String], _ separator: Character) -> [String] {
    let module = unwrapped(module[...], separator)
    return [module]
      + prefixes.filter { module.hasPrefix($0 + String(separator)) }.map {
        String(module.dropFirst($0.count + 1))
      }
  }

  private static func unwrapped(_ name: Substring, _ separator: Character) -> String {
    name.split(separator: separator).filter { !wrapperSegments.contains(String($0)) }
      .joined(separator: String(separator))
  }

  private static func removedWrappers(_ names: [[String]]) -> String {
    var removed: [String] = []
    for segment in names.joined() where wrapperSegments.contains(segment) && !removed.contains(segment) {
      removed.append(segment)
    }
    return removed.map { $0 + "." }.joined()
  }

  private static func append(
    _ names: [[String]], _ prefix: String, _ changes: Int, of stateDict: StateDict,
    to readings: inout [StateDict]
  ) {
    let joined = names.map { $0.joined(separator: String(stateDict.framework.separator)) }
    guard Set(joined).count == joined.count, !joined.contains("") else { return }
    var reading = stateDict
    reading.names = joined
    reading.strippedPrefix = prefix
    reading.changes = changes
    readings.append(reading)
  }
}

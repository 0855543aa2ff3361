import SourceFormats

/// A part of a source that may be the state dict of a network: some tensors and the names they have there.
struct StateDict: Hashable, Sendable {
  /// The framework whose way of naming the names follow.
  var framework = Framework.pytorch

  /// The keys that lead from the top of the file to it.
  var key: [String]

  /// The prefix that was stripped from the names, for reports: `module.`; empty for none.
  var strippedPrefix: String

  /// How many times names were changed to get here; readings with fewer changes are preferred.
  var changes: Int

  /// The names, unique.
  var names: [String]

  /// For each name the number of its tensor in ``SourceIndex/tensors``.
  var tensors: [Int]

  /// What is known beside the names where canonical ones took the place of the file's; `nil` where none did.
  var renaming: Renaming?

  /// Wrapper keys of training code, most telling first. Averaged weights come last: where both are present,
  /// the ones that were trained are taken and the others are reported.
  /// Source: timm, `timm/models/_helpers.py`, and the training scripts of the authors.
  private static let wrapperKeys = [
    "state_dict", "model_state_dict", "model_state", "model", "net", "network", "params", "weights", "module",
    "ema", "model_ema", "state_dict_ema", "params_ema", "ema_state_dict",
  ]

  /// Keys under which training code keeps tensors that belong to no network.
  private static let otherKeys: Set<String> = [
    "optimizer", "optimizer_state_dict", "optim", "scheduler", "lr_scheduler", "scaler", "amp",
    "optimizer_states", "rng_state", "loss_scaler", "momentum_buffer",
  ]

  /// At most so many places in one file are considered; each is a full search.
  private static let maximumPlaces = 12

  /// Every part of a source that is worth a try, the most promising first.
  static func candidates(in index: SourceIndex, key: [String]?) -> [StateDict] {
    if index.container.isKeras { return [keras(index, at: key ?? [])].compactMap(\.self) }
    var counts: [[String]: Int] = [:]
    for tensor in index.tensors {
      for length in 0..<max(1, tensor.path.count) {
        counts[Array(tensor.path.prefix(length)), default: 0] += 1
      }
    }
    let places = key.map { [$0] } ?? sorted(counts).prefix(maximumPlaces).map { $0 }
    return places.compactMap { place(at: $0, in: index) }
  }

  /// The keys under which a source has tensors, for messages.
  static func knownKeys(in index: SourceIndex) -> [String] {
    let keys =
      index.container.isKeras
      ? Array(kerasKeys(in: index).prefix(maximumPlaces)) : candidates(in: index, key: nil).map(\.key)
    return keys.map { $0.isEmpty ? "(top)" : $0.joined(separator: index.separator) }
  }

  /// Keys in order of preference. A dictionary that holds nothing but another one is the same place, of which
  /// the inner one has the names: `state_dict` of a training checkpoint rather than its top.
  private static func sorted(_ counts: [[String]: Int]) -> [[String]] {
    var innermost: [[String]: [String]] = [:]
    for key in counts.keys.sorted(by: { $0.count > $1.count }) where !key.isEmpty {
      let outer = Array(key.dropLast())
      if counts[outer] == counts[key] { innermost[outer] = innermost[key] ?? key }
    }
    var ranks: [[String]: Int] = [:]
    for key in counts.keys {
      let place = innermost[key] ?? key
      ranks[place] = min(ranks[place] ?? .max, rank(key))
    }
    return counts.keys.sorted { left, right in
      let places = (innermost[left] ?? left, innermost[right] ?? right)
      if places.0 == places.1 { return left.count > right.count }
      let order = (ranks[places.0] ?? .max, ranks[places.1] ?? .max)
      if order.0 != order.1 { return order.0 < order.1 }
      let sizes = (counts[left] ?? 0, counts[right] ?? 0)
      if sizes.0 != sizes.1 { return sizes.0 > sizes.1 }
      return places.0.lexicographicallyPrecedes(places.1)
    }
  }

  private static func rank(_ path: [String]) -> Int {
    if path.contains(where: otherKeys.contains) { return 1000 }
    guard let last = path.last else { return 1 }
    if let index = wrapperKeys.firstIndex(of: last.lowercased()) { return 2 + index }
    return path.last?.allSatisfy(\.isNumber) == true ? 500 : 100
  }

  private static func place(at key: [String], in index: SourceIndex) -> StateDict? {
    var names: [String] = []
    var tensors: [Int] = []
    for (number, tensor) in index.tensors.enumerated() where tensor.path.starts(with: key) {
      let rest = tensor.path.dropFirst(key.count)
      guard !rest.isEmpty else { continue }
      names.append(rest.joined(separator: "."))
      tensors.append(number)
    }
    // Two ways to spell one name, for example a key "a.b" beside a key "a" that holds a "b".
    guard !names.isEmpty, Set(names).count == names.count else { return nil }
    return StateDict(key: key, strippedPrefix: "", changes: 0, names: names, tensors: tensors)
  }
}

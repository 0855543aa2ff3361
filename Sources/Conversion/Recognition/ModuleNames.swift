/// The names of a state dict, taken apart into modules and leaves: `conv1.weight` is leaf `weight` of `conv1`.
struct ModuleNames: Sendable {
  /// The modules, each once, as UTF-8, in the order of their first occurrence.
  private(set) var names: [[UInt8]] = []

  /// For each name the index of its module in ``names``.
  private(set) var moduleOfName: [Int] = []

  /// For each name its leaf, as the canonical form calls it.
  private(set) var leaves: [Substring] = []

  /// Takes the names of a state dict apart. Suffixes are what stands behind the names of modules where a dialect says so;
  /// the first that matches counts.
  init(_ stateDict: StateDict, suffixes: [(text: String, leaf: Substring)] = []) {
    var indices: [Substring: Int] = [:]
    let separator = stateDict.framework.separator.asciiValue
    for name in stateDict.names {
      let dot = name.utf8.lastIndex { $0 == separator }
      var module = dot.map { name[..<$0] } ?? ""
      var leaf = stateDict.framework.canonicalLeaf(
        dot.map { name[name.utf8.index(after: $0)...] } ?? name[...])
      if let suffix = suffixes.first(where: { name.hasSuffix($0.text) }) {
        module = name.dropLast(suffix.text.count)
        leaf = suffix.leaf
      }
      leaves.append(leaf)
      if let known = indices[module] {
        moduleOfName.append(known)
      } else {
        indices[module] = names.count
        moduleOfName.append(names.count)
        names.append(Array(module.utf8))
      }
    }
  }
}

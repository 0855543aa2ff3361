/// The names of a state dict, taken apart into modules and leaves: `conv1.weight` is leaf `weight` of `conv1`.
struct ModuleNames: Sendable {
  /// The modules, each once, as UTF-8, in the order of their first occurrence.
  private(set) var names: [[UInt8]] = []

  /// For each name the index of its module in ``names``.
  private(set) var moduleOfName: [Int] = []

  /// For each name its leaf, as the canonical form calls it.
  private(set) var leaves: [Substring] = []

  init(_ stateDict: StateDict) {
    var indices: [Substring: Int] = [:]
    for name in stateDict.names {
      let dot = name.lastIndex(of: stateDict.framework.separator)
      let module = dot.map { name[..<$0] } ?? ""
      let leaf = dot.map { name[name.index(after: $0)...] } ?? name[...]
      leaves.append(stateDict.framework.canonicalLeaf(leaf))
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

import Architectures
import JSON

/// The naming of one code base: a mapping between canonical names and its own.
///
/// A dialect is data, read from a file (see `Schemas/dialect.schema.json`); nothing of it is code. It says
/// how each canonical module is called, how weights are arranged where that differs, and what the code base
/// does that no tensor shows (position of the stride, pooling, padding).
public struct Dialect: Sendable {
  /// The name, as given to `--dialect`.
  public let name: String

  /// One line on what it is.
  public let title: String

  /// The repository or package whose names these are.
  public let source: String

  /// The framework of the code base.
  public let framework: Framework

  /// The features that an architecture may have: `["attention": ["none", "bam"]]`. A feature that is not
  /// listed may have any value.
  let accepts: [String: Set<String>]

  /// The lines of the mapping; the first one that applies counts.
  let rules: [ModuleRule]

  /// Outputs of modules that hold no parameters of their own; the first line that applies counts.
  let outputs: [OutputRule]

  /// Number of blocks in each stage where the source counts blocks through all stages (`{n}`).
  let flatBlocks: [Int]

  /// What no tensor shows, with the features under which it holds; later entries override earlier ones.
  let semantics: [(condition: [String: String], values: JSONValue)]

  /// What stands behind a module's name for parameters that the code base calls otherwise than its framework,
  /// the separator included: `.w`.
  let suffixes: [Parameter.Role: String]

  /// The order in which the code base creates its layers; `nil` where nothing depends on it.
  let creationOrder: CreationOrder?

  /// Whether Keras made up the names of all layers (`conv2d_17`). The names that the lines give are then
  /// the canonical modules with slashes, under which a reading of such a file has them.
  let hasAutomaticNames: Bool

  /// Whether an architecture with some features is one that this code base builds.
  func accepts(_ features: [String: String]) -> Bool {
    accepts.allSatisfy { feature, values in features[feature].map(values.contains) ?? true }
  }

  /// What no tensor shows, for an architecture with some features.
  func semantics(for features: [String: String], overrides: [JSONValue.Member] = []) -> JSONValue {
    var merged: [JSONValue.Member] = []
    let layers =
      semantics.filter { entry in entry.condition.allSatisfy { features[$0.key] == $0.value } }
      .map(\.values) + [.object(overrides)]
    for member in layers.flatMap({ $0.objectValue ?? [] }) {
      merged.removeAll { $0.name == member.name }
      merged.append(member)
    }
    return .object(merged)
  }

  /// The features that the conditions of rules ask for, with the values asked for. The attention kind is
  /// left out where names alone tell it: where no two kinds share one.
  var conditionalFeatures: [String: Set<String>] {
    var features: [String: Set<String>] = [:]
    let byName = Dictionary(grouping: rules.filter { $0.part != nil }, by: \.source)
    let isShared = byName.values.contains { Set($0.map { $0.condition["attention"] }).count > 1 }
    for rule in rules {
      for (feature, value) in rule.condition where feature != "attention" || isShared {
        features[feature, default: []].insert(value)
      }
    }
    return features
  }

  /// What keeps the code base's own module from loading the weights that an architecture gives to a dialect:
  /// a weight or bias too many or too few, or a part that the architecture lacks. `nil` for nothing.
  func mismatch(with parameters: [Parameter], features: [String: String]) -> String? {
    var modules: [String] = []
    var present: [String: Set<String>] = [:]
    for parameter in parameters {
      if present[parameter.module] == nil { modules.append(parameter.module) }
      let leaf = String(parameter.name.dropFirst(parameter.module.count + 1))
      present[parameter.module, default: []].insert(leaf)
    }
    var parts: Set<String> = []
    for module in modules {
      guard let index = rule(for: module, features: features)?.index else { continue }
      if let part = rules[index].part { parts.insert(part) }
      guard let leaves = rules[index].leaves, let found = present[module] else { continue }
      if let extra = found.subtracting(leaves).sorted().first {
        return "\(name) has no place for \"\(module).\(extra)\""
      }
      if let lacking = leaves.subtracting(found).sorted().first {
        return "\(name) has a \(lacking) in \"\(rules[index].part ?? module)\", the network has none"
      }
    }
    let absent = rules.first { rule in
      rule.applies(to: features) && rule.part.map { !parts.contains($0) } ?? false
    }
    return absent?.part.map { "\(name) has a module \"\($0)\", the network has none" }
  }

  /// The name that the source gives to a canonical module, and its layout; `nil` where no line applies.
  func sourceModule(canonical path: String, features: [String: String]) -> (name: String, layout: Layout?)? {
    rule(for: path, features: features).map { ($0.name, rules[$0.index].layout) }
  }

  /// Why the line that names a canonical module has still to be checked; `nil` where it is certain.
  func uncertainty(canonical path: String, features: [String: String]) -> String? {
    rule(for: path, features: features).flatMap { rules[$0.index].uncertainty }
  }

  /// The name of a parameter whose module has a name.
  func name(of parameter: Parameter, in module: String) -> String {
    if let suffix = suffixes[parameter.role] { return module + suffix }
    return name(framework.leaf(of: parameter), in: module)
  }

  /// Another name that the framework may give to the same parameter; `nil` for none.
  func otherName(of parameter: Parameter, in module: String) -> String? {
    suffixes[parameter.role] == nil ? framework.otherLeaf(of: parameter).map { name($0, in: module) } : nil
  }

  private func name(_ leaf: String, in module: String) -> String {
    module.isEmpty ? leaf : module + String(framework.separator) + leaf
  }

  /// The line that applies to a canonical module, and the name it gives.
  private func rule(for path: String, features: [String: String]) -> (index: Int, name: String)? {
    let bytes = Array(path.utf8)
    // Indices, because copying a rule out costs more than matching it; most rules fail at once.
    for index in rules.indices {
      guard var values = rules[index].canonical.match(bytes), rules[index].applies(to: features) else {
        continue
      }
      if let stage = values[.stage], let block = values[.block], stage < flatBlocks.count {
        values[.flatBlock] = flatBlocks[..<stage].reduce(block, +)
      }
      if let name = rules[index].source.render(values) { return (index, name) }
    }
    return nil
  }

  /// The canonical module that a source module stands for, under assumed features.
  ///
  /// Features that are not assumed do not restrict; several lines may then give several answers, of which
  /// the first whose rendering leads back to the same source name is returned.
  func canonicalModule(source path: [UInt8], assuming features: [String: String]) -> (
    name: String, layout: Layout?
  )? {
    for index in rules.indices {
      guard var values = rules[index].source.match(path) else { continue }
      // Fields, because copying a rule out costs more than matching it.
      let condition = rules[index].condition
      guard condition.allSatisfy({ features[$0.key] == nil || features[$0.key] == $0.value })
      else { continue }
      if let flat = values[.flatBlock] {
        guard let (stage, block) = position(flatBlock: flat) else { continue }
        values[.stage] = stage
        values[.block] = block
      }
      guard let name = rules[index].canonical.render(values) else { continue }
      let assumed =
        condition.isEmpty ? features : features.merging(condition) { assumption, _ in assumption }
      if sourceModule(canonical: name, features: assumed)?.name.utf8.elementsEqual(path) == true {
        return (name, rules[index].layout)
      }
    }
    return nil
  }

  /// The canonical nodes or parts whose output a source module gives, by the lines on outputs that match it, in their
  /// order. A network may lack any of them.
  func outputs(source path: String, features: [String: String]) -> [String] {
    let path = Array(path.utf8)
    return outputs.compactMap { rule in
      guard rule.condition.allSatisfy({ features[$0.key] == $0.value }), var values = rule.source.match(path)
      else { return nil }
      if let flat = values[.flatBlock] {
        guard let (stage, block) = position(flatBlock: flat) else { return nil }
        values[.stage] = stage
        values[.block] = block
      }
      return rule.canonical.render(values)
    }
  }

  private func position(flatBlock: Int) -> (stage: Int, block: Int)? {
    var block = flatBlock
    for (stage, count) in flatBlocks.enumerated() {
      if block < count { return (stage, block) }
      block -= count
    }
    return nil
  }
}

@testable import Conversion
import JSON

/// A dialect file.
enum DialectTarget {
  static func run(_ input: [UInt8]) {
    guard let dialect = try? DialectFile.parse(input) else { return }
    require(
      dialect.rules.count + dialect.outputs.count <= DialectFile.maximumRules, "no more lines than the limit")
    for rule in dialect.rules {
      check(rule.canonical)
      check(rule.source)
    }
    for rule in dialect.outputs {
      check(rule.canonical)
      check(rule.source)
    }
    for rule in dialect.rules.prefix(16) { checkBothWays(rule, dialect) }
    checkWritten(input, dialect)
  }

  private static let values: NameValues = [.stage: 1, .block: 2, .index: 3, .flatBlock: 4]

  /// Matching is the inverse of rendering.
  private static func check(_ template: NameTemplate) {
    guard let name = template.render(values) else {
      return require(false, "\(template.text) can be written with all variables")
    }
    // A digit beside a variable makes another number of it.
    guard let found = template.match(Array(name.utf8)) else { return }
    require(template.render(found) == name, "\(template.text) gives back \(name)")
  }

  /// A line gives a name to its own modules, and that name leads back to a module.
  private static func checkBothWays(_ rule: ModuleRule, _ dialect: Dialect) {
    guard let canonical = rule.canonical.render(values),
      let found = rule.canonical.match(Array(canonical.utf8))
    else { return }
    let source = dialect.sourceModule(canonical: canonical, features: rule.condition)
    // Blocks that are counted through all stages have a number only in stages that the dialect knows.
    require(
      source != nil || rule.source.render(found) == nil, "\(rule.canonical.text) has a name in the source")
    guard let source else { return }
    _ = dialect.canonicalModule(source: Array(source.name.utf8), assuming: rule.condition)
    _ = dialect.outputs(source: source.name, features: rule.condition)
    _ = dialect.mismatch(with: [], features: rule.condition)
    _ = dialect.semantics(for: rule.condition)
    _ = dialect.conditionalFeatures
  }

  /// The file written anew is the same dialect.
  private static func checkWritten(_ input: [UInt8], _ dialect: Dialect) {
    guard let json = try? JSONParser.parse(input) else { return require(false, "a dialect is JSON") }
    for isIndented in [false, true] {
      let text = json.text(sortedNames: false, indented: isIndented)
      guard let again = try? DialectFile.parse(Array(text.utf8)) else {
        return require(false, "a dialect that was written is read")
      }
      require(isEqual(again, dialect), "the dialect is read as it was written")
    }
  }

  private static func isEqual(_ left: Dialect, _ right: Dialect) -> Bool {
    left.name == right.name && left.title == right.title && left.source == right.source
      && left.framework == right.framework && left.accepts == right.accepts && left.rules == right.rules
      && left.outputs == right.outputs && left.flatBlocks == right.flatBlocks
      && left.suffixes == right.suffixes && left.hasAutomaticNames == right.hasAutomaticNames
      && left.semantics.map(\.condition) == right.semantics.map(\.condition)
      && left.semantics.map(\.values) == right.semantics.map(\.values)
  }
}

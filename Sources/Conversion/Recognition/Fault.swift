import Checkpoint

/// One name that keeps a state dict from fitting.
public struct Fault: Hashable, Sendable {
  /// What is wrong with the name.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The network has it, the file does not.
    case missing
    /// The file has it, the network does not.
    case unexpected
    /// Both have it, with different shapes.
    case misshaped = "mis-shaped"
    /// Both have it, and the file holds no floating-point numbers there.
    case mistyped = "mis-typed"
  }

  /// What is wrong with the name.
  public var kind: Kind

  /// The name in the source.
  public var name: String

  /// The canonical name, for names that the network has.
  public var canonicalName: String?

  /// Shapes or types expected and found.
  public var detail: String

  /// The name that was probably meant: of a missing name among the unexpected, and the other way round.
  public var suggestion: String?

  /// Whether a name matches a pattern of `--allow-missing` or `--allow-unexpected`: the source's or the
  /// canonical name, with `*` for any text and `?` for any character.
  func matches(_ patterns: [String]) -> Bool {
    patterns.contains { pattern in
      Glob.matches(name, pattern) || canonicalName.map { Glob.matches($0, pattern) } == true
    }
  }

  /// At most so many names are compared with each other; more would take long and help nobody.
  private static let maximumSuggestions = 64

  /// Adds to missing names the nearest unexpected one, and the other way round.
  static func withSuggestions(_ faults: [Fault]) -> [Fault] {
    let missing = faults.filter { $0.kind == .missing }.prefix(maximumSuggestions).map(\.name)
    let unexpected = faults.filter { $0.kind == .unexpected }.prefix(maximumSuggestions).map(\.name)
    guard !missing.isEmpty, !unexpected.isEmpty else { return faults }
    var count = 0
    return faults.map { fault in
      var fault = fault
      count += 1
      guard count <= 2 * maximumSuggestions else { return fault }
      switch fault.kind {
      case .missing: fault.suggestion = NearestName.of(fault.name, among: unexpected)
      case .unexpected: fault.suggestion = NearestName.of(fault.name, among: missing)
      case .misshaped, .mistyped: break
      }
      return fault
    }
  }
}

/// Patterns with `*` and `?`, matched against whole names.
enum Glob {
  /// Whether a pattern matches a whole name. Linear in time for any pattern: only the last `*` is retried.
  static func matches(_ name: String, _ pattern: String) -> Bool {
    let name = Array(name.utf8)
    let pattern = Array(pattern.utf8)
    var nameIndex = 0
    var patternIndex = 0
    var star: (pattern: Int, name: Int)?
    while nameIndex < name.count {
      if patternIndex < pattern.count,
        pattern[patternIndex] == name[nameIndex] || pattern[patternIndex] == UInt8(ascii: "?")
      {
        nameIndex += 1
        patternIndex += 1
      } else if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
        star = (patternIndex, nameIndex)
        patternIndex += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        patternIndex = last.pattern + 1
        nameIndex = last.name + 1
      } else {
        return false
      }
    }
    return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

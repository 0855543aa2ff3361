public import Checkpoint

/// One difference between the tensors of a checkpoint and the parameters of its network.
public struct WeightFault: Hashable, Sendable {
  /// What is wrong.
  public enum Kind: Hashable, Sendable {
    /// The network has the parameter, the checkpoint does not; the shape that was expected.
    case missing(expected: [Int])
    /// The checkpoint has the tensor, the network does not; the shape that was found.
    case unexpected(found: [Int])
    /// Both have it, with different shapes.
    case misshaped(found: [Int], expected: [Int])
    /// Both have it, and its elements are not of a type that an executor reads.
    case mistyped(found: ElementType)
  }

  /// The canonical name.
  public let name: String
  /// What is wrong.
  public let kind: Kind
  /// For missing names the nearest unexpected one, and the other way round.
  public var suggestion: String?

  /// Creates a fault.
  public init(_ name: String, _ kind: Kind, suggestion: String? = nil) {
    self.name = name
    self.kind = kind
    self.suggestion = suggestion
  }

  /// The fault in words: `missing "head.bias" [10]`.
  public var text: String {
    let text =
      switch kind {
      case .missing(let expected): "missing \"\(name)\" \(expected)"
      case .unexpected(let found): "unexpected \"\(name)\" \(found)"
      case .misshaped(let found, let expected): "\"\(name)\" has shape \(found), expected \(expected)"
      case .mistyped(let found): "\"\(name)\" holds \(found.rawValue), expected floating-point numbers"
      }
    return suggestion.map { "\(text) (near \"\($0)\")" } ?? text
  }
}

extension WeightFault {
  /// Comparing each missing name with each unexpected one costs the square of this.
  private static let maximumSuggestions = 64

  /// The faults sorted by name; missing names are given the nearest unexpected one, and the other way round.
  static func sortedWithSuggestions(_ faults: [WeightFault]) -> [WeightFault] {
    var faults = faults.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let missing = faults.filter(\.isMissing).prefix(maximumSuggestions).map(\.name)
    let unexpected = faults.filter(\.isUnexpected).prefix(maximumSuggestions).map(\.name)
    var budget = 2 * maximumSuggestions
    for index in faults.indices where budget > 0 && (faults[index].isMissing || faults[index].isUnexpected) {
      budget -= 1
      faults[index].suggestion = NearestName.of(
        faults[index].name, among: faults[index].isMissing ? unexpected : missing)
    }
    return faults
  }

  private var isMissing: Bool { if case .missing = kind { true } else { false } }
  private var isUnexpected: Bool { if case .unexpected = kind { true } else { false } }
}

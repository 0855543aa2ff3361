/// Why the place of a source module in a network is not certain.
public struct SourceNameFault: Error, Hashable, Sendable {
  /// What was found.
  public let found: String
  /// What was expected.
  public let expected: String
  /// The module that was most probably meant.
  public let suggestion: String?

  /// Creates a fault.
  public init(found: String, expected: String, suggestion: String? = nil) {
    self.found = found
    self.expected = expected
    self.suggestion = suggestion
  }
}

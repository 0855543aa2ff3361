/// One thing that is wrong with a reference: a tensor, what was found there and what was expected.
public struct ReferenceFault: Error, Hashable, Sendable {
  /// The name of the tensor in the file.
  public let tensor: String
  /// What was found.
  public let found: String
  /// What was expected.
  public let expected: String
  /// The known name that was most probably meant.
  public let suggestion: String?

  /// Creates a fault.
  public init(_ tensor: String, found: String, expected: String, suggestion: String? = nil) {
    self.tensor = tensor
    self.found = found
    self.expected = expected
    self.suggestion = suggestion
  }

  /// The fault in words: `"output": found F64, expected F32`.
  public var text: String {
    let text = "\"\(tensor)\": found \(found), expected \(expected)"
    return suggestion.map { "\(text) (did you mean \"\($0)\"?)" } ?? text
  }
}

/// A fault found by one opcode, before it is told where that opcode stands.
struct PickleFailure: Error, Hashable, Sendable {
  var code: SourceError.Code
  var message: String
  var hint: String?

  init(_ code: SourceError.Code, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }

  /// The bytes ended inside of a value.
  static func truncated(needed: Int, found: Int) -> PickleFailure {
    PickleFailure(.truncated, "needed \(needed) more bytes, found \(found)")
  }
}

/// Something beside the tensors that has a name in a source file.
public struct SourceExtra: Hashable, Sendable {
  /// The keys that lead from the top of the file to the value.
  public var path: [String]

  /// The value as far as it is plain data.
  public var value: Value

  /// Creates an extra.
  public init(path: [String], value: Value) {
    self.path = path
    self.value = value
  }

  /// Plain data, or the name of what was not rebuilt.
  public enum Value: Hashable, Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    /// An integer of more than 64 bits, in decimal.
    case bigInteger(String)
    case number(Double)
    case text(String)
    /// A byte string of so many bytes.
    case bytes(Int)
    /// An object of a class that is not on the allow-list.
    case object(className: String)
    /// A tensor that cannot be read as dense data, with the reason (sparse, quantized, nested, ...).
    case unreadableTensor(reason: String)
    /// A container with nothing in it.
    case empty
  }
}

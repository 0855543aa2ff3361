import JSON

extension JSONValue {
  /// The object without the members that have their default value: a description written before a member existed stays the
  /// same, byte for byte.
  func omitting(_ defaults: [Member]) -> JSONValue {
    .object((objectValue ?? []).filter { !defaults.contains($0) })
  }
}

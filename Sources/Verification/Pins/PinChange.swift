public import JSON

/// One thing that is no longer as it was pinned.
public struct PinChange: Hashable, Sendable {
  /// The member of the pin, with the path inside it: `content`, `referenceSha256`,
  /// `architecture.attention.combination`.
  public let member: String
  /// What is pinned; `nil` where the pin has no such member.
  public let pinned: JSONValue?
  /// What was found; `nil` where there is no such member any more.
  public let found: JSONValue?

  /// The change in words: `content: pinned 01ab..., found 23cd...`.
  public var text: String { "\(member): pinned \(Self.text(pinned)), found \(Self.text(found))" }

  /// What tells variants of an object apart that have other members: where it differs, nothing else says more.
  private static let kinds = ["family", "kind"]

  /// Every difference between two objects, in the order of their members.
  static func all(from pinned: JSONValue, to found: JSONValue, path: String = "") -> [PinChange] {
    let added = (found.objectValue ?? []).filter { pinned[$0.name] == nil }
    let members = (pinned.objectValue ?? []) + added
    let kind = members.first { kinds.contains($0.name) && pinned[$0.name] != found[$0.name] }
    return (kind.map { [$0] } ?? members).flatMap { member in
      let (old, new) = (pinned[member.name], found[member.name])
      let path = path.isEmpty ? member.name : path + "." + member.name
      if old == new { return [PinChange]() }
      if let old, let new, old.objectValue != nil, new.objectValue != nil {
        return all(from: old, to: new, path: path)
      }
      return [PinChange(member: path, pinned: old, found: new)]
    }
  }

  /// A value in words.
  public static func text(_ value: JSONValue?) -> String {
    value.map { $0.stringValue ?? $0.text() } ?? "nothing"
  }
}

/// Keys of dicts as text.
enum TorchKeys {
  /// The text of a key: texts as they are, numbers in decimal. Other keys (tuples, objects) and texts that
  /// are too long to be a name get a label with their place, which keeps them apart.
  static func text(_ key: PickleHandle, place: Int, in graph: PickleGraph) -> String {
    if let text = name(key, in: graph) { return text }
    return "<\(graph.describe(key)) #\(place)>"
  }

  /// The pairs of a dict without the earlier ones of equal keys: in Python the last one counts, at the
  /// place of the first.
  static func merge(_ pairs: [PickleHandle], in graph: PickleGraph) -> [PickleHandle] {
    var places: [Identity: Int] = [:]
    places.reserveCapacity(pairs.count / 2)
    var merged: [PickleHandle]?
    for index in stride(from: 0, to: pairs.count - 1, by: 2) {
      let next = merged?.count ?? index
      if let identity = Identity(pairs[index], in: graph) {
        if let place = places[identity] {
          if merged == nil { merged = Array(pairs[..<index]) }
          merged?[place + 1] = pairs[index + 1]
          continue
        }
        places[identity] = next
      }
      merged?.append(contentsOf: pairs[index...index + 1])
    }
    return merged ?? pairs
  }

  /// What makes two keys equal in Python, where they can be compared.
  private enum Identity: Hashable {
    case text(String)
    case integer(Int)

    init?(_ key: PickleHandle, in graph: PickleGraph) {
      switch graph[key] {
      case .text(let text) where text.utf8.count <= PickleLimits.lineByteCount: self = .text(text)
      case .integer(let number): self = .integer(number)
      case .bool(let flag): self = .integer(flag ? 1 : 0)
      default: return nil
      }
    }
  }

  private static func name(_ key: PickleHandle, in graph: PickleGraph) -> String? {
    switch graph[key] {
    case .decimal(let digits): digits
    case .integer(let number): String(number)
    case .number(let number): String(number)
    case .bool(let flag): flag ? "True" : "False"
    case .none: "None"
    default: graph.name(key)
    }
  }
}

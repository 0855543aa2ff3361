/// The known name that a mistyped one most probably means.
public enum NearestName {
  /// The nearest of some names by edit distance, or `nil` where none is near enough.
  ///
  /// Near enough is a distance of at most a third of the longer name's length; equal distances are decided
  /// by the order of the names, so that the answer does not depend on the order of a dictionary.
  public static func of(_ name: String, among names: some Sequence<String>) -> String? {
    var best: (distance: Int, name: String)?
    let target = Array(name.utf8)
    for candidate in names {
      let bytes = Array(candidate.utf8)
      let limit = min(max(target.count, bytes.count) / 3, best?.distance ?? .max)
      guard abs(target.count - bytes.count) <= limit else { continue }
      let distance = editDistance(target, bytes, limit: limit)
      guard distance <= limit else { continue }
      if best.map({ (distance, candidate) < ($0.distance, $0.name) }) ?? true { best = (distance, candidate) }
    }
    return best?.name
  }

  /// The number of insertions, deletions and replacements between two names (Levenshtein, 1966); any
  /// number above `limit` where it is above it.
  private static func editDistance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int {
    var row = Array(0...right.count)
    for (index, byte) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let replaced = diagonal + (byte == right[column] ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, row[column] + 1, row[column + 1] + 1)
      }
      if row.allSatisfy({ $0 > limit }) { return limit + 1 }
    }
    return row[right.count]
  }
}

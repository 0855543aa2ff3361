/// The comparisons of a source with networks, best first.
///
/// Of those that are not complete only the best is kept: each may list a hundred thousand faults, and no other is
/// ever told.
struct FitRanking {
  private struct Entry {
    var fit: Fit
    /// The place of the dialect among all.
    var order: Int
    /// How many were compared before.
    var number: Int
  }

  private let places: [StateDict]
  private var entries: [Entry] = []
  private var count = 0

  /// Begins a ranking; places come in their order of preference.
  init(_ places: [StateDict]) { self.places = places }

  /// The complete comparisons and the best of the others, best first.
  var fits: [Fit] { entries.map(\.fit) }

  /// Adds a comparison in a dialect of some place among all.
  mutating func insert(_ fit: Fit, order: Int) {
    let entry = Entry(fit: fit, order: order, number: count)
    count += 1
    if !fit.faults.isEmpty, let rival = entries.firstIndex(where: { !$0.fit.faults.isEmpty }) {
      guard precedes(entry, entries[rival]) else { return }
      entries.remove(at: rival)
    }
    entries.insert(entry, at: entries.firstIndex { precedes(entry, $0) } ?? entries.endIndex)
  }

  /// Readings with fewer changes first, then places and dialects in their order of preference.
  private func precedes(_ left: Entry, _ right: Entry) -> Bool {
    if left.fit.score != right.fit.score { return left.fit.score > right.fit.score }
    let changes = (left.fit.stateDict.changes, right.fit.stateDict.changes)
    if changes.0 != changes.1 { return changes.0 < changes.1 }
    let ranks = (rank(of: left.fit), rank(of: right.fit))
    if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
    // Of like modules, the one whose weights and biases the code base really has.
    if left.fit.isExact != right.fit.isExact { return left.fit.isExact }
    return (left.order, left.number) < (right.order, right.number)
  }

  private func rank(of fit: Fit) -> Int {
    places.firstIndex { $0.key == fit.stateDict.key } ?? places.count
  }
}

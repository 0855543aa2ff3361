/// Finds names by how they end, whatever stands before: `conv1.weight` finds `module.conv1.weight`.
///
/// The names are sorted by their reversed bytes, so a search takes the logarithm of their number and not their number:
/// a file may have a hundred thousand names that are looked for among as many.
struct NameEndings {
  private let names: [(reversed: [UInt8], text: String)]

  init(_ names: some Sequence<String>) {
    self.names = names.map { (reversed: Array($0.utf8.reversed()), text: $0) }
      .sorted { $0.reversed.lexicographicallyPrecedes($1.reversed) }
  }

  /// Of the names that end so the first in the order of their reversed bytes; `nil` for none.
  func first(endingWith ending: String) -> String? {
    guard !names.isEmpty else { return nil }
    let wanted = Array(ending.utf8.reversed())
    var (low, high) = (0, names.count)
    while low < high {
      let middle = (low + high) / 2
      if names[middle].reversed.lexicographicallyPrecedes(wanted) { low = middle + 1 } else { high = middle }
    }
    guard low < names.count, names[low].reversed.starts(with: wanted) else { return nil }
    return names[low].text
  }
}

/// How often the largest elements of the rows of two outputs [N, classes] are the same.
public struct RankingAgreement: Hashable, Sendable {
  /// The number of rows: images.
  public let rows: Int
  /// The number of rows whose largest element is of the same class.
  public let top1: Int
  /// The number of rows whose five largest elements are of the same five classes, in any order; `nil` for outputs of at
  /// most five classes, which always agree.
  public let top5: Int?

  /// Compares outputs in row-major order. Of equal elements the first counts as larger.
  init?(actual: [Double], expected: [Double], classes: Int) {
    guard classes > 1 else { return nil }
    rows = expected.count / classes
    var (same1, same5) = (0, 0)
    for row in 0..<rows {
      let range = row * classes..<(row + 1) * classes
      let (found, wanted) = (Self.largest(actual[range]), Self.largest(expected[range]))
      if found.first == wanted.first { same1 += 1 }
      if Set(found) == Set(wanted) { same5 += 1 }
    }
    top1 = same1
    top5 = classes > 5 ? same5 : nil
  }

  /// The classes of the five largest elements, largest first.
  private static func largest(_ row: ArraySlice<Double>) -> [Int] {
    var places: [Int] = []
    for place in row.indices {
      // Behind all that are at least as large, so that the first of equal ones comes first.
      let position = places.firstIndex { row[$0] < row[place] } ?? places.endIndex
      guard position < 5 else { continue }
      places.insert(place, at: position)
      if places.count > 5 { places.removeLast() }
    }
    return places.map { $0 - row.startIndex }
  }
}

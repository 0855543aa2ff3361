/// Where the values of a run lie in one stretch of memory, so that a value takes the place of those that are no longer
/// needed.
struct Arena: Hashable, Sendable {
  /// A value: its size, and the first and the last step that need it.
  struct Value: Hashable, Sendable {
    var byteCount: Int
    var first: Int
    var last: Int
  }

  /// The offset of each value, in bytes.
  let offsets: [Int]
  /// The bytes of all together.
  let byteCount: Int

  /// Places values, the largest first, each at the lowest offset where it meets no value that lives at the same time.
  init(_ values: [Value], alignment: Int) {
    var offsets = [Int](repeating: 0, count: values.count)
    var placed: [Int] = []
    var total = 0
    let bySize = values.indices.sorted {
      (values[$1].byteCount, values[$0].first, $0) < (values[$0].byteCount, values[$1].first, $1)
    }
    for index in bySize {
      let value = values[index]
      let neighbours =
        placed
        .filter { values[$0].first <= value.last && value.first <= values[$0].last }
        .sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for neighbour in neighbours {
        if offset + value.byteCount <= offsets[neighbour] { break }
        let end = offsets[neighbour] + values[neighbour].byteCount
        offset = max(offset, (end + alignment - 1) / alignment * alignment)
      }
      offsets[index] = offset
      placed.append(index)
      total = max(total, offset + value.byteCount)
    }
    self.offsets = offsets
    byteCount = total
  }
}

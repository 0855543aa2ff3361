/// Copies the elements of a box from one arrangement in memory to another: a transposition, a flip, a repetition.
///
/// Elements go in tiles, so that the cache lines that a tile reads and writes are used in full before they leave the
/// processor's first-level cache. Both arrangements are checked as a whole before the first element moves.
public struct StridedCopy {
  /// Cache lines that a tile reads, few because lines a power of two apart share their places in the cache, and elements
  /// of each: 16 of four bytes fill a line of 64.
  private static let tile = (lines: 8, elements: 16)

  private struct Dimension {
    var count: Int
    var from: Int
    var to: Int
  }

  private let dimensions: [Dimension]
  private let width: Int

  /// Prepares to copy a box.
  ///
  /// - Parameters:
  ///   - shape: the number of elements in each dimension.
  ///   - source: the distance of neighbours in the source, in elements.
  ///   - target: the distance of neighbours in the target, in elements.
  ///   - width: the bytes of an element.
  public init(shape: [Int], from source: [Int], to target: [Int], width: Int) {
    var dimensions: [Dimension] = []
    for (index, count) in shape.enumerated() where count != 1 {
      let dimension = Dimension(count: count, from: source[index], to: target[index])
      // Neighbours in both arrangements are one dimension.
      if let last = dimensions.last, last.from == count * dimension.from, last.to == count * dimension.to {
        dimensions[dimensions.count - 1] = Dimension(
          count: last.count * count, from: dimension.from, to: dimension.to)
      } else {
        dimensions.append(dimension)
      }
    }
    guard ![1, 2, 4, 8, 16].contains(width) else {
      self.dimensions = dimensions
      self.width = width
      return
    }
    self.dimensions =
      dimensions.map { Dimension(count: $0.count, from: $0.from * width, to: $0.to * width) }
      + [Dimension(count: width, from: 1, to: 1)]
    self.width = 1
  }

  /// Copies all elements; the first one lies at these places, counted in elements.
  public func run(from source: [UInt8], at first: Int, to target: inout [UInt8], at place: Int) {
    guard !dimensions.contains(where: { $0.count == 0 }) else { return }
    let scale = width
    check(first, \.from, source.count / scale)
    check(place, \.to, target.count / scale)
    unsafe source.withUnsafeBytes { source in
      unsafe target.withUnsafeMutableBytes { target in
        guard let start = source.baseAddress, let goal = target.baseAddress else { return }
        let (from, to) = unsafe (start + first * scale, goal + place * scale)
        switch scale {
        case 1: unsafe copy(from, to, UInt8.self)
        case 2: unsafe copy(from, to, UInt16.self)
        case 4: unsafe copy(from, to, UInt32.self)
        case 8: unsafe copy(from, to, UInt64.self)
        default: unsafe copy(from, to, SIMD2<UInt64>.self)
        }
      }
    }
  }

  /// Every element lies inside of its array.
  private func check(_ first: Int, _ stride: KeyPath<Dimension, Int>, _ count: Int) {
    var (lowest, highest) = (first, first)
    for dimension in dimensions {
      let reach = (dimension.count - 1) * dimension[keyPath: stride]
      if reach < 0 { lowest += reach } else { highest += reach }
    }
    precondition(lowest >= 0 && highest < count, "a box reaches beyond its array")
  }

  private func copy<Element: BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _: Element.Type
  ) {
    let from = unsafe source.assumingMemoryBound(to: Element.self)
    let to = unsafe target.assumingMemoryBound(to: Element.self)
    // The elements that lie together in the target, and those that lie together in the source.
    guard let inner = dimensions.indices.min(by: { abs(dimensions[$0].to) < abs(dimensions[$1].to) }) else {
      unsafe to[0] = from[0]
      return
    }
    let a = dimensions[inner]
    let near = dimensions.indices.filter { $0 != inner && dimensions[$0].from != 0 }
      .min { abs(dimensions[$0].from) < abs(dimensions[$1].from) }
    let other = near.flatMap { abs(dimensions[$0].from) < abs(a.from) ? $0 : nil }
    let b = other.map { dimensions[$0] } ?? Dimension(count: 1, from: 0, to: 0)
    let outer = dimensions.indices.filter { $0 != inner && $0 != other }.map { dimensions[$0] }
    var bStart = 0
    while bStart < b.count {
      let bEnd = min(b.count, bStart + Self.tile.elements)
      forEachOffset(outer) { fromOuter, toOuter in
        let isRun = a.from == 1 && a.to == 1
        var aStart = 0
        while aStart < a.count {
          let aEnd = isRun || b.count == 1 ? a.count : min(a.count, aStart + Self.tile.lines)
          for bIndex in bStart..<bEnd {
            let row = unsafe from + (fromOuter + bIndex * b.from)
            let place = unsafe to + (toOuter + bIndex * b.to)
            if isRun {
              unsafe UnsafeMutableRawPointer(place).copyMemory(
                from: row, byteCount: a.count * MemoryLayout<Element>.stride)
              continue
            }
            var (read, write) = (aStart * a.from, aStart * a.to)
            for _ in aStart..<aEnd {
              unsafe place[write] = row[read]
              read += a.from
              write += a.to
            }
          }
          aStart = aEnd
        }
      }
      bStart = bEnd
    }
  }

  /// Visits every position of some dimensions, the last one fastest.
  private func forEachOffset(_ dimensions: [Dimension], _ body: (_ from: Int, _ to: Int) -> Void) {
    var position = [Int](repeating: 0, count: dimensions.count)
    var (from, to) = (0, 0)
    while true {
      body(from, to)
      var index = dimensions.count - 1
      while index >= 0 {
        position[index] += 1
        from += dimensions[index].from
        to += dimensions[index].to
        if position[index] < dimensions[index].count { break }
        from -= dimensions[index].count * dimensions[index].from
        to -= dimensions[index].count * dimensions[index].to
        position[index] = 0
        index -= 1
      }
      if index < 0 { return }
    }
  }
}

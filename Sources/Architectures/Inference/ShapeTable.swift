/// The names and shapes of a checkpoint, sorted into stages and blocks.
package struct ShapeTable: Sendable {
  /// Shapes of the entries of one block, by the rest of their name, for example `conv1.weight`.
  typealias Leaves = [String: [Int]]

  /// The number of entries.
  let count: Int
  /// Everything outside of stages: stem, final, head, and the entries of a single attention module.
  private(set) var outside: Leaves = [:]
  /// The blocks of each stage, by index.
  private(set) var blocks: [Int: [Int: Leaves]] = [:]
  /// Attention behind each stage, by the rest of the name after `attention.`
  private(set) var stageAttention: [Int: Leaves] = [:]

  /// Sorts entries by name; names that fit no network are left out.
  package init(_ shapes: [String: [Int]]) {
    count = shapes.count
    for (name, shape) in shapes {
      guard name.utf8.starts(with: "stages.".utf8) else {
        outside[name] = shape
        continue
      }
      let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map {
        Substring($0)
      }
      guard parts.count > 3, let stage = Int(parts[1]), (0..<Limits.stages).contains(stage) else { continue }
      if parts[2] == "attention" {
        stageAttention[stage, default: [:]][parts[3...].joined(separator: ".")] = shape
      } else if parts[2] == "blocks", parts.count > 4, let block = Int(parts[3]),
        (0..<Limits.blocksPerStage).contains(block)
      {
        blocks[stage, default: [:]][block, default: [:]][parts[4...].joined(separator: ".")] = shape
      }
    }
  }

  /// All blocks of a stage, or of all stages.
  func leaves(stage: Int? = nil) -> [Leaves] {
    if let stage { return Array((blocks[stage] ?? [:]).values) }
    return blocks.values.flatMap(\.values)
  }

  /// The attention entries of blocks, of one stage or of all, by the rest of the name after `attention.`; blocks
  /// without any are left out.
  func blockAttention(stage: Int? = nil) -> [Leaves] {
    leaves(stage: stage).compactMap { Self.below("attention.", $0) }
  }

  /// The entries of a single attention module, by the rest of the name after `attention.`
  var moduleAttention: Leaves? { Self.below("attention.", outside) }

  private static func below(_ prefix: String, _ leaves: Leaves) -> Leaves? {
    var found: Leaves = [:]
    for (name, shape) in leaves where name.hasPrefix(prefix) {
      found[String(name.dropFirst(prefix.count))] = shape
    }
    return found.isEmpty ? nil : found
  }
}

extension Dictionary where Key == String, Value == [Int] {
  /// One side of the shape of an entry, where both exist.
  func side(_ name: String, _ axis: Int) -> Int? {
    guard let shape = self[name], shape.indices.contains(axis), shape[axis] > 0 else { return nil }
    return shape[axis]
  }

  /// Whether any name begins so.
  func contains(prefix: String) -> Bool {
    keys.contains { $0.hasPrefix(prefix) }
  }
}

/// The commonest value, the smallest of equally common ones; `nil` for none.
func majority(_ votes: some Sequence<Int?>) -> Int? {
  var counts: [Int: Int] = [:]
  for case .some(let vote) in votes { counts[vote, default: 0] += 1 }
  return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
}

/// Whether more than half of the votes are yes; `nil` where there are no votes.
func mostly(_ votes: some Collection<Bool>) -> Bool? {
  votes.isEmpty ? nil : 2 * votes.count(where: { $0 }) > votes.count
}

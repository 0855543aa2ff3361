/// The order in which people number things: `conv2d_2` before `conv2d_10`.
enum NaturalOrder {
  /// Whether one text stands before another, runs of digits compared as numbers.
  static func precedes(_ left: String, _ right: String) -> Bool {
    var (left, right) = (left.utf8[...], right.utf8[...])
    while let first = left.first, let second = right.first {
      if isDigit(first), isDigit(second) {
        let (one, other) = (digits(&left), digits(&right))
        if one.count != other.count { return one.count < other.count }
        if one != other { return one.lexicographicallyPrecedes(other) }
      } else {
        if first != second { return first < second }
        left.removeFirst()
        right.removeFirst()
      }
    }
    return left.isEmpty && !right.isEmpty
  }

  /// Takes a run of digits away, without its leading zeros.
  private static func digits(_ text: inout Substring.UTF8View) -> [UInt8] {
    let run = text.prefix(while: isDigit)
    text = text.dropFirst(run.count)
    return Array(run.drop { $0 == UInt8(ascii: "0") })
  }

  private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
}

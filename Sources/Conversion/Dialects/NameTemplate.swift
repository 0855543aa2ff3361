/// A pattern of names with counting variables: `layer{s+1}.{b}.conv{i}`.
///
/// A variable stands for a decimal number without leading zeros. `{s+1}` is written as the value plus one.
/// Matching is the inverse of rendering, so one template serves both directions of a mapping.
struct NameTemplate: Hashable, Sendable {
  /// The variables of a name and their values.
  typealias Values = NameValues

  private enum Piece: Hashable, Sendable {
    case literal([UInt8])
    case variable(NameVariable, added: Int)
  }

  /// The text as written in the dialect file.
  let text: String

  private let pieces: [Piece]

  /// The byte that every name of the pattern begins with, or `nil` where a variable stands first.
  private let firstByte: UInt8?

  /// Compiles a template.
  ///
  /// - Throws: ``ConversionError`` with code `invalidDialect`.
  init(_ text: String) throws(ConversionError) {
    self.text = text
    var pieces: [Piece] = []
    // Bytes, because every start of the program compiles all templates, and characters take ten times as long.
    var rest = Array(text.utf8)[...]
    while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
      if open > rest.startIndex { pieces.append(.literal(Array(rest[..<open]))) }
      guard let close = rest[open...].firstIndex(of: UInt8(ascii: "}")) else {
        throw ConversionError(.invalidDialect, "template \"\(text)\": '{' without '}'")
      }
      guard let (variable, added) = Self.variable(rest[(open + 1)..<close]) else {
        throw ConversionError(
          .invalidDialect,
          "template \"\(text)\": expected a variable {s}, {b}, {i} or {n}, or one with an offset such as {s+1}"
        )
      }
      if case .variable = pieces.last {
        throw ConversionError(.invalidDialect, "template \"\(text)\": two variables without text between")
      }
      pieces.append(.variable(variable, added: added))
      rest = rest[(close + 1)...]
    }
    if !rest.isEmpty { pieces.append(.literal(Array(rest))) }
    self.pieces = pieces
    if case .literal(let literal) = pieces.first { firstByte = literal.first } else { firstByte = nil }
  }

  /// What stands between braces: a letter, or a letter, a plus sign and one digit.
  private static func variable(_ inner: ArraySlice<UInt8>) -> (name: NameVariable, added: Int)? {
    guard let first = inner.first, let name = NameVariable(rawValue: Character(Unicode.Scalar(first)))
    else { return nil }
    let offset = inner.dropFirst()
    guard let plus = offset.first else { return (name, 0) }
    guard plus == UInt8(ascii: "+"), offset.count == 2, let digit = offset.last,
      UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit
    else { return nil }
    return (name, Int(digit - UInt8(ascii: "0")))
  }

  /// The names of the variables.
  var variables: Set<NameVariable> {
    Set(
      pieces.compactMap { piece in
        if case .variable(let name, _) = piece { name } else { nil }
      })
  }

  /// The name for some values, or `nil` where a variable has none.
  func render(_ values: Values) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for piece in pieces {
      switch piece {
      case .literal(let literal): bytes += literal
      case .variable(let name, let added):
        guard let value = values[name] else { return nil }
        bytes += String(value + added).utf8
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The values for which the template renders to a name, or `nil` where there are none.
  func match(_ name: [UInt8]) -> Values? {
    // Most names fail at their first byte, before anything is allocated.
    if let firstByte, name.first != firstByte { return nil }
    var values = Values()
    var position = 0
    for piece in pieces {
      switch piece {
      case .literal(let literal):
        guard name.count - position >= literal.count else { return nil }
        for byte in literal {
          guard name[position] == byte else { return nil }
          position += 1
        }
      case .variable(let variable, let added):
        guard let number = Self.readNumber(name, &position), number >= added else { return nil }
        let value = number - added
        if let known = values[variable], known != value { return nil }
        values[variable] = value
      }
    }
    return position == name.count ? values : nil
  }

  /// A number of at most four digits: no network has ten thousand blocks.
  private static func readNumber(_ name: [UInt8], _ position: inout Int) -> Int? {
    let start = position
    var number = 0
    while position < name.count, position - start < 5,
      UInt8(ascii: "0")...UInt8(ascii: "9") ~= name[position]
    {
      number = number * 10 + Int(name[position] - UInt8(ascii: "0"))
      position += 1
    }
    let digits = position - start
    guard 1...4 ~= digits, digits == 1 || name[start] != UInt8(ascii: "0") else { return nil }
    return number
  }
}

import JSON

/// One line of a draft: a canonical template, and the template of the source.
struct DraftRule {
  /// A part of a source template.
  enum Piece: Hashable {
    case text(String)
    case number(Int)
    case variable(Character, added: Int)
  }

  /// Where the layers stand, as a canonical template with a dot at its end: `stages.{s}.blocks.{b}.`.
  var place: String
  /// What they are called there.
  var part: NumberedName
  /// The index in ``part`` of the number that `{i}` stands for.
  var index: Int?
  /// The name in the source.
  var pieces: [Piece]
  /// How the source arranges the weight.
  var layout: Layout?
  /// Why the line has to be checked.
  var uncertainty: String?
  /// How many layers it names.
  var count = 1

  /// The canonical template.
  var canonical: String {
    let numbers = part.numbers.enumerated().map { $0.offset == index ? "{i}" : String($0.element) } + [""]
    return place + zip(part.texts, numbers).map { $0 + $1 }.joined()
  }

  /// The template of the source.
  var source: String {
    pieces.map { piece in
      switch piece {
      case .text(let text): text
      case .number(let number): String(number)
      case .variable(let name, added: let added): added == 0 ? "{\(name)}" : "{\(name)+\(added)}"
      }
    }.joined()
  }

  /// How many of the numbers are variables.
  var variableCount: Int {
    pieces.count { if case .variable = $0 { true } else { false } }
  }

  /// The line as a member of a dialect file.
  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("canonical", .string(canonical)), .init("source", .string(source)),
    ]
    if let layout { members.append(.init("layout", .string(layout.rawValue))) }
    if let uncertainty { members.append(.init("uncertain", .string(uncertainty))) }
    return .object(members)
  }
}

import Architectures

/// Networks that were inferred already: most readings of one source differ in their dialect, and not in their network.
struct NetworkMemo {
  private struct Answers {
    var shapes: [String: [Int]]
    var table: ShapeTable
    var bySemantics: [Semantics: Result<Architecture, ArchitectureError>] = [:]
  }

  private struct MappingKey: Hashable {
    var dialect: String
    var architecture: Architecture
    var layouts: [String: Layout]
  }

  /// The shapes of a large file take much memory; readings of one dialect follow each other.
  private static let maximumAnswers = 4

  private let preset: Architecture?
  private var answers: [Answers] = []
  private var parameters: [Architecture: [Parameter]] = [:]
  private var mappings: [MappingKey: DialectMapping] = [:]

  /// Begins without any; `preset` is the architecture that the user named.
  init(preset: Architecture?) { self.preset = preset }

  /// The network whose parameters have some canonical names and shapes; see ``ArchitectureInference``.
  mutating func architecture(
    _ shapes: [String: [Int]], _ semantics: Semantics
  ) throws(ArchitectureError) -> Architecture {
    let place: Int
    if let known = answers.firstIndex(where: { $0.shapes == shapes }) {
      place = known
    } else {
      if answers.count == Self.maximumAnswers { answers.removeFirst() }
      place = answers.count
      answers.append(Answers(shapes: shapes, table: ShapeTable(shapes)))
    }
    if let known = answers[place].bySemantics[semantics] { return try known.get() }
    let table = answers[place].table
    let result = Result { () throws(ArchitectureError) in
      try ArchitectureInference.infer(table, semantics: semantics, following: preset)
    }
    answers[place].bySemantics[semantics] = result
    return try result.get()
  }

  /// The mapping of a network in a dialect; `nil` where the dialect has no such networks.
  mutating func mapping(
    _ dialect: Dialect, _ architecture: Architecture, _ layouts: [String: Layout]
  ) -> DialectMapping? {
    let key = MappingKey(dialect: dialect.name, architecture: architecture, layouts: layouts)
    if let known = mappings[key] { return known }
    guard let parameters = try? parameters(of: architecture) else { return nil }
    let mapping = try? DialectMapping(dialect, architecture, parameters: parameters, layouts: layouts)
    mappings[key] = mapping
    return mapping
  }

  /// The parameters of a network, in the order of its graph.
  private mutating func parameters(of architecture: Architecture) throws(ArchitectureError) -> [Parameter] {
    if let known = parameters[architecture] { return known }
    let found = try architecture.graph().parameters
    parameters[architecture] = found
    return found
  }
}

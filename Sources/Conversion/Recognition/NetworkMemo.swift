import Architectures

/// Networks that were inferred already: most readings of one source differ in their dialect, and not in their network.
struct NetworkMemo {
  private struct Answer {
    var shapes: [String: [Int]]
    var semantics: Semantics
    var result: Result<Architecture, ArchitectureError>
  }

  private let preset: Architecture?
  private var answers: [Answer] = []
  private var parameters: [Architecture: [Parameter]] = [:]

  /// Begins without any; `preset` is the architecture that the user named.
  init(preset: Architecture?) { self.preset = preset }

  /// The network whose parameters have some canonical names and shapes; see ``ArchitectureInference``.
  mutating func architecture(
    _ shapes: [String: [Int]], _ semantics: Semantics
  ) throws(ArchitectureError) -> Architecture {
    if let known = answers.first(where: { $0.semantics == semantics && $0.shapes == shapes }) {
      return try known.result.get()
    }
    let result = Result { () throws(ArchitectureError) in
      try ArchitectureInference.infer(shapes: shapes, semantics: semantics, following: preset)
    }
    answers.append(Answer(shapes: shapes, semantics: semantics, result: result))
    return try result.get()
  }

  /// The parameters of a network, in the order of its graph.
  mutating func parameters(of architecture: Architecture) throws(ArchitectureError) -> [Parameter] {
    if let known = parameters[architecture] { return known }
    let found = try architecture.graph().parameters
    parameters[architecture] = found
    return found
  }
}

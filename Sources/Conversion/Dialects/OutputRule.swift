/// One line of a dialect on an output: which node's output a module without parameters of its own gives, a
/// pool, an activation or a part of an attention module.
///
/// It is read from the source to the canonical name only; several modules may give the same output.
struct OutputRule: Hashable, Sendable {
  /// The canonical name of a node, or the path of a part: `stem.pool`.
  var canonical: NameTemplate

  /// The module path of the source: `maxpool`.
  var source: NameTemplate

  /// The features that an architecture must have for the line to apply.
  var condition: [String: String]
}

import JSON

/// One line of a dialect: how a canonical module, or a family of them, is called in the source.
struct ModuleRule: Hashable, Sendable {
  /// The canonical module path: `stages.{s}.blocks.{b}.conv{i}`.
  var canonical: NameTemplate

  /// The module path of the source: `layer{s+1}.{b}.conv{i}`.
  var source: NameTemplate

  /// How the weight of the module is arranged in the source; `nil` for as in the canonical form.
  var layout: Layout?

  /// The features that an architecture must have for the line to apply: `["shortcut": "average-pool"]`.
  var condition: [String: String]

  /// The weights and biases that the module has in the code base; `nil` where that varies. They tell like
  /// modules apart and keep an export from writing what the code base could not load.
  var leaves: Set<String>?

  /// The module within its attention module, `channel.reduce`; `nil` for modules of the backbone.
  var part: String?

  /// Why a person has still to check the line; `nil` for a line that is certain. A draft has such lines.
  var uncertainty: String?

  /// Whether the line applies to an architecture with some features.
  func applies(to features: [String: String]) -> Bool {
    condition.allSatisfy { features[$0.key] == $0.value }
  }
}

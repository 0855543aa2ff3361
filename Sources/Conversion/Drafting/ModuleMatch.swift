/// The source module that a layer was matched with.
struct ModuleMatch: Hashable {
  /// The number of the source module.
  var module: Int
  /// How its weight is arranged.
  var layout: Layout?
  /// Why a person has to check it; `nil` for a match that leaves no doubt.
  var uncertainty: String?
  /// Whether it was matched by itself and not with the same layer of other blocks.
  var isAlone = false
}

import JSON

/// What is known of a state dict beside its names, where Keras made those up and canonical ones took their place.
///
/// The names are then canonical modules with slashes and the leaves of Keras, `stages/0/blocks/1/conv2/kernel`; the
/// tensors are those of the file under their own names.
struct Renaming: Hashable, Sendable {
  /// The only dialect in which the names can be read.
  var dialect: String

  /// What no tensor shows, where the file itself says it; this overrides what the dialect has.
  var semantics: [JSONValue.Member] = []

  /// Layouts of single canonical modules, which override those of the dialect.
  var layouts: [String: Layout] = [:]
}

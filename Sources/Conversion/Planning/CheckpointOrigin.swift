import Checkpoint
import JSON

/// What a checkpoint says about the file it came from, as far as an export to the same dialect, and the names of what was
/// recorded beside the same code, need it again.
struct CheckpointOrigin {
  /// Whether the checkpoint came in the dialect.
  let isOwnDialect: Bool

  /// What the source called each canonical module, where Keras had made up the names; empty otherwise.
  private(set) var moduleNames: [String: String] = [:]

  /// Layouts of single modules that the file had and its dialect does not state.
  private(set) var layouts: [String: Layout] = [:]

  /// Reads the record of a checkpoint.
  init(_ checkpoint: Checkpoint, _ dialect: Dialect) {
    let source = checkpoint.metadata.source
    isOwnDialect = source["dialect"]?.stringValue == dialect.name
    guard isOwnDialect, let modules = source["modules"]?.objectValue else { return }
    for member in modules { moduleNames[member.name] = member.value.stringValue }
    for member in source["layout"]?.objectValue ?? [] {
      guard let layout = Layout(rawValue: member.name), Layout.ofDialects.contains(layout) else { continue }
      for name in member.value.arrayValue?.compactMap(\.stringValue) ?? [] {
        layouts[name.split(separator: ".").dropLast().joined(separator: ".")] = layout
      }
    }
  }
}

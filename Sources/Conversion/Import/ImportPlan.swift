public import Architectures
public import Checkpoint
public import SourceFormats

/// Everything that an import would do, decided and checked before a byte is written.
public struct ImportPlan: Sendable {
  /// One tensor of the canonical checkpoint and where it comes from.
  public struct Row: Sendable {
    /// The canonical name.
    public var canonicalName: String
    /// The name in the source, as it stands in the file; ``declaredName`` for what the user declared.
    public var sourceName: String
    /// The changes of arrangement, one after the other from the canonical form to the source; empty for none.
    public var layouts: [Layout]
    /// The type in the source.
    public var sourceType: ElementType
    /// What is written.
    public var output: TensorOutput
  }

  /// What stands in place of a source name where the source has nothing.
  static let declaredName = "(declared)"

  /// The source, and beside its storages those of declared values.
  public let index: SourceIndex

  /// The architecture that was recognised.
  public let architecture: Architecture

  /// The dialect that was recognised.
  public let dialect: Dialect

  /// The key path of the state dict in the source.
  public let key: [String]

  /// Whether Keras made up the names of the file and canonical ones took their place.
  public let hasAutomaticNames: Bool

  /// The prefix that was stripped from the names; empty for none.
  public let strippedPrefix: String

  /// The part of all names, expected and found, that agree; 1 for a complete fit.
  public let score: Double

  /// Dialects that would give the same tensors.
  public let alternatives: [String]

  /// What does not fit and was not allowed; an import is refused where there is anything.
  public let faults: [Fault]

  /// What does not fit and was allowed.
  public let allowed: [Fault]

  /// Parameters that the source lacks and the user declared.
  public let declared: [DeclaredParameter]

  /// The tensors to write, in the order of the graph.
  public let rows: [Row]

  /// Things worth telling.
  public let notes: [String]

  /// What the file says about itself that its tensors contradict.
  public let warnings: [String]

  /// Canonical modules whose names a person has still to check: the dialect is a draft (``DialectDraft``).
  public let uncertainModules: [String]

  /// The module of the source that holds a tensor, without the layers around that repeat its name; empty for what the
  /// user declared.
  func sourceModule(of row: Row) -> String {
    guard row.sourceName != Self.declaredName else { return "" }
    return (row.output.view.path.last ?? "").split(separator: Character(index.separator)).dropLast()
      .joined(separator: index.separator)
  }

  /// Whether the import can be carried out.
  public var isComplete: Bool { faults.isEmpty }
}

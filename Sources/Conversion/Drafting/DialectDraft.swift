public import Architectures
import JSON

/// A dialect file for a person to finish, made from one file whose names no dialect knows.
public struct DialectDraft: Sendable {
  /// One line of the draft.
  public struct Line: Hashable, Sendable {
    /// The canonical template.
    public let canonical: String
    /// The template of the source.
    public let source: String
    /// How the source arranges weights; `nil` for as in the canonical form.
    public let layout: Layout?
    /// Why a person has to check the line; `nil` where there is no doubt.
    public let uncertainty: String?
  }

  /// What no tensor shows and only the code can tell.
  public struct Question: Hashable, Sendable {
    /// The member of "semantics", or "layout" for that of a line.
    public let name: String
    /// The question.
    public let text: String
    /// The answer that the draft takes, as it is written in a dialect file.
    public let assumed: String
  }

  /// The text of the dialect file.
  public let text: String

  /// The name of the dialect.
  public let name: String

  /// The network, with the sizes that the file shows.
  public let architecture: Architecture

  /// The key path of the state dict.
  public let key: [String]

  /// The prefix that was stripped from the names; empty for none.
  public let strippedPrefix: String

  /// The lines, in the order of the network.
  public let lines: [Line]

  /// Names that the network needs and the file does not have, or has with another shape.
  public let missing: [Fault]

  /// Names of the file that have no place in the network.
  public let unexpected: [Fault]

  /// What only the code can tell.
  public let questions: [Question]

  /// A built-in dialect that knows all names of the file; there is no need for another then.
  public let known: String?

  /// Whether an import with the draft needs nobody to finish it.
  public var isComplete: Bool {
    missing.isEmpty && unexpected.isEmpty && lines.allSatisfy { $0.uncertainty == nil }
  }
}

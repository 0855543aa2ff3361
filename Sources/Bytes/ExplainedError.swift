/// An error that a person can act on: what was found and expected, where, and what to do next.
///
/// Every module of the package has one error type that conforms, so that the command line prints all of
/// them the same way. Errors compare by value, so tests compare the whole error and not only its type.
public protocol ExplainedError: Error, Hashable, Sendable {
  /// A stable, kebab-case identifier for programs, for example `unexpected-end`.
  var identifier: String { get }

  /// What was found and what was expected; lower case, no full stop.
  var message: String { get }

  /// The file the error is about, as the user wrote its path.
  var file: String? { get }

  /// The byte offset in that file, where one is known.
  var offset: UInt64? { get }

  /// What to do next, lower case; separate from the message.
  var hint: String? { get }
}

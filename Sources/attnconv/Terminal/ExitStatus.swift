import Bytes
import Conversion

/// The exit codes of the program, which its help and README document.
enum ExitStatus: Int32, Comparable {
  /// Done.
  case done = 0
  /// Ran, and the answer is no.
  case no = 1
  /// Could not: unreadable, malformed, unsupported, I/O.
  case couldNot = 2

  /// The code for an error: names that do not fit, or that nobody is sure of, are an answer, everything else is not.
  init(_ error: any Error) {
    let code = (error as? ConversionError)?.code
    self = code == .incomplete || code == .uncertainDialect ? .no : .couldNot
  }

  static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The name `-` for standard input.
enum StandardInput {
  /// The path of a file argument. Standard input works where it is redirected from a file.
  static func path(_ argument: String) -> String { argument == "-" ? "/dev/stdin" : argument }
}

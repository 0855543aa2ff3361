import ArgumentParser
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the command line knows of the terminal it writes to.
enum Terminal {
  /// When to use colour.
  enum Color: String, CaseIterable, ExpressibleByArgument {
    case auto, always, never
  }

  /// Writes a line of the result to standard output. A closed pipe is not an error.
  static func result(_ line: String) { print(line) }

  /// Writes a line of messages to standard error.
  static func message(_ line: String) { write(line + "\n") }

  /// Writes text to standard error, without a line break.
  static func partialMessage(_ text: String) { write(text) }

  /// Whether standard error is a terminal that people look at.
  static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb" }

  /// Whether messages are coloured (https://no-color.org).
  static func usesColor(_ choice: Color) -> Bool {
    switch choice {
    case .always: true
    case .never: false
    case .auto: isInteractive && (environment("NO_COLOR") ?? "").isEmpty
    }
  }

  /// A variable of the environment.
  static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// Prepares the standard streams.
  ///
  /// A reader that goes away ends nothing: writing then fails quietly. A result that cannot be written for another
  /// reason, a full disk for example, is an error. A stream that the caller closed is put in place, so that no file
  /// that is opened later gets its number, and with it what is meant for the terminal.
  static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    while case let descriptor = unsafe open("/dev/null", O_RDWR), descriptor >= 0 {
      guard descriptor > STDERR_FILENO else { continue }
      close(descriptor)
      break
    }
    atexit {
      guard fflush(nil) != 0, errno != EPIPE else { return }
      Terminal.message("error: cannot write the result: \(Errno(rawValue: errno).description.lowercased())")
      _exit(ExitStatus.couldNot.rawValue)
    }
  }

  /// Seconds of a clock that only goes forward.
  static var seconds: Double {
    let now = ContinuousClock.now - start
    return Double(now.components.seconds) + Double(now.components.attoseconds) * 1e-18
  }

  private static let start = ContinuousClock.now

  private static func write(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
  }
}

import Foundation
import SystemPackage

extension Program {
  /// What a run under limits left behind.
  package struct LimitedOutcome {
    /// What it said and how it ended; a signal is its negative number.
    package var outcome: Outcome
    /// The processor time of the program and of all processes that it started and waited for.
    package var processorSeconds: Double
  }

  /// Runs the program so that neither it nor any process that it starts can take more than so much memory.
  ///
  /// A shell sets the limits, which descendants inherit, and tells the processor time. The limit is that of private
  /// writable memory (`RLIMIT_DATA`), so a process that needs more fails to allocate and ends by a signal. The resident
  /// size that `wait4` tells is no measure here: it begins with the size of the process that starts the program.
  package func run(_ arguments: [String], megabytes: Int, seconds: Int) async throws -> LimitedOutcome {
    let place = try TemporaryDirectory()
    let times = place.file("times")
    // The shadow memory of a sanitizer is private and writable, too.
    #if SANITIZED
      let memory = "unlimited"
    #else
      let memory = "\(megabytes * 1024)"
    #endif
    let script = """
      ulimit -d \(memory) && ulimit -t \(seconds) && ulimit -c 0 || exit 97
      times=$1; shift
      "$@"; status=$?
      times > "$times"
      exit $status
      """
    var outcome = try await run(
      "/bin/sh", ["-c", script, "sh", times.string, Self.executable.string] + arguments)
    // How a shell tells a signal (POSIX, 2.8.2); the program itself ends with 130 at most, and only when interrupted.
    if outcome.status > 128 { outcome.status = 128 - outcome.status }
    let text = String(decoding: try place.bytes(of: "times"), as: UTF8.self)
    return LimitedOutcome(outcome: outcome, processorSeconds: try Self.children(in: text))
  }

  /// The second line of `times` is that of the processes: user and system time as `0m0.02s 0m0.01s`.
  private static func children(in text: String) throws -> Double {
    let line = text.split(separator: "\n").dropFirst().first ?? ""
    let numbers = line.split(separator: " ").map { time in
      time.dropLast().split(separator: "m").compactMap { Double($0) }
    }
    guard numbers.count == 2, numbers.allSatisfy({ $0.count == 2 }) else {
      throw CocoaError(.formatting, userInfo: [NSLocalizedDescriptionKey: "cannot read the times \(text)"])
    }
    return numbers.reduce(0) { $0 + $1[0] * 60 + $1[1] }
  }
}

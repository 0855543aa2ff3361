import Foundation
package import SystemPackage

/// The program as people run it: the built binary in a process of its own.
package struct Program {
  /// What a run left behind.
  package struct Outcome {
    /// The exit status, or the negative number of the signal.
    package var status: Int32
    /// Everything on standard output.
    package var output: String
    /// Everything on standard error.
    package var messages: String
  }

  /// Where standard output goes.
  package enum Output {
    /// To the outcome.
    case kept
    /// Into a pipe whose reader has gone away.
    case closedPipe
  }

  /// The directory that the program runs in, and that its output is kept in.
  private let directory: TemporaryDirectory

  /// Variables of the environment, beside those that every program needs.
  package var environment: [String: String] = [:]

  /// The file that standard input comes from; nothing where there is none.
  package var input: FilePath?

  /// Where standard output goes.
  package var outputTarget = Output.kept

  /// A program that runs in a directory.
  package init(in directory: TemporaryDirectory) { self.directory = directory }

  /// The binary, which the build puts beside the bundle of the tests.
  package static let executable: FilePath = {
    let bundles = Bundle.allBundles.filter { $0.bundlePath.hasSuffix(".xctest") }.map(\.bundleURL)
    let executable = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    let place = (bundles.first ?? executable).deletingLastPathComponent()
    return FilePath(place.appendingPathComponent("attnconv").path)
  }()

  /// What every program needs, and what `Tools/sanitizers.sh` tells the sanitizers.
  private static let inherited: [String: String] = {
    var variables = ["PATH": "/usr/bin:/bin", "COLUMNS": "80"]
    for name in ["TSAN_OPTIONS", "ASAN_OPTIONS"] {
      variables[name] = ProcessInfo.processInfo.environment[name]
    }
    return variables
  }()

  /// Runs the program to its end.
  package func run(_ arguments: [String]) async throws -> Outcome {
    try await run(Self.executable, arguments)
  }

  /// Runs any program to its end, in the same place and environment.
  func run(_ executable: FilePath, _ arguments: [String]) async throws -> Outcome {
    let captured = try Captured()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable.string)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: directory.path.string)
    process.environment = Self.inherited.merging(environment) { $1 }
    process.standardInput =
      try input.map { try FileHandle(forReadingFrom: URL(fileURLWithPath: $0.string)) }
      ?? FileHandle.nullDevice
    process.standardError = captured.messages
    switch outputTarget {
    case .kept: process.standardOutput = captured.output
    case .closedPipe:
      let pipe = Pipe()
      try pipe.fileHandleForReading.close()
      process.standardOutput = pipe.fileHandleForWriting
    }
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in continuation.resume() }
      do {
        try process.run()
      } catch {
        continuation.resume(throwing: error)
      }
    }
    // A signal ends a program with a status that no test expects.
    let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    return Outcome(
      status: status, output: try captured.text("output"), messages: try captured.text("messages"))
  }

  /// Files rather than pipes take the output, so that nobody has to read while the program runs.
  private final class Captured {
    let output: FileHandle
    let messages: FileHandle
    private let directory: TemporaryDirectory

    init() throws {
      directory = try TemporaryDirectory()
      output = try FileHandle(forWritingTo: URL(fileURLWithPath: directory.create("output", []).string))
      messages = try FileHandle(forWritingTo: URL(fileURLWithPath: directory.create("messages", []).string))
    }

    func text(_ name: String) throws -> String {
      String(decoding: try directory.bytes(of: name), as: UTF8.self)
    }
  }
}

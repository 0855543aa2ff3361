import ArgumentParser
import Checkpoint
import Execution
import JSON
import SystemPackage

/// `attnconv verify --integrity FILE...`: whether every byte of checkpoints is as it was written.
struct VerifyIntegrity {
  /// The paths of the checkpoints, `-` for standard input.
  let files: [String]
  /// The other options.
  let options: VerifyCommand

  /// Checks all files, whatever becomes of those before, and reports.
  ///
  /// - Throws: `ExitCode` where the report could not be written; the reason is reported.
  func run(_ reporter: Reporter) async throws -> ExitStatus {
    do {
      try options.integration.check()
    } catch {
      throw reporter.fail(error)
    }
    var (results, outcomes): ([JSONValue], [CheckOutcome]) = ([], [])
    for file in files {
      let path = FilePath(StandardInput.path(file))
      let progress = ProgressLine("checking \(path.lastComponent?.string ?? "")")
      do {
        let report = IntegrityText(
          try await IntegrityReport(path, threads: options.execution.threads ?? Engine.defaultThreads) {
            progress.update($0, $1)
          })
        reporter.print(report.lines)
        results.append(report.json)
        outcomes.append(CheckOutcome(report))
      } catch {
        results.append(reporter.explain(error, file: path.string))
        outcomes.append(CheckOutcome(error, name: path.string, place: (path.string, nil)))
      }
    }
    let status = outcomes.map(\.exitStatus).max() ?? .done
    if files.count > 1 {
      reporter.print(["\(outcomes.count { $0.status == .passed }) of \(files.count) files are intact"])
    }
    if options.report.json {
      reporter.printJSON([
        "status": .string(Self.word(for: status)), "files": .array(results),
      ])
    }
    return max(status, options.integration.publish(outcomes, suite: "integrity", reporter))
  }

  private static func word(for status: ExitStatus) -> String {
    switch status {
    case .done: "intact"
    case .no: "damaged"
    case .couldNot: "unchecked"
    }
  }
}

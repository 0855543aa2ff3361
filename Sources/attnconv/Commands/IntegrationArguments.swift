import ArgumentParser
import Bytes
import SystemPackage

/// What continuous integration wants of a command: a file of test results, and annotations on GitHub.
struct IntegrationArguments: ParsableArguments {
  @Option(
    name: .customLong("junit"),
    help: ArgumentHelp(
      "Write the outcomes as JUnit XML, also where the command fails; replaces an older report.",
      valueName: "file"),
    completion: .file(extensions: ["xml"]))
  var report: String?

  /// Fails where the report could not be written, before the work is done.
  func check() throws(BytesError) {
    guard let report else { return }
    let path = FilePath(report)
    try AtomicFile.check(path, overwrite: true)
    guard path.exists else { return }
    let older = try InputFile(path)
    let beginning = try older.read(at: 0, count: Int(min(5, older.size)))
    guard older.size == 0 || beginning == Array("<?xml".utf8) else {
      throw BytesError(
        .exists, "found a file that is no XML, expected an older report or none", file: report,
        hint: "name another file with --junit")
    }
  }

  /// Tells everybody who wants to know what became of the checks.
  ///
  /// - Returns: `couldNot` where the report could not be written; the reason is reported.
  func publish(_ outcomes: [CheckOutcome], suite: String, _ reporter: Reporter) -> ExitStatus {
    if Terminal.environment("GITHUB_ACTIONS") == "true" {
      for command in outcomes.flatMap(Self.annotations) { Terminal.message(command.text) }
    }
    guard let report else { return .done }
    do throws(BytesError) {
      let file = try AtomicFile(FilePath(report), overwrite: true)
      try file.write(Array(JUnitReport(suite: suite, outcomes: outcomes).text.utf8)[...], at: 0)
      try file.commit()
      return .done
    } catch {
      reporter.explain(error, file: report)
      return .couldNot
    }
  }

  private static func annotations(_ outcome: CheckOutcome) -> [WorkflowCommand] {
    let place = placeInRepository(outcome.place)
    let warnings = outcome.warnings.map { warning in
      WorkflowCommand(level: .warning, title: outcome.name, lines: [warning], place: place)
    }
    guard outcome.status != .passed else { return warnings }
    return warnings + [
      WorkflowCommand(level: .error, title: outcome.name, lines: outcome.lines, place: place)
    ]
  }

  /// Annotations name files from the top of the repository, wherever the program runs.
  private static func placeInRepository(_ place: (file: String, line: Int?)) -> (file: String, line: Int?)? {
    guard let workspace = Terminal.environment("GITHUB_WORKSPACE") else { return place }
    let path = FilePath(place.file).relative(to: FilePath(workspace))
    guard !path.isAbsolute, path.components.first?.kind == .regular else { return nil }
    return (path.string, place.line)
  }
}

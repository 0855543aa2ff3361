import Bytes
import SystemPackage
import Verification

/// `attnconv verify` without a checkpoint: everything that a pin file pins.
struct VerifyPins {
  /// The path of the pin file.
  let path: FilePath
  /// The other options.
  let options: VerifyCommand

  /// Checks all pins and reports.
  ///
  /// - Throws: `ExitCode` where there is nothing to check; the reason is reported.
  func run(_ reporter: Reporter) async throws -> ExitStatus {
    let page: PageFile?
    do {
      try options.integration.check()
      page = try options.page.map { try PageFile(FilePath($0)) }
    } catch {
      throw reporter.fail(error)
    }
    let file: PinFile
    do {
      file = try read()
    } catch {
      let outcome = CheckOutcome(error, name: path.string, place: (path.string, nil))
      _ = page?.publish([VerificationSection(title: path.string, error: error)], reporter)
      _ = options.integration.publish([outcome], suite: path.string, reporter)
      throw reporter.fail(error, file: path.string)
    }
    let checker = PinChecker(
      engine: options.execution.engine, threads: options.execution.threads,
      translation: options.names.translation)
    let begin = Terminal.seconds
    let checks = await checker.check(file)
    let seconds = Terminal.seconds - begin
    let outcomes = checks.map { CheckOutcome($0, in: file) }
    for (check, outcome) in zip(checks, outcomes) {
      reporter.warn(outcome.warnings.map { "\(outcome.name): \($0)" })
      if case .unchecked(let error) = check.outcome { reporter.explain(error) }
    }
    let report = PinsReport(checks, by: checker, of: file, outcomes)
    reporter.print(report.lines)
    if options.report.json { reporter.printJSON(report.members) }
    if let hint = options.execution.hint(afterSeconds: seconds) { reporter.hint(hint) }
    let status = outcomes.map(\.exitStatus).max() ?? .done
    return max(
      status, page?.publish(sections(checks, of: file, outcomes), reporter) ?? .done,
      options.integration.publish(outcomes, suite: path.string, reporter))
  }

  /// A section of the page for each pin.
  private func sections(
    _ checks: [PinCheck], of file: PinFile, _ outcomes: [CheckOutcome]
  ) -> [VerificationSection] {
    zip(checks, outcomes).enumerated().map { index, pair in
      PinSection(pair.0, of: file, pair.1, engine: options.execution.engine, identifier: "pin-\(index)")
        .section
    }
  }

  private func read() throws(VerificationError) -> PinFile {
    guard path.exists else {
      throw VerificationError(
        .notPinned, "found no pin file, expected \(PinFile.defaultName) in this folder or --pins",
        file: path.string,
        hint:
          "'attnconv pin CHECKPOINT --reference FILE' begins one; 'attnconv verify CHECKPOINT --reference FILE' "
          + "needs none")
    }
    let file = try PinFile(path)
    guard !file.entries.isEmpty else {
      throw VerificationError(
        .notPinned, "the file pins nothing, so nothing was checked", file: path.string,
        hint: "add a pin with 'attnconv pin CHECKPOINT --reference FILE'")
    }
    return file
  }
}

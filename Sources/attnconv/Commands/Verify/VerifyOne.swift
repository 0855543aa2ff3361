import ArgumentParser
import Checkpoint
import SystemPackage
import Verification

/// `attnconv verify CHECKPOINT --reference FILE`: one checkpoint against one reference.
struct VerifyOne {
  /// The path of the checkpoint, `-` for standard input.
  let checkpoint: String
  /// The path of the reference, `-` for standard input.
  let reference: String
  /// The other options.
  let options: VerifyCommand

  /// Compares and reports.
  ///
  /// - Throws: `ExitCode` where they could not be compared; the reason is reported.
  func run(_ reporter: Reporter) throws -> ExitStatus {
    let path = FilePath(StandardInput.path(checkpoint))
    let name = "\(checkpoint) against \(reference)"
    let place = (file: path.string, line: Int?.none)
    let page: PageFile?
    do {
      try options.integration.check()
      page = try options.page.map { try PageFile(FilePath($0)) }
    } catch {
      throw reporter.fail(error)
    }
    do {
      let checkpoint = try Checkpoint(path)
      let reference = try options.names.translation(
        Reference(FilePath(StandardInput.path(reference))), checkpoint)
      let verifier = Verifier(
        tolerance: options.tolerance ?? Verifier.defaultTolerance, engine: options.execution.engine,
        threads: options.execution.threads)
      let begin = Terminal.seconds
      let search = ProgressLine("searching the cause")
      var verdict = try verifier.verify(checkpoint, against: reference) {
        search.update(UInt64($0 * 1000), 1000)
      }
      if !verdict.passed { search.update(1000, 1000) }
      if options.measuresSensitivity, verdict.passed {
        let progress = ProgressLine("measuring sensitivity")
        verdict.sensitivity = try verifier.sensitivity(of: checkpoint, against: reference) {
          progress.update(UInt64($0), UInt64($1))
        }
      }
      let seconds = Terminal.seconds - begin
      if options.measuresNoise {
        // Without taps, a page still shows how rounding adds up from layer to layer.
        verdict.noiseFloor = try verifier.noiseFloor(
          of: checkpoint, against: reference, everywhere: page != nil && reference.taps.isEmpty)
      }
      let section = try page.map { _ in
        try VerdictSection(verdict, of: verifier, checkpoint, reference).section
      }
      // What was measured last, and the page, read the mapped file too.
      try checkpoint.checkUnchanged()
      let warnings = verdict.notes + (verdict.sensitivity.map { SensitivityReport($0).warnings } ?? [])
      reporter.warn(warnings)
      try publish(VerdictReport(verdict, of: verifier, checkpoint, reference), reporter)
      if let hint = options.execution.hint(afterSeconds: seconds) { reporter.hint(hint) }
      var outcome = CheckOutcome(verdict, name: name, place: place)
      outcome.warnings = warnings
      return max(
        outcome.exitStatus, page?.publish(section.map { [$0] } ?? [], reporter) ?? .done,
        options.integration.publish([outcome], suite: name, reporter))
    } catch {
      let outcome = CheckOutcome(error, name: name, place: place)
      _ = page?.publish([VerificationSection(title: path.string, error: error)], reporter)
      _ = options.integration.publish([outcome], suite: name, reporter)
      throw reporter.fail(error, file: path.string)
    }
  }

  /// Writes what a verification found everywhere it was asked for.
  private func publish(_ report: VerdictReport, _ reporter: Reporter) throws {
    reporter.print(report.lines)
    if options.report.json { reporter.printJSON(report.members) }
  }
}

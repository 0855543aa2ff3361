import ArgumentParser
import Verification

/// `attnconv verify --self-test`: whether the verifier catches known faults in networks that the program carries.
struct VerifyBuiltIn {
  /// The other options.
  let options: VerifyCommand

  /// Injects the faults and reports.
  ///
  /// - Throws: `ExitCode` where an engine failed; the reason is reported.
  func run(_ reporter: Reporter) throws -> ExitStatus {
    do {
      let test = try SelfTest(
        tolerance: options.tolerance ?? Verifier.defaultTolerance, engine: options.execution.engine,
        threads: options.execution.threads ?? 1)
      let report = SelfTestReport(test)
      reporter.print(report.lines)
      if options.report.json { reporter.printJSON(report.members) }
      return test.passed ? .done : .no
    } catch {
      throw reporter.fail(error)
    }
  }
}

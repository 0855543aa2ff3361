import ArgumentParser
import Checkpoint
import SystemPackage
import Verification

/// `attnconv verify`: whether a network computes what the original framework computed.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Run a checkpoint's network and compare it with recorded outputs.",
    discussion: """
      Checks the digests, runs the network on the input of the reference and compares its output, and every layer \
      that was recorded. A tensor passes where the largest difference is at most the tolerance times the largest \
      expected magnitude. Ends with 0 where all pass, 1 where one does not, 2 where they could not be compared.

      A reference is a safetensors file with F32 tensors input [N,C,H,W] and output, and taps.<layer> for layers; \
      Tools/record_reference.py records one beside the authors' code.
      """)

  @Argument(help: ArgumentHelp("The canonical checkpoint.", valueName: "checkpoint"), completion: .file())
  var checkpoint: String

  @Option(
    name: .long, help: ArgumentHelp("The recorded input and outputs.", valueName: "file"), completion: .file()
  )
  var reference: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The largest difference that passes, relative to the largest expected magnitude.",
      valueName: "number"))
  var tolerance = Verifier.defaultTolerance

  @OptionGroup(title: "Execution") var execution: ExecutionArguments
  @OptionGroup(title: "Reports") var report: ReportOptions

  func validate() throws {
    // From 1 on a network that gives nothing but 0 would pass.
    if !(0..<1).contains(tolerance) {
      throw ValidationError("--tolerance expects a number from 0 to less than 1, found '\(tolerance)'")
    }
  }

  func run() async throws {
    let reporter = Reporter(command: "verify", options: report)
    let path = FilePath(StandardInput.path(checkpoint))
    let verdict: Verdict
    do {
      let checkpoint = try Checkpoint(path)
      let reference = try Reference(FilePath(StandardInput.path(reference)))
      let verifier = Verifier(tolerance: tolerance, engine: execution.engine, threads: execution.threads)
      verdict = try verifier.verify(checkpoint, against: reference)
      let verdictReport = try VerdictReport(verdict, of: verifier, checkpoint, reference)
      reporter.warn(verdict.notes)
      reporter.print(verdictReport.lines)
      if report.json { reporter.printJSON(verdictReport.members) }
    } catch {
      throw reporter.fail(error, file: path.string)
    }
    if !verdict.passed { throw ExitCode(ExitStatus.no.rawValue) }
  }
}

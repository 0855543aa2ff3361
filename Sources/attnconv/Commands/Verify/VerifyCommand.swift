import ArgumentParser
import Verification

/// `attnconv verify`: whether a network computes what the original framework computed.
///
/// Each way of verifying is a type of its own, which is given this command for its options.
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
  var reference: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The largest difference that passes, relative to the largest expected magnitude.",
      valueName: "number"))
  var tolerance = Verifier.defaultTolerance

  @OptionGroup(title: "Execution") var execution: ExecutionArguments
  @OptionGroup(title: "Reports") var report: ReportOptions

  /// The ways of verifying.
  private enum Mode {
    /// One checkpoint against one reference.
    case one(VerifyOne)
  }

  /// What the arguments ask for.
  ///
  /// - Throws: `ValidationError` where they do not belong together.
  private func mode() throws -> Mode {
    guard let reference else { throw ValidationError("--reference is missing: the file of recorded outputs") }
    return .one(VerifyOne(checkpoint: checkpoint, reference: reference, options: self))
  }

  func validate() throws {
    // From 1 on a network that gives nothing but 0 would pass.
    if !(0..<1).contains(tolerance) {
      throw ValidationError("--tolerance expects a number from 0 to less than 1, found '\(tolerance)'")
    }
    _ = try mode()
  }

  func run() async throws {
    let reporter = Reporter(command: "verify", options: report)
    let status: ExitStatus
    switch try mode() {
    case .one(let one): status = try one.run(reporter)
    }
    if status != .done { throw ExitCode(status.rawValue) }
  }
}

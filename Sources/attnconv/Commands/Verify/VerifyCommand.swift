import ArgumentParser
import SystemPackage
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
      Tools/record_reference.py records one beside the authors' code. Layers may have their names there: the dialect \
      that the checkpoint came in translates them.

      Without a checkpoint, everything that \(PinFile.defaultName) pins is checked; 'attnconv pin' adds to it. Ends with \
      0 where all pins hold, 1 where a checkpoint or a reference was changed or a network differs, 2 where one \
      could not be checked. With GITHUB_ACTIONS=true, what fails is annotated.

      With --integrity, every byte of the checkpoints named is compared with the digests that they carry; no reference is \
      needed and nothing is run. All damage is listed, with the tensor or the metadata it is in. Ends with 0 where all \
      are intact, 1 where one is damaged, 2 where one has nothing to compare with.

      With --self-test, known faults of conversions are injected into small networks that the program carries with \
      it, one for each kind of attention, and each must be caught. Ends with 0 where all are, 1 where one is not.
      """)

  @Argument(
    help: ArgumentHelp(
      "The canonical checkpoint, several with --integrity; without one, everything that the pin file pins.",
      valueName: "checkpoint"),
    completion: .file())
  var checkpoints: [String] = []

  @Option(
    name: .long, help: ArgumentHelp("The recorded input and outputs.", valueName: "file"), completion: .file()
  )
  var reference: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The largest difference that passes, relative to the largest expected magnitude; by default 1e-05.",
      valueName: "number"))
  var tolerance: Double?

  @Option(
    name: .long,
    help: ArgumentHelp("Check what this file pins; by default \(PinFile.defaultName).", valueName: "file"),
    completion: .file())
  var pins: String?

  @Flag(
    name: .customLong("oracle"),
    help: ArgumentHelp(
      "Also measure the noise floor: what the fast engine computes against the reference engine. Tells rounding from a "
        + "wrong weight."))
  var measuresNoise = false

  @Flag(
    name: .customLong("sensitivity"),
    help: ArgumentHelp(
      "Where all passes, also move each parameter by 10 % and list those whose change no recorded tensor shows."
    ))
  var measuresSensitivity = false

  @Option(
    name: .customLong("report"),
    help: ArgumentHelp(
      "Also write the verdict as a web page; an older report is replaced.", valueName: "file.html"),
    completion: .file(extensions: ["html"]))
  var page: String?

  @Flag(
    name: .customLong("integrity"),
    help:
      "Check every byte of the checkpoints against the digests they carry; needs no reference and runs nothing."
  )
  var checksIntegrity = false

  @Flag(
    name: .long,
    help: "Inject known faults into small built-in networks and show that each is caught; needs no files.")
  var selfTest = false

  @OptionGroup(title: "Names") var names: DialectArguments
  @OptionGroup(title: "Execution") var execution: ExecutionArguments
  @OptionGroup(title: "Continuous integration") var integration: IntegrationArguments
  @OptionGroup(title: "Reports") var report: ReportOptions

  /// The ways of verifying.
  private enum Mode {
    /// One checkpoint against one reference.
    case one(VerifyOne)
    /// Everything that a pin file pins.
    case pins(VerifyPins)
    /// Every byte of checkpoints against the digests in them.
    case integrity(VerifyIntegrity)
    /// Networks that the program carries, sound and with faults.
    case builtIn(VerifyBuiltIn)
  }

  /// What the arguments ask for.
  ///
  /// - Throws: `ValidationError` where they do not belong together.
  private func mode() throws -> Mode {
    let needsNetwork = measuresNoise || measuresSensitivity || tolerance != nil
    if checksIntegrity {
      let named = [reference, pins, page, names.dialect].compactMap(\.self)
      guard named.isEmpty, names.dialectFiles.isEmpty, !needsNetwork, !selfTest else {
        throw ValidationError("--integrity runs no network and takes only checkpoints, --threads and --junit")
      }
      guard !checkpoints.isEmpty else { throw ValidationError("--integrity needs at least one checkpoint") }
      return .integrity(VerifyIntegrity(files: checkpoints, options: self))
    }
    guard checkpoints.count < 2 else {
      throw ValidationError("name one checkpoint; only --integrity takes several")
    }
    let checkpoint = checkpoints.first
    if selfTest {
      let named = [checkpoint, reference, pins, page, integration.report, names.dialect].compactMap(\.self)
      guard named.isEmpty, names.dialectFiles.isEmpty, !measuresNoise, !measuresSensitivity else {
        throw ValidationError("--self-test needs no files and takes only --tolerance, --engine and --threads")
      }
      return .builtIn(VerifyBuiltIn(options: self))
    }
    guard let checkpoint else {
      if reference != nil { throw ValidationError("name the checkpoint that --reference belongs to") }
      if measuresNoise || measuresSensitivity {
        throw ValidationError("--oracle and --sensitivity need a checkpoint")
      }
      if tolerance != nil { throw ValidationError("--tolerance needs a checkpoint; pins have their own") }
      return .pins(VerifyPins(path: FilePath(pins ?? PinFile.defaultName), options: self))
    }
    if pins != nil { throw ValidationError("--pins checks everything in the file; leave out the checkpoint") }
    guard let reference else {
      throw ValidationError(
        "--reference is missing: the file of recorded outputs; without a checkpoint, all pins are checked")
    }
    return .one(VerifyOne(checkpoint: checkpoint, reference: reference, options: self))
  }

  func validate() throws {
    try Tolerance.check(tolerance)
    _ = try mode()
  }

  func run() async throws {
    let reporter = Reporter(command: "verify", options: report)
    let status: ExitStatus
    switch try mode() {
    case .one(let one): status = try one.run(reporter)
    case .pins(let pins): status = try await pins.run(reporter)
    case .integrity(let integrity): status = try await integrity.run(reporter)
    case .builtIn(let builtIn): status = try builtIn.run(reporter)
    }
    if status != .done { throw ExitCode(status.rawValue) }
  }
}

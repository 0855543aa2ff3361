import Architectures
import ArgumentParser
import Bytes
import Checkpoint
import Execution
import JSON
import SystemPackage
import Verification

/// `attnconv pin`: a line of the pin file.
struct PinCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pin",
    abstract: "Pin a checkpoint that passes its reference, for 'attnconv verify' to check.",
    discussion: """
      Verifies the checkpoint and writes its content digest, its architecture, the digest of the reference and the \
      tolerance into the pin file, which belongs under version control. 'attnconv verify' without arguments then \
      checks everything that is pinned. A checkpoint that does not pass is not pinned (exit code 1).

      Paths are written relative to the folder of the pin file; an absolute path out of it stays absolute. The file \
      appears complete or not at all, and pins that are added at the same time are all kept.
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
      "The largest difference that passes, relative to the largest expected magnitude; by default the one that is "
        + "pinned, or 1e-05.", valueName: "number"))
  var tolerance: Double?

  @Option(name: .long, help: ArgumentHelp("The pin file.", valueName: "file"), completion: .file())
  var pins = PinFile.defaultName

  @Flag(name: .long, help: "Replace a pin that differs.")
  var force = false

  @Flag(name: .long, help: "Take the pins of the checkpoint away, or the one against --reference.")
  var remove = false

  @OptionGroup(title: "Names") var names: DialectArguments
  @OptionGroup(title: "Execution") var execution: ExecutionArguments
  @OptionGroup(title: "Reports") var report: ReportOptions

  func validate() throws {
    try Tolerance.check(tolerance)
    if checkpoint == "-" || reference == "-" {
      throw ValidationError("standard input has no path that could be pinned")
    }
    if reference == nil, !remove {
      throw ValidationError("--reference is missing: the file of recorded outputs")
    }
    if remove, force || tolerance != nil {
      throw ValidationError("--remove takes neither --force nor --tolerance")
    }
  }

  func run() async throws {
    let reporter = Reporter(command: "pin", options: report)
    do {
      let status = try remove ? runRemoval(reporter) : runAddition(reporter)
      if status != .done { throw ExitCode(status.rawValue) }
    } catch let code as ExitCode {
      throw code
    } catch {
      throw reporter.fail(error, file: checkpoint)
    }
  }

  private var file: FilePath { FilePath(pins) }

  private func name(_ path: String) -> String { PinFile.name(for: FilePath(path), in: file) }

  private func runAddition(_ reporter: Reporter) throws -> ExitStatus {
    let (checkpointName, referenceName) = (name(checkpoint), name(reference ?? ""))
    // Also so that a broken pin file is not found after a long run only.
    let known = file.exists ? try PinFile(file) : nil
    let checkpoint = try Checkpoint(FilePath(checkpoint))
    let reference = try Reference(FilePath(reference ?? ""))
    let verifier = Verifier(
      tolerance: tolerance ?? known?.pin(of: checkpointName, against: referenceName)?.tolerance
        ?? Verifier.defaultTolerance,
      engine: execution.engine, threads: execution.threads)
    let begin = Terminal.seconds
    let verdict = try verifier.verify(checkpoint, against: names.translation(reference, checkpoint))
    if let hint = execution.hint(afterSeconds: Terminal.seconds - begin) { reporter.hint(hint) }
    reporter.warn(verdict.notes)
    let pin = try Pin(
      checkpoint, named: checkpointName, against: reference, named: referenceName,
      tolerance: verifier.tolerance)
    guard verdict.passed else {
      try reporter.print(
        VerdictReport(verdict, of: verifier, checkpoint, reference).lines + ["not pinned in \(pins)"])
      printJSON("diverged", pin, ["verdict": VerdictSummary(verdict).json], reporter)
      return .no
    }
    let addition = try PinFile.add(pin, to: file, replacing: force)
    let files = "\(checkpointName) against \(referenceName)"
    let (status, lines, changes): (String, [String], [PinChange]) =
      switch addition {
      case .added: ("added", ["pinned \(files) in \(pins)"], [])
      case .unchanged: ("unchanged", ["\(files) is pinned in \(pins) already; nothing changed"], [])
      case .replaced(let changes):
        ("replaced", ["pinned \(files) in \(pins) again"] + changes.map { "  \($0.text)" }, changes)
      }
    let summary = VerdictSummary(verdict)
    reporter.print(
      lines + [
        "  architecture  \(pin.architecture.name)", "  content       \(pin.content)", "  \(summary.message)",
      ])
    printJSON(
      status, pin, ["verdict": summary.json, "changes": .array(changes.map(PinsReport.json))], reporter)
    return .done
  }

  private func runRemoval(_ reporter: Reporter) throws -> ExitStatus {
    let removed = try PinFile.remove(name(checkpoint), against: reference.map(name), from: file)
    reporter.print(removed.map { "removed \($0.checkpoint) against \($0.reference) from \(pins)" })
    if report.json {
      reporter.printJSON([
        "status": "removed", "pins": .string(pins), "file": .string(checkpoint),
        "removed": .array(removed.map(\.json)),
      ])
    }
    return .done
  }

  private func printJSON(_ status: String, _ pin: Pin, _ members: [String: JSONValue], _ reporter: Reporter) {
    guard report.json else { return }
    let shared: [String: JSONValue] = [
      "status": .string(status), "pins": .string(pins), "file": .string(checkpoint), "pin": pin.json,
      "engine": .string(execution.engine.rawValue),
    ]
    reporter.printJSON(shared.merging(members) { $1 })
  }
}

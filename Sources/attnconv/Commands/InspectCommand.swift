import Architectures
import ArgumentParser
import Bytes
import Checkpoint
import Conversion
import JSON
import SourceFormats
import SystemPackage

/// `attnconv inspect`: what a file is, without writing anything.
struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Say what a checkpoint is, layer by layer; write nothing.",
    discussion: "Works on every container, canonical or not.")

  @Argument(help: ArgumentHelp("The checkpoint to read.", valueName: "file"), completion: .file())
  var file: String

  @Option(
    name: .long, help: ArgumentHelp("Compute layer shapes for this input, N,C,H,W.", valueName: "shape"))
  var input: String?

  @Flag(name: .long, help: "List every layer instead of one line for each block.")
  var layers = false

  @Flag(name: .long, help: "List every tensor.")
  var tensors = false

  @OptionGroup(title: "Recognition") var recognition: RecognitionArguments
  @OptionGroup(title: "Reports") var report: ReportOptions

  func validate() throws {
    if let input, shape(input) == nil { throw ValidationError("--input expects N,C,H,W, found '\(input)'") }
  }

  func run() async throws {
    let reporter = Reporter(command: "inspect", options: report)
    let path = FilePath(StandardInput.path(file))
    do {
      let inspection = try inspect(path)
      reporter.warn(inspection.warnings)
      reporter.print(inspection.lines)
      if report.json { reporter.printJSON(inspection.members) }
    } catch {
      throw reporter.fail(error, file: path.string)
    }
  }

  private func inspect(_ path: FilePath) throws -> Inspection {
    if let header = try? SafetensorsHeader(reading: InputFile(path)), CheckpointMetadata.isPresent(in: header)
    {
      let report = CheckpointReport(try Checkpoint(path))
      let architecture = try Architecture(json: report.checkpoint.metadata.architecture)
      var inspection = try layerTable(architecture)
      inspection.lines =
        report.headerLines(architecture) + inspection.lines + (tensors ? report.tensorLines : [])
      if self.report.json { inspection.members.merge(report.members(architecture)) { old, _ in old } }
      if recognition.forcesSomething {
        inspection.warnings = [
          "the file is canonical and says what it is; options of recognition have no effect"
        ]
      }
      return inspection
    }
    let index = try SourceReader.open(path, options: recognition.readerOptions)
    var options = ImportOptions()
    options.recognition = recognition.options
    let source = SourceReport(index, path: path)
    do {
      let plan = try Importer(library: recognition.library(), options: options).plan(index)
      let report = PlanReport(plan, path: path)
      var inspection = try layerTable(plan.architecture)
      inspection.lines =
        (plan.isComplete ? report.headerLines : report.faultLines) + inspection.lines
        + (tensors ? source.tensorLines : [])
      inspection.warnings = plan.warnings
      guard self.report.json else { return inspection }
      let status = plan.isComplete ? "recognized" : "incomplete"
      for member in report.json(status: status) { inspection.members[member.name] = member.value }
      inspection.members["tensors"] = source.tensorsJSON
      inspection.members["extras"] = source.extrasJSON
      return inspection
    } catch let error as ConversionError where Self.isAboutContent(error) {
      // A file of an unknown network can still be looked into.
      var inspection = Inspection()
      inspection.lines = source.headerLines + ["", "not recognised: \(error.message)"]
      if let hint = error.hint { inspection.lines.append("hint: \(hint)") }
      inspection.lines += source.tensorLines
      guard report.json else { return inspection }
      inspection.members = source.members
      inspection.members["status"] = "unrecognized"
      inspection.members["error"] = Reporter.json(error, file: path.string)
      return inspection
    }
  }

  /// Whether an error says what the file holds, and not what was wrong with the command.
  private static func isAboutContent(_ error: ConversionError) -> Bool {
    switch error.code {
    case .unrecognized, .unrepresentable, .ambiguous, .noStateDict, .nameCollision: true
    default: false
    }
  }

  private func layerTable(_ architecture: Architecture) throws -> Inspection {
    let shape = input.flatMap(shape) ?? LayerTable.defaultInput(for: architecture)
    let table = LayerTable(try architecture.graph().summary(input: shape), everyLayer: layers)
    var inspection = Inspection()
    inspection.lines = [""] + table.lines
    inspection.members["layers"] = table.json
    inspection.members["totals"] = table.totals
    return inspection
  }

  private func shape(_ text: String) -> [Int]? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 4, parts.allSatisfy({ ($0 ?? 0) > 0 }) else { return nil }
    return parts.compactMap { $0 }
  }
}

/// What `inspect` found, as text and as JSON.
struct Inspection {
  var lines: [String] = []
  var warnings: [String] = []
  var members: [String: JSONValue] = [:]
}

import ArgumentParser
import Bytes
import Conversion
import JSON
import SourceFormats
import SystemPackage

/// `attnconv import`: sources become canonical checkpoints.
struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Turn checkpoints into canonical ones.",
    discussion: """
      Recognises what each file is from its tensors alone, maps every name and writes a safetensors file with \
      the architecture, the provenance and digests in its metadata. The file appears complete or not at all.
      """)

  @Argument(help: ArgumentHelp("The checkpoints to read.", valueName: "file"), completion: .file())
  var files: [String]

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Write to this file; by default FILE with the ending .safetensors.", valueName: "file")
  )
  var output: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Write into this directory; by default beside each FILE.", valueName: "directory"))
  var outputDir: String?

  @Flag(name: .long, help: "Replace existing files.")
  var force = false

  @Flag(name: .long, help: "Print the plan (source name, layout change, canonical name) and write nothing.")
  var dryRun = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "State mean and variance of norms whose file holds none, for example 'attention.channel.norm=0,1'. Repeatable.",
      valueName: "pattern=mean,variance"),
    transform: Self.statistics)
  var declareStatistics: [DeclaredStatistics] = []

  @OptionGroup(title: "Recognition") var recognition: RecognitionArguments
  @OptionGroup(title: "Element types") var precision: PrecisionArguments
  @OptionGroup(title: "Reports") var report: ReportOptions

  func validate() throws {
    if files.isEmpty { throw ValidationError("name at least one checkpoint") }
    if output != nil, files.count > 1 {
      throw ValidationError("-o names one file; use --output-dir for several")
    }
    if files.contains("-"), output == nil {
      throw ValidationError("standard input needs -o to name the output")
    }
    if output != nil, outputDir != nil { throw ValidationError("choose either -o or --output-dir") }
  }

  func run() async throws {
    let reporter = Reporter(command: "import", options: report)
    var results: [JSONValue] = []
    var exitCode = ExitStatus.done
    let library: DialectLibrary
    do {
      library = try recognition.library()
    } catch {
      throw reporter.fail(error)
    }
    for file in files {
      let outcome = await importFile(FilePath(StandardInput.path(file)), library, reporter)
      results.append(outcome.json)
      exitCode = max(exitCode, outcome.status)
    }
    if report.json { reporter.printJSON(["imports": .array(results)]) }
    if exitCode != .done { throw ExitCode(exitCode.rawValue) }
  }

  private func importFile(
    _ path: FilePath, _ library: DialectLibrary, _ reporter: Reporter
  ) async -> (json: JSONValue, status: ExitStatus) {
    do {
      var options = ImportOptions()
      options.recognition = recognition.options
      options.precision = precision.precision
      options.statistics = declareStatistics
      options.ignoresChecksums = recognition.ignoresChecksums
      let progress = ProgressLine("importing \(path.lastComponent?.string ?? "")")
      options.progress = { progress.update($0, $1) }
      let importer = Importer(library: library, options: options)
      let target = try outputPath(for: path)
      if !dryRun { try AtomicFile.check(target, overwrite: force) }
      var readerOptions = recognition.readerOptions
      readerOptions.scratchDirectory = target.removingLastComponent()
      let index = try SourceReader.open(path, options: readerOptions)
      let scan = dryRun ? nil : importer.beginScan(index)
      defer { scan?.cancel() }
      let plan = try importer.plan(index)
      let planReport = PlanReport(plan, path: path)
      reporter.warn(plan.warnings)
      guard plan.isComplete else {
        reporter.print(planReport.faultLines + planReport.adviceLines)
        return (json { planReport.json(status: "incomplete") }, .no)
      }
      if dryRun {
        reporter.print(planReport.headerLines + planReport.tableLines)
        return (json { planReport.json(status: "planned") + [.init("mapping", planReport.mapping)] }, .done)
      }
      let result = try await importer.write(plan, to: target, overwrite: force, scan: scan)
      reporter.print(planReport.headerLines + planReport.resultLines(result))
      return (json { planReport.json(status: "imported") + planReport.json(result) }, .done)
    } catch {
      return (reporter.explain(error, file: path.string), ExitStatus(error))
    }
  }

  /// The report for programs, made only where one was asked for: of many tensors it is large.
  private func json(_ members: () -> [JSONValue.Member]) -> JSONValue {
    report.json ? .object(members()) : .null
  }

  private static func statistics(_ text: String) throws -> DeclaredStatistics {
    guard let statistics = DeclaredStatistics(text) else {
      throw ValidationError("expected pattern=mean,variance with a variance of at least 0, found '\(text)'")
    }
    return statistics
  }

  /// Where the canonical checkpoint of a source goes; never onto the source itself.
  private func outputPath(for source: FilePath) throws -> FilePath {
    if let output { return FilePath(output) }
    let directory = outputDir.map { FilePath($0) } ?? source.removingLastComponent()
    var name = source.lastComponent?.string ?? "checkpoint"
    let isSafetensors = name.hasSuffix(".safetensors") || name.hasSuffix(".safetensors.index.json")
    // "model.pth.tar" and "pytorch_model.bin.index.json" have more than one ending.
    for ending in [
      ".index.json", ".tar", ".pth", ".pt", ".bin", ".ckpt", ".pkl", ".safetensors", ".model",
      ".keras", ".h5", ".hdf5", ".weights",
    ]
    where name.hasSuffix(ending) && name.count > ending.count {
      name.removeLast(ending.count)
    }
    return directory.appending(name + (isSafetensors ? ".canonical.safetensors" : ".safetensors"))
  }
}

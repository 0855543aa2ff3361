import ArgumentParser
import Bytes
import Conversion
import SourceFormats
import SystemPackage

/// `attnconv map`: a dialect file for names that no dialect knows, for a person to finish.
struct MapCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map",
    abstract: "Draft a dialect for a checkpoint whose names are not known.",
    discussion: """
      Matches the layers of an architecture with the tensors of the file by kind, shape, order and names, and writes \
      a dialect file for 'attnconv import --dialect-file'. Lines that are not certain are marked in it; an import \
      refuses them until a person has compared them with the code and deleted the marks. What no tensor shows is \
      listed as questions.

      Exit code 1: something is left to do; the draft is written all the same.
      """)

  @Argument(help: ArgumentHelp("The checkpoint to read.", valueName: "file"), completion: .file())
  var file: String

  @Option(name: .long, help: ArgumentHelp("The network in it, for example resnet50-cbam.", valueName: "name"))
  var architecture: String

  @Option(
    name: .long,
    help: ArgumentHelp("Expect this number of classes instead of the file's.", valueName: "count"))
  var classes: Int?

  @Option(
    name: .long,
    help: ArgumentHelp("Take the state dict at this key path, for example state_dict_ema.", valueName: "path")
  )
  var key: String?

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Write to this file; by default FILE with the ending .dialect.json.", valueName: "file"))
  var output: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The name of the dialect; by default that of the output.", valueName: "name"))
  var name: String?

  @Flag(name: .long, help: "Replace an existing file.")
  var force = false

  @Flag(name: .customLong("ignore-crc"), help: "Only note checksums of the source that do not match.")
  var ignoresChecksums = false

  @OptionGroup(title: "Reports") var report: ReportOptions

  func validate() throws {
    if let classes, classes < 1 { throw ValidationError("--classes must be at least 1") }
    if file == "-", output == nil { throw ValidationError("standard input needs -o to name the output") }
  }

  func run() async throws {
    let reporter = Reporter(command: "map", options: report)
    let path = FilePath(StandardInput.path(file))
    let target = output.map { FilePath($0) } ?? Self.output(for: path)
    let isComplete: Bool
    do {
      try AtomicFile.check(target, overwrite: force)
      var readerOptions = SourceReaderOptions(ignoreChecksums: ignoresChecksums, worker: Executable.path)
      readerOptions.scratchDirectory = target.removingLastComponent()
      let index = try SourceReader.open(path, options: readerOptions)
      let options = Drafter.Options(
        architecture: architecture, classes: classes,
        key: key.map { $0.isEmpty ? [] : $0.split(separator: ".").map(String.init) },
        name: name ?? Self.name(of: target))
      let draft = try Drafter(library: DialectLibrary(), options: options).draft(index)
      let output = try AtomicFile(target, overwrite: force)
      try output.write(Array(draft.text.utf8)[...], at: 0)
      try output.commit()
      let draftReport = DraftReport(draft, index, path: path, output: target)
      reporter.print(draftReport.lines)
      if report.json { reporter.printJSON(draftReport.members) }
      isComplete = draft.isComplete
    } catch {
      throw reporter.fail(error, file: path.string)
    }
    if !isComplete { throw ExitCode(ExitStatus.no.rawValue) }
  }

  /// The draft beside a source: `weights.pth` gives `weights.dialect.json`.
  private static func output(for source: FilePath) -> FilePath {
    let stem = source.lastComponent?.stem ?? "checkpoint"
    return source.removingLastComponent().appending(stem + ".dialect.json")
  }

  /// The name of a dialect by its file: `my.dialect.json` holds `my`.
  private static func name(of file: FilePath) -> String {
    var name = file.lastComponent?.string ?? "draft"
    for ending in [".json", ".dialect"] where name.hasSuffix(ending) && name.count > ending.count {
      name.removeLast(ending.count)
    }
    return name
  }
}

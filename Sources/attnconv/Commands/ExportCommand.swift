import Architectures
import ArgumentParser
import Bytes
import Checkpoint
import Conversion
import JSON
import SystemPackage

/// `attnconv export`: a canonical checkpoint in the names and the container of another code base.
struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a canonical checkpoint for PyTorch or Keras, bit for bit.",
    discussion: """
      The file loads into the authors' model, with strict=True in PyTorch and with load_weights in Keras. By default it \
      has the names of the dialect that the checkpoint came in; --dialect writes those of another code base with the \
      same network, in either framework.

      The weights of Keras are a file whose name ends in .h5, which Keras 2 and 3 load, or in .weights.h5, which \
      Keras 3 writes itself. No model is written: build it in Python, then call load_weights.
      """)

  @Argument(help: ArgumentHelp("The canonical checkpoint.", valueName: "file"), completion: .file())
  var file: String

  @Option(
    name: .customLong("to"),
    help: ArgumentHelp("The container: pytorch, safetensors or keras.", valueName: "container"))
  var target: Target

  @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file"))
  var output: String

  @Option(name: .long, help: ArgumentHelp("Write the names of this dialect.", valueName: "name"))
  var dialect: String?

  @Option(
    name: .customLong("dialect-file"),
    help: ArgumentHelp("Add the dialect of this file. Repeatable.", valueName: "file"))
  var dialectFiles: [String] = []

  @Flag(name: .long, help: "Replace an existing file.")
  var force = false

  @OptionGroup(title: "Element types") var precision: PrecisionArguments
  @OptionGroup(title: "Reports") var report: ReportOptions

  /// The containers, as words of the command line.
  enum Target: String, CaseIterable, ExpressibleByArgument {
    case pytorch, safetensors, keras
  }

  func validate() throws {
    guard target == .keras, container == nil else { return }
    throw ValidationError(
      """
      Keras knows its weights by the name of the file, found '\(output)', expected a name that ends in .weights.h5 \
      (Keras 3) or .h5 (Keras 2 and 3)
      """)
  }

  /// The container to write; `nil` where the name of the output fits none.
  private var container: Exporter.Target? {
    switch target {
    case .pytorch: .pytorch
    case .safetensors: .safetensors
    case .keras:
      if output.hasSuffix(".weights.h5") {
        .kerasWeights
      } else {
        output.hasSuffix(".h5") || output.hasSuffix(".hdf5") ? .kerasHDF5 : nil
      }
    }
  }

  /// At most so many tensors that the checkpoint lacks are named; JSON has all of them.
  private static let maximumWarnings = 40

  private static func warnings(lacked names: [String]) -> [String] {
    var warnings = names.prefix(maximumWarnings).map { "the checkpoint lacks \($0), and so does the file" }
    let rest = names.count - maximumWarnings
    if rest > 0 { warnings.append("the checkpoint lacks \(rest.grouped) more tensors; --json lists all") }
    return warnings
  }

  func run() async throws {
    guard let container else { return }
    let reporter = Reporter(command: "export", options: report)
    do {
      var options = Exporter.Options()
      options.dialect = dialect
      options.precision = precision.precision
      options.worker = Executable.path
      let library = try DialectLibrary(files: dialectFiles.map { try InputFile(FilePath($0)) })
      let result = try await Exporter(library: library, options: options).write(
        Checkpoint(FilePath(file)), to: FilePath(output), as: container, overwrite: force)
      reporter.warn(result.differences.map { "\($0); the file loads there and may compute something else" })
      reporter.warn(Self.warnings(lacked: result.missing))
      var lines = [
        "wrote \(result.path.string): \(result.architecture.name) in the names of \(result.dialect), "
          + "\(result.tensorCount.grouped) tensors",
        "  content       \(result.content)",
      ]
      if let first = result.leftOut.first {
        lines.append(
          "  left out      \(result.leftOut.count.grouped) counters of batches, which Keras has not "
            + "(\(first), ...)")
      }
      reporter.print(lines)
      if report.json {
        reporter.printJSON([
          "file": .string(file), "container": .string(container.rawValue),
          "architecture": result.architecture.json,
          "output": .string(result.path.string), "dialect": .string(result.dialect),
          "architectureName": .string(result.architecture.name), "entries": .integer(result.tensorCount),
          "content": .string(result.content), "missing": .array(result.missing.map(JSONValue.string)),
          "leftOut": .array(result.leftOut.map(JSONValue.string)),
          "layouts": PlanReport.json(layouts: result.layouts),
          "differences": .array(result.differences.map(JSONValue.string)),
          "status": "exported",
        ])
      }
    } catch {
      throw reporter.fail(error, file: file)
    }
  }
}

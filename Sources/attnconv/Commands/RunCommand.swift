import Architectures
import ArgumentParser
import Bytes
import Checkpoint
import Execution
import JSON
import SystemPackage
import Verification

/// `attnconv run`: the output of a checkpoint's network for an input.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a checkpoint's network on an input and write its output.",
    discussion: """
      The input is the F32 tensor input [N,C,H,W] of a safetensors file, or its only tensor, in the normalisation that \
      the network was trained with. The output is written as the F32 tensor output of a safetensors file: logits \
      [N,classes], or the map that a single attention module gives.
      """)

  @Argument(help: ArgumentHelp("The canonical checkpoint.", valueName: "checkpoint"), completion: .file())
  var checkpoint: String

  @Option(
    name: .long, help: ArgumentHelp("The file that holds the input.", valueName: "file"), completion: .file())
  var input: String

  @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file"))
  var output: String

  @Flag(name: .long, help: "Replace an existing file.")
  var force = false

  @OptionGroup(title: "Execution") var execution: ExecutionArguments
  @OptionGroup(title: "Reports") var report: ReportOptions

  func run() async throws {
    let reporter = Reporter(command: "run", options: report)
    let path = FilePath(StandardInput.path(checkpoint))
    do {
      let target = FilePath(output)
      try AtomicFile.check(target, overwrite: force)
      let checkpoint = try Checkpoint(path)
      let file = try TensorFile(FilePath(StandardInput.path(input)))
      let batch = try file.input()
      let begin = Terminal.seconds
      let model = try AttentionModel(checkpoint, engine: execution.engine, threads: execution.threads)
      let result = try model(batch)
      try checkpoint.checkUnchanged()
      let seconds = Terminal.seconds - begin
      let byteCount = try TensorFile.write(["output": result], to: target, overwrite: force)
      let name = model.architecture?.name ?? "network"
      reporter.print([
        "wrote \(target.string): output \(Self.text(result.shape)) of \(name) for input \(Self.text(batch.shape))"
      ])
      if report.json {
        reporter.printJSON([
          "status": "ran", "file": .string(path.string), "input": .string(file.path.string),
          "output": .string(target.string), "architecture": checkpoint.metadata.architecture,
          "architectureName": .string(name), "content": .string(checkpoint.metadata.content),
          "engine": .string(execution.engine.rawValue),
          "inputShape": .array(batch.shape.map(JSONValue.integer)),
          "outputShape": .array(result.shape.map(JSONValue.integer)),
          "bytesWritten": .integer(Int(clamping: byteCount)),
        ])
      }
      if let hint = execution.hint(afterSeconds: seconds) { reporter.hint(hint) }
    } catch {
      throw reporter.fail(error, file: path.string)
    }
  }

  private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "x") }
}

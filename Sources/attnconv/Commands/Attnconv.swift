import ArgumentParser
import Bytes
import Execution
import HDF5Worker

/// The program: pretrained attention networks from PyTorch and Keras into Swift, and back to PyTorch, bit for bit.
@main
struct Attnconv: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attnconv",
    abstract:
      "Bring pretrained attention networks from PyTorch and Keras into Swift, and back to PyTorch, bit for bit.",
    discussion: """
      Reads PyTorch checkpoints (zip and legacy), Keras weights and safetensors files, single or sharded, without \
      Python. \
      Nothing that a file holds is executed.

      EXIT CODES:
        0    done
        1    ran, and the answer is no: the import is incomplete, the network differs
        2    could not: unreadable, malformed, unsupported, I/O
        64   the command was not understood
        130  interrupted (129 where the terminal was closed, 143 where it was asked to end)
      """,
    version: "\(version) (engines: \(engines))",
    subcommands: [
      ImportCommand.self, InspectCommand.self, ExportCommand.self, VerifyCommand.self, PinCommand.self,
      RunCommand.self, MapCommand.self, DialectsCommand.self,
    ])

  /// The version of the program; the changes are in CHANGELOG.md.
  static let version = "0.1.0"

  /// The engines that are part of this build.
  private static var engines: String {
    Engine.allCases.filter(\.isAvailable).map(\.rawValue).joined(separator: ", ")
  }

  static func main() async {
    // A process that was started to read an HDF5 file for another one parses no command line.
    Worker.runIfAsked(CommandLine.arguments)
    Terminal.prepare()
    InterruptCleanup.install()
    LostPages.install()
    await main(nil)
  }
}

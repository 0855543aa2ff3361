import Checkpoint
import Foundation

/// Lists the parameters under a prefix and prints the mean of one of them.
@main struct LoadWeights {
  static func main() {
    let arguments = CommandLine.arguments
    guard (3...4).contains(arguments.count) else {
      fail("usage: LoadWeights CHECKPOINT PREFIX [TENSOR]", status: 64)
    }
    do {
      let checkpoint = try Checkpoint(arguments[1])
      for (name, tensor) in checkpoint.tensors(under: arguments[2]) {
        print(name, tensor.elementType.rawValue, tensor.shape)
      }
      if arguments.count == 4 {
        let values = try checkpoint.tensor(arguments[3]).floats()
        let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
        print("mean of \(arguments[3]):", mean)
      }
    } catch {
      let hint = error.hint.map { "\nhint: \($0)" } ?? ""
      fail("error: \(error.file ?? ""): \(error.message)\(hint)", status: 2)
    }
  }

  private static func fail(_ message: String, status: Int32) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(status)
  }
}

import Checkpoint
import Foundation

/// Loads a hand-written layer from a canonical checkpoint, runs it, and compares it with a recorded output.
@main struct OwnLayer {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4 else {
      fail("usage: OwnLayer CHECKPOINT PREFIX REFERENCE", status: 64)
    }
    do {
      let checkpoint = try Checkpoint(arguments[1])
      for (name, tensor) in checkpoint.tensors(under: arguments[2]) {
        print("\(arguments[2])\(name)  \(tensor.elementType.rawValue) \(tensor.shape)")
      }
      let layer = try CBAM(checkpoint, under: arguments[2])
      print(
        "CBAM of \(layer.channels) channels, \(layer.hidden) hidden, kernel \(layer.kernel)x\(layer.kernel)")

      let reference = try ReferenceFile(arguments[3])
      let difference = try layer(reference.map("input")).difference(to: reference.map("output"))
      print("largest difference: \(difference) of the largest output")
      // Single precision, summed up in another order than the original framework does.
      exit(difference <= 1e-5 ? 0 : 1)
    } catch let error as CheckpointError {
      fail("error: \(error.file ?? ""): \(error.message)", hint: error.hint, status: 2)
    } catch let error as Failure {
      fail("error: \(error.message)", hint: error.hint, status: 2)
    } catch {
      fail("error: \(error.localizedDescription)", status: 2)
    }
  }

  private static func fail(_ message: String, hint: String? = nil, status: Int32) -> Never {
    let hint = hint.map { "\nhint: \($0)" } ?? ""
    FileHandle.standardError.write(Data("\(message)\(hint)\n".utf8))
    exit(status)
  }
}

/// What is wrong with a checkpoint or a reference for this program.
struct Failure: Error {
  let message: String
  let hint: String?

  init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }
}

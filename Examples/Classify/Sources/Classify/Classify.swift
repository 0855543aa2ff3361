import Checkpoint
import Execution
import Foundation

/// Prints the five likeliest classes of an image.
@main struct Classify {
  static func main() {
    let arguments = CommandLine.arguments
    guard (3...4).contains(arguments.count) else {
      fail("usage: Classify CHECKPOINT IMAGE.ppm [NAMES.txt]", status: 64)
    }
    do {
      let names = try arguments.count == 4 ? lines(arguments[3]) : nil
      let image = try PixelMap(ppm: arguments[2])
      let model = try AttentionModel(Checkpoint(arguments[1]))
      for answer in try classify(image, with: model, names: names) { print(answer) }
    } catch let error as CheckpointError {
      fail("error: \(error.file ?? arguments[1]): \(error.message)", hint: error.hint, status: 2)
    } catch let error as ExecutionError {
      fail("error: \(error.file ?? arguments[1]): \(error.message)", hint: error.hint, status: 2)
    } catch let error as ImageError {
      fail("error: \(error.message)", hint: error.hint, status: 2)
    } catch {
      fail("error: \(error.localizedDescription)", status: 2)
    }
  }

  /// The likeliest classes: probability, number, and name where one is known.
  private static func classify(
    _ image: PixelMap, with model: AttentionModel, names: [String]?
  ) throws -> [String] {
    let logits = try model(ImageNet.batch(of: image))
    guard logits.shape.count == 2 else {
      throw ImageError("\(model.architecture?.name ?? "the network") gives maps, expected classes")
    }
    if let names, names.count != logits.count {
      throw ImageError("found \(names.count) names, expected one line for each of \(logits.count) classes")
    }
    let values = logits.doubles
    let largest = values.reduce(-.infinity, max)  // keeps the exponentials finite
    let total = values.reduce(0) { $0 + exp($1 - largest) }
    return values.indices.sorted { (values[$1], $0) < (values[$0], $1) }.prefix(5).map { index in
      let probability = exp(values[index] - largest) / total
      return String(format: "%.6f  %d", probability, index) + (names.map { "  " + $0[index] } ?? "")
    }
  }

  private static func lines(_ path: String) throws -> [String] {
    let text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
    return text.split(whereSeparator: \.isNewline).map(String.init)
  }

  private static func fail(_ message: String, hint: String? = nil, status: Int32) -> Never {
    let hint = hint.map { "\nhint: \($0)" } ?? ""
    FileHandle.standardError.write(Data("\(message)\(hint)\n".utf8))
    exit(status)
  }
}

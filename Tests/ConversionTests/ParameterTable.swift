import Bytes
import Checkpoint
import JSON
import SystemPackage
import Testing

/// Names, shapes and types of a full-size network, in the order of its state dict.
struct ParameterTable: CustomTestStringConvertible, Sendable {
  /// One entry of the state dict.
  struct Row: Hashable {
    var name: String
    var shape: [Int]
    var elementType: ElementType
  }

  /// The file's name without its ending.
  var name: String
  var rows: [Row]
  /// Whether the names and arrangements are those of Keras.
  var isKeras: Bool

  var testDescription: String { name }

  /// Reads `Fixtures/parameter-tables/<name>.json`.
  init(_ name: String) throws {
    let file = try InputFile(Fixture.root.appending("parameter-tables").appending(name + ".json"))
    let json = try JSONParser.parse(file.read(at: 0, count: Int(file.size)))
    self.name = name
    isKeras = json["source"]?.stringValue?.hasPrefix("keras ") == true
    rows = try #require(json["tensors"]?.arrayValue).map { row in
      let row = try #require(row.arrayValue)
      let type = try #require(row[2].stringValue)
      return Row(
        name: try #require(row[0].stringValue),
        shape: try #require(row[1].arrayValue).compactMap(\.integerValue),
        elementType: try #require(["float32": .float32, "int64": .int64][type]))
    }
  }

  /// The trained parameters: everything but what norms keep.
  var parameterCount: Int {
    rows.filter { row in
      ![".running_mean", ".running_var", ".num_batches_tracked", "/moving_mean", "/moving_variance"]
        .contains { row.name.hasSuffix($0) }
    }.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }
}

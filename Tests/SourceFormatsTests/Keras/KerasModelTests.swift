import Foundation
import JSON
import SystemPackage
import Testing

@testable import SourceFormats

/// What Keras says about a network is read from every version and never fails a file.
@Suite struct KerasModelTests {
  /// The configuration that a version of Keras wrote.
  private static func text(_ version: Int) throws -> String {
    try String(
      contentsOfFile: KerasFixture.root.appending("configs/keras\(version).json").string, encoding: .utf8)
  }

  /// Each layer as `Class(what each call takes)`, layers of models behind them in braces.
  private static func outline(_ layers: [KerasModel.Layer]) -> [String] {
    layers.map { layer in
      let calls = layer.inputs.map { inputs in inputs.map(words).joined(separator: ", ") }
      let inner = layer.isModel ? " {" + outline(layer.layers).joined(separator: "; ") + "}" : ""
      return "\(layer.name): \(layer.className)(\(calls.joined(separator: " | ")))" + inner
    }
  }

  private static func words(_ input: KerasModel.Input) -> String {
    let name = input.keyword.map { $0 + "=" } ?? ""
    switch input.value {
    case .output(let output):
      return name + output.layer + (output.call > 0 ? "#\(output.call)" : "")
        + (output.tensor > 0 ? ".\(output.tensor)" : "")
    case .constant(let value): return name + value.text()
    }
  }

  @Test func `Keras 2 lists what each layer takes`() throws {
    let model = try KerasModelReader.read(Self.text(2))
    #expect(
      Self.outline(model.layers) == [
        "image: InputLayer()",
        "conv2d: Conv2D(image)",
        "sequential: Sequential(conv2d) {input_1: InputLayer(); depthwise_conv2d: DepthwiseConv2D(); "
          + "batch_normalization: BatchNormalization()}",
        "model: Functional(sequential | image) {input_2: InputLayer(); conv2d_1: Conv2D(input_2)}",
        "add: Add(model#1, model)",
        "tf.math.sigmoid: TFOpLambda(add)",
        "tf.math.reduce_mean: TFOpLambda(add, axis=-1, keepdims=true)",
        "tf.math.reduce_max: TFOpLambda(add, axis=-1, keepdims=true)",
        "tf.__operators__.add: TFOpLambda(tf.math.sigmoid, y=1.0, name=null)",
        "concatenate: Concatenate(tf.math.reduce_mean, tf.math.reduce_max)",
        "tf.math.multiply: TFOpLambda(tf.__operators__.add, y=add, name=null)",
        "lambda: Lambda(concatenate)",
        "multiply: Multiply(tf.math.multiply, lambda)",
        "halving: Halving(multiply)",
        "global_average_pooling2d: GlobalAveragePooling2D(halving)",
        "global_max_pooling2d: GlobalMaxPooling2D(halving)",
        "dense: Dense(global_average_pooling2d | global_max_pooling2d)",
        "add_1: Add(dense, dense#1)",
      ])
    #expect(model.root.exits == [KerasModel.Output("add_1")])
    #expect(model.root.entrances == [KerasModel.Output("image")])
    #expect(model.layers[1].config["activation"] == "relu")
  }

  @Test func `Keras 3 states the arguments of each call`() throws {
    let model = try KerasModelReader.read(Self.text(3))
    #expect(
      Self.outline(model.layers) == [
        "image: InputLayer()",
        "conv2d: Conv2D(image)",
        "sequential: Sequential(conv2d, mask=null) {input_layer: InputLayer(); depthwise_conv2d: "
          + "DepthwiseConv2D(); batch_normalization: BatchNormalization()}",
        "functional_1: Functional(sequential, mask=null | image, mask=null) "
          + "{input_layer_1: InputLayer(); conv2d_1: Conv2D(input_layer_1)}",
        "add: Add(functional_1#1, functional_1)",
        "sigmoid: Sigmoid(add)",
        "mean: Mean(add)",
        "max: Max(add)",
        "add_1: Add(sigmoid, 1.0)",
        "concatenate: Concatenate(mean, max)",
        "multiply: Multiply(add_1, add)",
        "lambda: Lambda(concatenate, mask=null)",
        "multiply_1: Multiply(multiply, lambda)",
        "halving: Halving(multiply_1)",
        "global_average_pooling2d: GlobalAveragePooling2D(halving)",
        "global_max_pooling2d: GlobalMaxPooling2D(halving)",
        "dense: Dense(global_average_pooling2d | global_max_pooling2d)",
        "add_2: Add(dense, dense#1)",
      ])
    #expect(model.root.exits == [KerasModel.Output("add_2")])
    #expect(model.layers[1].config["activation"] == "relu")
    #expect(model.layers.first { $0.className == "Sigmoid" }?.module == "keras.src.ops.nn")
  }

  @Test(arguments: [
    "keras2.model.h5", "keras3.model.h5", "keras2.keras", "keras3.keras", "keras3.deflated.keras",
  ])
  func `a whole model comes with its network`(_ file: String) throws {
    let index = try KerasFixture.named(file).read()
    let model = try #require(index.kerasModel)
    #expect(model.root.name == "small")
    #expect(model.layers.map(\.name) == ["image", "first", "norm", "relu", "inner", "pool", "classes"])
    #expect(model.layers[4].isSequential)
    #expect(model.layers[4].layers.map(\.name).suffix(2) == ["spread", "scale"])
    #expect(model.layers[5].inputs == [[KerasModel.Input(.output(KerasModel.Output("inner")))]])
    #expect(index.notes.filter { $0.contains("is not used") } == [])
  }

  @Test(arguments: ["keras2.weights-only.h5", "keras3.weights.h5"])
  func `weights alone say nothing about the network`(_ file: String) throws {
    #expect(try KerasFixture.named(file).read().kerasModel == nil)
  }

  @Test func `a Sequential may be the list of its layers`() throws {
    let model = try KerasModelReader.read(
      #"{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "dense_1"}}]}"#)
    #expect(
      model.layers == [KerasModel.Layer(name: "dense_1", className: "Dense", config: ["name": "dense_1"])])
    #expect(model.root.isSequential)
  }

  @Test func `a class of somebody's own has no layers`() throws {
    let model = try KerasModelReader.read(#"{"class_name": "MyNet", "config": {"depth": 3}}"#)
    #expect(model.root == KerasModel.Layer(name: "MyNet", className: "MyNet", config: ["depth": 3]))
  }

  private static func nested(_ depth: Int) -> String {
    let open = String(repeating: #"{"class_name": "A", "config": {"layers": ["#, count: depth)
    return open + String(repeating: "]}}", count: depth)
  }

  static let oddities: [(text: String, words: String)] = [
    ("[", "the text ended where a value was expected at byte 1"),
    ("{}", "layer 1 has no class"),
    (#"{"class_name": "A", "config": {"layers": [{}]}}"#, "layer 2 has no class"),
    (nested(14), "models lie inside of each other more than 12 deep"),
    (nested(40), "arrays and objects are nested deeper than 64 levels at byte 912"),
    (
      #"{"class_name": "A", "config": {"layers": [{"class_name": "B"}, {"class_name": "B"}]}}"#,
      "two layers are called \"B\""
    ),
    (
      #"{"class_name": "A", "config": {"layers": [{"class_name": "B", "inbound_nodes": [[["C", 0, 0]]]}]}}"#,
      "a layer takes [\"C\",0,0], which no layer gives"
    ),
    (
      #"{"class_name": "A", "config": {"layers": [{"class_name": "B", "inbound_nodes": [7]}]}}"#,
      "a layer takes integer, expected a list"
    ),
    (
      #"{"class_name": "A", "config": {"layers": ["#
        + String(repeating: #"{"class_name": "B"},"#, count: 1 << 14) + "0]}}", "two layers are called \"B\""
    ),
    (String(repeating: " ", count: 1 << 23) + "0", "it has 8388609 bytes, at most 8388608 are read"),
  ]

  @Test(arguments: oddities)
  func `an odd description is a note`(_ row: (text: String, words: String)) {
    var index = SourceIndex(container: .kerasHDF5, files: [])
    index.extras = [SourceExtra(path: ["model_config"], value: .text(row.text))]
    index.readKerasModel()
    #expect(index.kerasModel == nil)
    #expect(index.notes == ["what model_config says about the network is not used: \(row.words)"])
  }

  @Test func `a description cut anywhere is read or becomes a note`() throws {
    for version in [2, 3] {
      let text = Array(try Self.text(version).utf8)
      for length in stride(from: 0, to: text.count, by: 97) {
        _ = try? KerasModelReader.read(String(decoding: text[..<length], as: UTF8.self))
      }
    }
  }
}

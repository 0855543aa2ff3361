import JSON
import Testing

@testable import SourceFormats

/// The rules by which numbered variables get the names that Keras gives them.
@Suite struct KerasNamesTests {
  /// What `keras.src.utils.naming.to_snake_case` of Keras 3.15 returns.
  @Test(arguments: [
    ("Conv2D", "conv2d"), ("DepthwiseConv2D", "depthwise_conv2d"),
    ("BatchNormalization", "batch_normalization"),
    ("Conv2DTranspose", "conv2d_transpose"), ("GlobalAveragePooling2D", "global_average_pooling2d"),
    ("PReLU", "p_re_lu"), ("SEBlock", "se_block"), ("CBAM", "cbam"), ("ECALayer", "eca_layer"),
    ("My_Net", "my__net"), ("Conv2D_BN", "conv2d_bn"), ("XAaBb", "x_aa_bb"), ("<lambda>", "lambda"), ("", ""),
  ])
  func `a class has the name that Keras writes`(_ configured: String, _ name: String) {
    #expect(KerasClass(configured: configured).name == name)
  }

  @Test(arguments: [
    ("conv2d", "conv2d"), ("conv2d_12", "conv2d"), ("p_re_lu_1", "p_re_lu"), ("_1", "_1"), ("12", "12"),
  ])
  func `a segment is a class with a number`(_ segment: String, _ name: String) {
    #expect(KerasClass(segment: segment[...]).name == name)
  }

  struct Variables: CustomTestStringConvertible {
    var kind: String?
    var config: JSONValue?
    var shapes: [[Int]]
    var names: [String]?
    var isKeras2 = false

    var testDescription: String { "\(kind ?? "-") \(config?.text() ?? "") \(shapes)" }
  }

  static let variables: [Variables] = [
    .init(kind: "conv2d", shapes: [[3, 3, 4, 8]], names: ["kernel"]),
    .init(kind: "conv2d", shapes: [[3, 3, 4, 8], [8]], names: ["kernel", "bias"]),
    .init(kind: "conv2d", config: ["use_bias": true], shapes: [[3, 3, 4, 8]]),
    .init(kind: "conv2d", config: ["use_bias": false], shapes: [[3, 3, 4, 8], [8]]),
    .init(kind: "conv2d", shapes: [[3, 3, 4, 8], [5]]),
    .init(kind: "conv2d", shapes: [[8], [3, 3, 4, 8]]),
    .init(kind: "conv2d", shapes: []),
    .init(kind: "conv2d_transpose", shapes: [[3, 3, 8, 4], [8]], names: ["kernel", "bias"]),
    .init(kind: "conv1d", config: ["use_bias": false], shapes: [[3, 1, 1]], names: ["kernel"]),
    .init(kind: "dense", shapes: [[4, 8], [8]], names: ["kernel", "bias"]),
    .init(kind: "dense", shapes: [[4, 8], [8], [8]]),
    .init(kind: "depthwise_conv2d", shapes: [[3, 3, 4, 2], [8]], names: ["kernel", "bias"]),
    .init(kind: "depthwise_conv2d", shapes: [[3, 3, 4, 1]], names: ["depthwise_kernel"], isKeras2: true),
    .init(
      kind: "separable_conv2d", shapes: [[3, 3, 4, 1], [1, 1, 4, 8], [8]],
      names: ["depthwise_kernel", "pointwise_kernel", "bias"]),
    .init(
      kind: "separable_conv2d", shapes: [[3, 3, 4, 1], [1, 1, 4, 8]],
      names: ["depthwise_kernel", "pointwise_kernel"]),
    .init(
      kind: "batch_normalization", shapes: [[4], [4], [4], [4]],
      names: ["gamma", "beta", "moving_mean", "moving_variance"]),
    .init(kind: "batch_normalization", shapes: [[4], [4], [4]]),
    .init(
      kind: "batch_normalization", config: ["scale": false, "center": true], shapes: [[4], [4], [4]],
      names: ["beta", "moving_mean", "moving_variance"]),
    .init(
      kind: "batch_normalization", config: ["center": false], shapes: [[4], [4], [4]],
      names: ["gamma", "moving_mean", "moving_variance"]),
    .init(kind: "batch_normalization", shapes: [[4], [4]], names: ["moving_mean", "moving_variance"]),
    .init(kind: "batch_normalization", shapes: [[4], [4], [4], [5]]),
    .init(kind: "layer_normalization", shapes: [[4], [4]], names: ["gamma", "beta"]),
    .init(kind: "layer_normalization", shapes: [[4]]),
    .init(kind: "somebodys_own", shapes: [[3, 3, 4, 8], [8]]),
    .init(kind: nil, shapes: [[3, 3, 4, 8], [8]], names: ["kernel", "bias"]),
    .init(
      kind: nil, shapes: [[4], [4], [4], [4]], names: ["gamma", "beta", "moving_mean", "moving_variance"]),
    .init(kind: nil, shapes: [[4], [4], [4]]),
    .init(kind: nil, shapes: [[4], [4]]),
    .init(kind: nil, shapes: [[4]]),
  ]

  @Test(arguments: variables)
  func `variables are named by class, configuration and shapes, or not at all`(_ row: Variables) {
    let names = KerasVariableNames(
      kind: row.kind.map { KerasClass(segment: $0[...]) }, config: row.config, isKeras2: row.isKeras2)
    #expect(names.names(row.shapes) == row.names)
  }

  @Test func `a stated name that the description gives another number is looked up by name`() {
    var root = KerasModel.Layer(name: "m", className: "Functional")
    root.layers = [
      .init(name: "a", className: "BatchNormalization", config: ["scale": false]),
      .init(name: "b", className: "BatchNormalization", config: ["center": false]),
    ]
    let objects = ["": "m", "layers/batch_normalization": "b", "layers/batch_normalization_1": "other"]
    var names = KerasModuleNames(objects, KerasModel(root: root), isKeras2: false)
    let first = names.module(at: "layers/batch_normalization")
    #expect((first.layer, first.config?["center"], first.order) == ("b", false, [1]))
    let second = names.module(at: "layers/batch_normalization_1")
    #expect(second.layer == "other")
    #expect(second.config == nil)
  }
}

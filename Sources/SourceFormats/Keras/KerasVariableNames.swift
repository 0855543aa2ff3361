import JSON

/// The names of the variables of one layer, which `.weights.h5` only numbers.
///
/// Keras numbers them as the layer creates them, those that are trained before the others. What is not certain stays
/// without names: three variables of a batch normalisation lack either the factor or the offset, and only its
/// configuration says which.
///
/// Source: `build` of the classes in `keras/src/layers`, `save_own_variables` in `keras/src/layers/layer.py`.
struct KerasVariableNames {
  /// The class; `nil` for what an attribute of somebody's own class holds.
  var kind: KerasClass?
  /// The arguments of the layer where the file states them.
  var config: JSONValue?
  /// Whether depthwise kernels are called as in Keras 2.
  var isKeras2 = false

  /// The names of variables of these shapes; `nil` where they are not certain.
  func names(_ shapes: [[Int]]) -> [String]? {
    let candidates = kind.map(candidates) ?? Self.anyLayer
    let fitting = candidates.filter { names in
      names.count == shapes.count && zip(names, shapes).allSatisfy(Self.fits) && Self.agree(names, shapes)
    }
    return fitting.count == 1 ? fitting[0] : nil
  }

  private static let moving = ["moving_mean", "moving_variance"]

  /// What a layer without a known class may be. One vector alone, or two, may be anything.
  private static let anyLayer = [
    ["kernel"], ["kernel", "bias"], ["gamma", "beta"] + moving,
    ["depthwise_kernel", "pointwise_kernel", "bias"],
  ]

  private func candidates(_ kind: KerasClass) -> [[String]] {
    switch kind.name {
    case "conv1d", "conv2d", "conv3d", "conv1d_transpose", "conv2d_transpose", "conv3d_transpose", "dense",
      "einsum_dense":
      return lists(["kernel"], options: [("use_bias", "bias")])
    case "depthwise_conv1d", "depthwise_conv2d":
      return lists([isKeras2 ? "depthwise_kernel" : "kernel"], options: [("use_bias", "bias")])
    case "separable_conv1d", "separable_conv2d":
      return lists(["depthwise_kernel", "pointwise_kernel"], options: [("use_bias", "bias")])
    case "batch_normalization", "sync_batch_normalization":
      return lists([], options: [("scale", "gamma"), ("center", "beta")]).map { $0 + Self.moving }
    case "layer_normalization", "group_normalization":
      return lists([], options: [("scale", "gamma"), ("center", "beta")])
    case "embedding": return [["embeddings"]]
    case "p_re_lu": return [["alpha"]]
    default: return []
    }
  }

  /// All lists of names: those that every layer of the class has, and those that an argument decides about.
  ///
  /// Without a configuration each of these may be there or not; with one, an argument that is not stated is true.
  private func lists(_ always: [String], options: [(argument: String, name: String)]) -> [[String]] {
    options.reduce([always]) { lists, option in
      let states = config.map { [$0[option.argument]?.boolValue ?? true] } ?? [true, false]
      return states.flatMap { state in lists.map { state ? $0 + [option.name] : $0 } }
    }
  }

  private static func fits(_ name: String, _ shape: [Int]) -> Bool {
    switch name {
    case "kernel", "depthwise_kernel", "pointwise_kernel": 2...5 ~= shape.count
    case "embeddings": shape.count == 2
    case "alpha": !shape.isEmpty
    case "bias": 1...3 ~= shape.count
    default: shape.count == 1
    }
  }

  /// Whether the vectors of a normalisation are alike, and a bias has one number for each output.
  private static func agree(_ names: [String], _ shapes: [[Int]]) -> Bool {
    if names.contains("gamma") || names.contains("moving_mean") { return Set(shapes).count == 1 }
    guard names.first == "kernel", names.last == "bias", let kernel = shapes.first, let bias = shapes.last,
      bias.count == 1
    else { return true }
    let channels = kernel.suffix(2)
    // Depthwise kernels end in inputs and outputs for each, transposed ones in outputs and inputs.
    return bias[0] == channels.last || bias[0] == channels.first
      || bias[0] == channels.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
  }
}

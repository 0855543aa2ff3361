import Architectures
import JSON
import SourceFormats

/// What each kind of layer computes.
///
/// Source: `keras/src/layers` of Keras 2.15 and 3 (the members of a layer's configuration and what they mean).
extension KerasReduction {
  /// What a layer gives.
  mutating func apply(_ place: Place, _ values: [Value], _ arguments: [Argument]) -> Value {
    let value = values[0]
    let config = place.layer.config
    if let format = config["data_format"]?.stringValue, format != "channels_last" {
      return other("a layer with channels first", place, values)
    }
    if value.margins != nil, !["Conv2D", "DepthwiseConv2D", "MaxPooling2D"].contains(place.layer.className) {
      return other("\(Self.article(place.layer.className)) of a map with zeros around it", place, values)
    }
    if isFunction(place.layer) { return function(place.layer.className, place, values, arguments) }
    switch place.layer.className {
    case "InputLayer", "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout",
      "ActivityRegularization":
      return value
    case "Conv2D", "Convolution2D": return activated(convolution(place, value), place)
    case "DepthwiseConv2D": return activated(depthwise(place, value), place)
    case "Conv1D", "Convolution1D": return activated(channelConvolution(place, value), place)
    case "Dense": return activated(dense(place, value), place)
    case "BatchNormalization", "BatchNormalizationV1", "SyncBatchNormalization": return norm(place, value)
    case "Activation": return activated(value, place)
    case "ReLU": return rectified(place, value)
    case "Softmax": return add(.softmax, place, values, shape: value.shape, isVector: value.isVector)
    case "ZeroPadding2D": return zeroPadding(place, value)
    case "MaxPooling2D", "MaxPool2D", "AveragePooling2D", "AvgPool2D": return pool(place, value)
    case "GlobalAveragePooling2D", "GlobalAvgPool2D":
      return global(.globalAveragePool, place, value, keepsSides: config["keepdims"]?.boolValue ?? false)
    case "GlobalMaxPooling2D", "GlobalMaxPool2D":
      return global(.globalMaxPool, place, value, keepsSides: config["keepdims"]?.boolValue ?? false)
    case "Reshape", "Flatten", "Permute": return rearranged(place, value)
    case "Lambda":
      return add(.other(Self.lambda), place, values, shape: value.shape.dropLast() + [nil])
    case "TFOpLambda", "SlicingOpLambda":
      return function(config["function"]?.stringValue ?? "", place, values, arguments)
    default: return merged(place, values)
    }
  }

  /// Whether it is a function of Keras 3: its class has the name of a layer sometimes, but no type of numbers.
  private func isFunction(_ layer: KerasModel.Layer) -> Bool {
    layer.module?.contains(".ops") == true
      || (layer.module == nil && layer.config["dtype"] == nil && layer.config["trainable"] == nil)
  }

  /// A step that is not understood.
  mutating func other(_ words: String, _ place: Place, _ values: [Value]) -> Value {
    add(
      .other(words), place, values, shape: values[0].shape.map { _ in nil },
      hasWeights: !place.tensors.isEmpty)
  }

  static func article(_ name: String) -> String { ("AEIO".contains(name.prefix(1)) ? "an " : "a ") + name }

  // MARK: Layers with weights

  /// The shape of the first of some variables that the file holds, if all of its sides are those of a layer.
  private func shape(_ leaves: [Substring], _ place: Place) -> [Int]? {
    for leaf in leaves {
      guard let tensor = place.tensors[leaf] else { continue }
      let shape = index.tensors[tensor].shape
      // Window sides first, channels last; a shape beyond these limits is that of no network.
      let areSides = shape.dropLast(2).allSatisfy { (1...Architectures.Limits.kernel).contains($0) }
      let areChannels = shape.suffix(2).allSatisfy { (1...Architectures.Limits.channels).contains($0) }
      return areSides && areChannels ? shape : nil
    }
    return nil
  }

  private func pair(_ value: JSONValue?, default usual: Int = 1) -> Extent? {
    guard let value else { return Extent(usual) }
    let sides = value.arrayValue?.map(\.integerValue) ?? [value.integerValue, value.integerValue]
    guard sides.count == 2, let height = sides[0], let width = sides[1],
      [height, width].allSatisfy({ (1...Architectures.Limits.kernel).contains($0) })
    else { return nil }
    return Extent(height: height, width: width)
  }

  private func hasBias(_ place: Place) -> Bool { place.layer.config["use_bias"]?.boolValue ?? true }

  private mutating func convolution(_ place: Place, _ value: Value) -> Value {
    let config = place.layer.config
    let groups = config["groups"]?.integerValue ?? 1
    guard let kernel = shape(["kernel"], place), kernel.count == 4, groups >= 1 else {
      return other("a Conv2D without a kernel in the file", place, [value])
    }
    let (inputs, overflow) = kernel[2].multipliedReportingOverflow(by: groups)
    guard !overflow else { return other("a Conv2D of too many channels", place, [value]) }
    if value.isVector {
      // A 1x1 convolution of one value a channel is a dense layer.
      guard value.shape.count == 3, value.shape.dropLast().allSatisfy({ $0 == 1 }), kernel[0] == 1,
        kernel[1] == 1,
        groups == 1
      else { return other("a convolution of pooled values", place, [value]) }
      return add(
        .operation(.linear(Linear(inputs, kernel[3], hasBias: hasBias(place)))), place, [value],
        shape: [1, 1, kernel[3]], isVector: true, hasWeights: true)
    }
    return window(
      Convolution(inputs, kernel[3], kernel: 1, groups: groups, hasBias: hasBias(place)), place, value,
      Extent(height: kernel[0], width: kernel[1]))
  }

  private mutating func depthwise(_ place: Place, _ value: Value) -> Value {
    guard let kernel = shape(["depthwise_kernel", "kernel"], place), kernel.count == 4 else {
      return other("a DepthwiseConv2D without a kernel in the file", place, [value])
    }
    let (outputs, overflow) = kernel[2].multipliedReportingOverflow(by: kernel[3])
    guard !overflow, !value.isVector else { return other("a depthwise convolution", place, [value]) }
    return window(
      Convolution(kernel[2], outputs, kernel: 1, groups: kernel[2], hasBias: hasBias(place)), place, value,
      Extent(height: kernel[0], width: kernel[1]))
  }

  /// A convolution with the window that the layer states.
  private mutating func window(
    _ convolution: Convolution, _ place: Place, _ value: Value, _ kernel: Extent
  ) -> Value {
    let config = place.layer.config
    guard value.shape.count == 3, let stride = pair(config["strides"]),
      let dilation = pair(config["dilation_rate"]),
      let rule = config["padding"]?.stringValue, ["same", "valid"].contains(rule),
      value.margins == nil || rule == "valid"
    else { return other("a convolution with an unusual window", place, [value]) }
    var convolution = convolution
    convolution.kernel = kernel
    convolution.stride = stride
    convolution.dilation = dilation
    convolution.padding =
      rule == "same"
      ? .same : .fixed(value.margins ?? Margins(top: 0, left: 0, bottom: 0, right: 0))
    var resolved = convolution.resolved(value.extent)
    // Zeros on one side only are what `same` adds to the even sides that networks are trained with.
    let even = convolution.padding(same: Extent(64))
    if value.extent == nil, case .fixed(let margins) = resolved.padding, margins == even,
      margins.top != margins.bottom
    {
      resolved.padding = .same
    }
    let margins = value.extent.map(convolution.margins(input:))
    func size(_ side: Int?, _ added: Int?, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int? {
      guard let side, let added else { return nil }
      return max((side + added - dilation * (kernel - 1) - 1) / stride + 1, 0)
    }
    return add(
      .operation(.convolution(resolved)), place, [value],
      shape: [
        size(
          value.shape[0], margins.map { $0.top + $0.bottom }, kernel.height, stride.height, dilation.height),
        size(value.shape[1], margins.map { $0.left + $0.right }, kernel.width, stride.width, dilation.width),
        convolution.outputChannels,
      ], hasWeights: true, convolution: convolution)
  }

  /// ECA's convolution: along the channels of pooled features, which stand as [channels, 1].
  private mutating func channelConvolution(_ place: Place, _ value: Value) -> Value {
    let config = place.layer.config
    guard let kernel = shape(["kernel"], place), kernel.count == 3, kernel[1] == 1, kernel[2] == 1,
      kernel[0] % 2 == 1, value.isVector, value.shape.count == 2, value.shape[1] == 1,
      config["padding"]?.stringValue == "same", config["strides"] ?? [1] == [1],
      config["dilation_rate"] ?? [1] == [1]
    else { return other("a Conv1D of other than pooled channels", place, [value]) }
    return add(
      .operation(.channelConvolution(ChannelConvolution(kernel: kernel[0], hasBias: hasBias(place)))), place,
      [value], shape: value.shape, isVector: true, hasWeights: true)
  }

  private mutating func dense(_ place: Place, _ value: Value) -> Value {
    guard let kernel = shape(["kernel"], place), kernel.count == 2 else {
      return other("a Dense without a kernel in the file", place, [value])
    }
    if value.isVector {
      guard value.shape.last == .some(kernel[0]) || value.shape.last == .some(nil) else {
        return other("a Dense along another axis than the channels", place, [value])
      }
      return add(
        .operation(.linear(Linear(kernel[0], kernel[1], hasBias: hasBias(place)))), place, [value],
        shape: value.shape.dropLast() + [kernel[1]], isVector: true, hasWeights: true)
    }
    // A dense layer on a map is a 1x1 convolution.
    let convolution = Convolution(kernel[0], kernel[1], kernel: 1, hasBias: hasBias(place))
    return add(
      .operation(.convolution(convolution)), place, [value], shape: value.shape.dropLast() + [kernel[1]],
      hasWeights: true, convolution: convolution)
  }

  private mutating func norm(_ place: Place, _ value: Value) -> Value {
    let config = place.layer.config
    let axes = config["axis"]?.arrayValue ?? [config["axis"] ?? -1]
    let isLast = axes == [-1] || axes == [.integer(value.shape.count)]
    let leaves: [Substring] = ["gamma", "beta", "moving_mean", "moving_variance"]
    guard isLast, let channels = shape(leaves, place)?.first, let epsilon = config["epsilon"]?.doubleValue,
      epsilon > 0, epsilon <= 1, config["center"]?.boolValue ?? true
    else { return other("a norm along another axis than the channels, or without a shift", place, [value]) }
    return add(
      .operation(
        .batchNorm(BatchNorm(channels, epsilon: epsilon, hasScale: config["scale"]?.boolValue ?? true))),
      place, [value], shape: value.shape,
      isVector: value.isVector, hasWeights: true)
  }

  // MARK: Activations

  /// What the activation of a layer makes of its output.
  private mutating func activated(_ value: Value, _ place: Place) -> Value {
    guard let activation = place.layer.config["activation"], activation != .null else { return value }
    // Keras 3 writes functions of its own as objects.
    let name =
      activation.stringValue ?? activation["config"]?.stringValue ?? activation["class_name"]?.stringValue
    let step: Wiring.Step
    switch name {
    case "linear", "Linear": return value
    case "relu": step = .operation(.relu)
    case "relu6": step = .operation(.relu6)
    case "sigmoid": step = .operation(.sigmoid)
    case "softmax": step = .softmax
    case "ReLU":
      step = .other("an activation \(activation.text())")
    default: step = .other("the activation \(name ?? activation.kind)")
    }
    return add(step, place, [value], shape: value.shape, isVector: value.isVector)
  }

  private mutating func rectified(_ place: Place, _ value: Value) -> Value {
    let config = place.layer.config
    func number(_ name: String) -> Double? {
      // Keras 3 may write numbers as arrays of NumPy.
      config[name]?.doubleValue ?? config[name]?["config"]?["value"]?.doubleValue
    }
    var step = Wiring.Step.other("a ReLU with a slope, a threshold or another limit than 6")
    if number("negative_slope") ?? 0 == 0, number("threshold") ?? 0 == 0 {
      if config["max_value"] ?? .null == .null { step = .operation(.relu) }
      if number("max_value") == 6 { step = .operation(.relu6) }
    }
    return add(step, place, [value], shape: value.shape, isVector: value.isVector)
  }

  // MARK: Windows

  private mutating func zeroPadding(_ place: Place, _ value: Value) -> Value {
    let rows = place.layer.config["padding"]?.arrayValue ?? []
    var sides = rows.flatMap { $0.arrayValue ?? [$0, $0] }.compactMap(\.integerValue)
    if let all = place.layer.config["padding"]?.integerValue { sides = [all, all, all, all] }
    guard sides.count == 4, sides.allSatisfy({ (0...Architectures.Limits.step).contains($0) }),
      !value.isVector,
      value.shape.count == 3
    else { return other("an unusual ZeroPadding2D", place, [value]) }
    var value = value
    value.margins = Margins(top: sides[0], left: sides[2], bottom: sides[1], right: sides[3])
    return value
  }

  private mutating func pool(_ place: Place, _ value: Value) -> Value {
    let config = place.layer.config
    let isMaximum = place.layer.className.hasPrefix("Max")
    guard !value.isVector, value.shape.count == 3, let kernel = pair(config["pool_size"], default: 2),
      let stride = config["strides"] ?? .null == .null ? kernel : pair(config["strides"]),
      kernel.height == kernel.width, stride.height == stride.width
    else { return other("a pool with an unusual window", place, [value]) }
    // Zeros never win a maximum and never count in TensorFlow's means.
    var pool = Pool(kernel: kernel.height, stride: stride.height, countsPadding: isMaximum)
    switch config["padding"]?.stringValue {
    case "valid":
      if let margins = value.margins {
        // Zeros never win against what a ReLU gives, so they are as good as none.
        let isPositive =
          value.node >= 0 && [.operation(.relu), .operation(.relu6)].contains(nodes[value.node].step)
        let sides = Set([margins.top, margins.left, margins.bottom, margins.right])
        guard isPositive, sides.count == 1, margins.top <= kernel.height / 2 else {
          return other("a pool of a map with zeros around it", place, [value])
        }
        pool.padding = margins.top
      }
    case "same":
      // What is added lies behind where it is odd, as a last window that reaches beyond the map does.
      let extent = value.extent ?? Extent(64)
      let added = Convolution(1, 1, kernel: kernel.height, stride: stride.height).margins(same: extent)
      guard added.top == added.left else {
        return other("a pool of a map that is odd on one side", place, [value])
      }
      pool.padding = added.top
      pool.ceilMode = added.bottom != added.top || added.right != added.left
    default: return other("a pool with unusual padding", place, [value])
    }
    let resolved = pool.resolved(value.extent)
    let isGlobal = !isMaximum && pool.isGlobal(value.extent)
    return add(
      .operation(isMaximum ? .maxPool(resolved) : isGlobal ? .globalAveragePool : .averagePool(resolved)),
      place,
      [value],
      shape: [
        value.shape[0].flatMap(pool.outputSize), value.shape[1].flatMap(pool.outputSize), value.shape[2],
      ],
      pool: pool)
  }

  mutating func global(_ operation: Operation, _ place: Place, _ value: Value, keepsSides: Bool) -> Value {
    guard !value.isVector, value.shape.count == 3 else {
      return other("a pool of pooled values", place, [value])
    }
    return add(
      .operation(operation), place, [value], shape: (keepsSides ? [1, 1] : []) + [value.shape[2]],
      isVector: true)
  }
}

extension Convolution {
  /// The zeros that `same` adds to an input of some size.
  fileprivate func margins(same extent: Extent) -> Margins {
    var same = self
    same.padding = .same
    return same.margins(input: extent)
  }

  fileprivate func padding(same extent: Extent) -> Margins { margins(same: extent) }
}

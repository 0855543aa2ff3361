import Architectures
import JSON
import SourceFormats

/// Turns what Keras says about a network into a ``Wiring``: models inside of models are opened, activations that a layer
/// applies become steps, and layers that only rearrange values are left out.
///
/// A layer that is not understood becomes a step of its own kind, so that it is named where it matters. The code of a
/// `Lambda` is never looked at.
struct KerasReduction {
  /// Why a description is no network in the sense of a ``Wiring``.
  struct Obstacle: Error {
    var words: String
  }

  /// One tensor on its way through the network.
  struct Value {
    /// The node that gives it, or ``Wiring/input``.
    var node: Int
    /// The sizes behind the batch, channels last; `nil` for those that are not known.
    var shape: [Int?]
    /// Whether it has one value a channel, wherever sides of 1 stand.
    var isVector = false
    /// Zeros around it that the next layer has to count as its padding.
    var margins: Margins?

    /// The channels.
    var channels: Int? {
      isVector ? shape.first { $0 != 1 } ?? 1 : shape.last ?? nil
    }

    /// Height and width of a map, where both are known.
    var extent: Extent? {
      guard shape.count == 3, let height = shape[0], let width = shape[1] else { return nil }
      return Extent(height: height, width: width)
    }
  }

  /// A layer with the place of its weights.
  struct Place {
    var layer: KerasModel.Layer
    /// The names of the models around it and its own.
    var path: [String]
    /// The same, joined: unique in the file.
    var key: String
    /// The number of the tensor of each variable: `kernel`, `gamma`.
    var tensors: [Substring: Int] = [:]
  }

  private(set) var nodes: [Wiring.Node] = []
  /// The places of all layers, by key.
  private(set) var places: [String: Place] = [:]
  /// Whether the network ends in a softmax, which no checkpoint has.
  private(set) var endsInSoftmax = false
  /// Two Lambda layers of which one gives the mean and one the maximum over the channels, in an order that was assumed.
  private var assumed: (String, String)?
  /// Whether the order of CBAM's pools was assumed, because it stands in code alone.
  var hasAssumedOrder: Bool { assumed != nil }
  let index: SourceIndex
  private let weights: KerasWeights
  /// How many layers were looked at; one counts once for each call of the models around it.
  private var layerCount = 0

  /// Models that call each other repeatedly stand for more layers than the file lists. The deepest networks that
  /// can be described here have some 20,000.
  static let maximumLayerCount = 1 << 17

  /// Reduces the network that a file describes, or the model inside of it that a key leads to.
  ///
  /// - Throws: ``Obstacle`` where it has several inputs or outputs, or connections that lead nowhere.
  init(_ model: KerasModel, _ index: SourceIndex, key: [String] = []) throws(Obstacle) {
    self.index = index
    weights = KerasWeights(index)
    var root = model.root
    for name in key {
      guard let inner = root.layers.first(where: { $0.name == name }) else {
        throw Obstacle(words: "the model \"\(root.name)\" has no model \"\(name)\"")
      }
      root = inner
    }
    guard root.isModel else {
      throw Obstacle(
        words: "the file says nothing about the layers of \"\(root.name)\", a \(root.className)")
    }
    let shape = Self.inputShape(of: root)
    let result = try evaluate(
      root, path: key, [Value(node: Wiring.input, shape: shape ?? [nil, nil, nil])])
    var output = result.node
    // The network of a checkpoint ends in its logits.
    if output >= 0, nodes[output].step == .softmax {
      endsInSoftmax = true
      output = nodes[output].inputs[0]
    }
    guard output >= 0 else { throw Obstacle(words: "the network has no steps") }
    resolveStatistics()
    wiring = Wiring(
      nodes: nodes, inputChannels: shape?.last ?? nil,
      inputExtent: Value(node: Wiring.input, shape: shape ?? []).extent
    ).pruned(to: output)
  }

  /// The network.
  private(set) var wiring = Wiring(nodes: [])

  // MARK: Models

  /// What a model gives for an input.
  private mutating func evaluate(
    _ model: KerasModel.Layer, path: [String], _ arguments: [Value]
  ) throws(Obstacle) -> Value {
    layerCount += model.layers.reduce(0) { $0 + max(1, $1.inputs.count) }
    guard layerCount <= Self.maximumLayerCount else {
      throw Obstacle(words: "its models stand for more than \(Self.maximumLayerCount) layers")
    }
    guard let argument = arguments.first, arguments.count == 1 else {
      throw Obstacle(words: "the model \"\(model.name)\" takes \(arguments.count) inputs, expected one")
    }
    if model.isSequential {
      var value = argument
      for layer in model.layers where layer.className != "InputLayer" {
        value = try call(place(layer, path), [.init(.value(value))])
      }
      return value
    }
    guard model.exits.count == 1, model.entrances.count <= 1 else {
      throw Obstacle(
        words:
          "the model \"\(model.name)\" has \(model.entrances.count) inputs and \(model.exits.count) outputs, "
          + "expected one of each")
    }
    var known: [KerasModel.Output: Value] = [:]
    for entrance in model.entrances { known[entrance] = argument }
    for (layer, number) in try order(model) {
      if layer.inputs.isEmpty {
        if known[KerasModel.Output(layer.name)] == nil, layer.className == "InputLayer" {
          known[KerasModel.Output(layer.name)] = argument
        }
        continue
      }
      var given: [Argument] = []
      for input in layer.inputs[number] {
        switch input.value {
        case .constant(let constant): given.append(Argument(.constant(constant), keyword: input.keyword))
        case .output(let output):
          guard let value = known[output] else {
            throw Obstacle(words: "the layer \"\(layer.name)\" takes what \"\(output.layer)\" does not give")
          }
          given.append(Argument(.value(value), keyword: input.keyword))
        }
      }
      known[KerasModel.Output(layer.name, call: number)] = try call(place(layer, path), given)
    }
    guard let exit = model.exits.first, let value = known[exit] else {
      throw Obstacle(words: "the model \"\(model.name)\" does not compute its output")
    }
    return value
  }

  /// An argument of a call.
  struct Argument {
    var value: Content
    var keyword: String?

    init(_ value: Content, keyword: String? = nil) {
      self.value = value
      self.keyword = keyword
    }

    enum Content {
      case value(Value)
      case constant(JSONValue)
    }
  }

  /// The calls of a model's layers, each behind those it needs, whatever the order of the file.
  private func order(_ model: KerasModel.Layer) throws(Obstacle) -> [(layer: KerasModel.Layer, call: Int)] {
    var calls: [(layer: KerasModel.Layer, call: Int)] = []
    var numbers: [KerasModel.Output: Int] = [:]
    for layer in model.layers {
      for call in 0..<max(1, layer.inputs.count) {
        numbers[KerasModel.Output(layer.name, call: call)] = calls.count
        calls.append((layer, call))
      }
    }
    var waiting = [Int](repeating: 0, count: calls.count)
    var followers = [[Int]](repeating: [], count: calls.count)
    for (number, entry) in calls.enumerated() where !entry.layer.inputs.isEmpty {
      for case .output(var output) in entry.layer.inputs[entry.call].map(\.value) {
        output.tensor = 0
        guard let source = numbers[output] else {
          throw Obstacle(
            words: "the layer \"\(entry.layer.name)\" takes call \(output.call) of \"\(output.layer)\"")
        }
        followers[source].append(number)
        waiting[number] += 1
      }
    }
    var ready = calls.indices.filter { waiting[$0] == 0 }
    var next = 0
    while next < ready.count {
      for follower in followers[ready[next]] {
        waiting[follower] -= 1
        if waiting[follower] == 0 { ready.append(follower) }
      }
      next += 1
    }
    guard ready.count == calls.count else {
      throw Obstacle(words: "the layers of \"\(model.name)\" take each other's outputs in a circle")
    }
    return ready.map { calls[$0] }
  }

  private mutating func place(_ layer: KerasModel.Layer, _ path: [String]) -> Place {
    let key = (path + [layer.name]).joined(separator: "/")
    if let known = places[key] { return known }
    let place = Place(
      layer: layer, path: path + [layer.name], key: key, tensors: weights.tensors(of: layer.name, in: path))
    places[key] = place
    return place
  }

  private static func inputShape(of model: KerasModel.Layer) -> [Int?]? {
    var candidates = model.layers.filter { layer in
      layer.className == "InputLayer"
        && (model.entrances.isEmpty || model.entrances.contains { $0.layer == layer.name })
    }
    if candidates.isEmpty { candidates = Array(model.layers.prefix(1)) }
    guard let config = candidates.first?.config,
      let sizes = (config["batch_shape"] ?? config["batch_input_shape"])?.arrayValue, sizes.count == 4
    else { return nil }
    // Sides beyond what a network of ours may be given are not known.
    return sizes.dropFirst().map { size in
      size.integerValue.flatMap { (1...Architectures.Limits.inputSide).contains($0) ? $0 : nil }
    }
  }

  // MARK: Steps

  /// What a call gives.
  private mutating func call(_ place: Place, _ arguments: [Argument]) throws(Obstacle) -> Value {
    let values = arguments.compactMap { if case .value(let value) = $0.value { value } else { nil } }
    if place.layer.isModel {
      return try evaluate(place.layer, path: place.path, values)
    }
    guard !values.isEmpty else { throw Obstacle(words: "the layer \"\(place.key)\" takes nothing") }
    return apply(place, values, arguments)
  }

  /// Adds a step.
  mutating func add(
    _ step: Wiring.Step, _ place: Place, _ inputs: [Value], shape: [Int?], isVector: Bool = false,
    hasWeights: Bool = false, pool: Pool? = nil, convolution: Convolution? = nil
  ) -> Value {
    nodes.append(
      Wiring.Node(
        name: place.key, module: hasWeights ? place.key : nil, step: step, inputs: inputs.map(\.node),
        pool: pool,
        convolution: convolution))
    return Value(node: nodes.count - 1, shape: shape, isVector: isVector)
  }

  /// Decides which Lambda layers give the mean and the maximum over the channels, by their place alone: the two inputs
  /// of a concatenation that take the same map.
  private mutating func resolveStatistics() {
    for number in nodes.indices where nodes[number].step == .concatenation && nodes[number].inputs.count == 2
    {
      let inputs = nodes[number].inputs
      guard inputs.allSatisfy({ $0 >= 0 }), nodes[inputs[0]].inputs == nodes[inputs[1]].inputs else {
        continue
      }
      let isLambda = inputs.map { nodes[$0].step == .other(Self.lambda) }
      let names = inputs.map { nodes[$0].name }
      switch (isLambda[0], isLambda[1]) {
      case (true, true):
        // CBAM-keras, from which the code with Lambda layers descends, puts the mean first
        // (github.com/kobiso/CBAM-keras, models/attention_module.py).
        nodes[inputs[0]].step = .channelMean
        nodes[inputs[1]].step = .channelMaximum
        assumed = assumed ?? (names[0], names[1])
      case (true, false), (false, true):
        let (lambda, other) = isLambda[0] ? (inputs[0], inputs[1]) : (inputs[1], inputs[0])
        if nodes[other].step == .channelMean { nodes[lambda].step = .channelMaximum }
        if nodes[other].step == .channelMaximum { nodes[lambda].step = .channelMean }
      case (false, false): break
      }
    }
  }

  /// What is worth telling about the end of the network.
  var outputNotes: [String] {
    endsInSoftmax ? ["the softmax at the end is left out; references are compared before it"] : []
  }

  /// What is worth telling about how the description was read.
  var notes: [String] {
    guard let assumed else { return outputNotes }
    return outputNotes + [
      "which of the Lambda layers \"\(assumed.0)\" and \"\(assumed.1)\", and of their like, is the mean and which the "
        + "maximum stands only in their code, which is not read; taken as mean, maximum, the order of CBAM-keras; "
        + "verify against a reference"
    ]
  }

  /// What a Lambda layer is called until its place tells what it does.
  static let lambda = "a Lambda layer, whose code is not read"
}

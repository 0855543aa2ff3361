import JSON

/// Reads the description of a network from `model_config` (HDF5) or `config.json` (archives).
///
/// Keras 2 writes inbound nodes as lists `[layer, call, tensor, keywords]`, Keras 3 as arguments in which tensors are
/// objects with a `keras_history`.
///
/// Source: `keras/src/engine/functional.py` (`get_network_config`), `keras/src/models/functional.py`
/// (`serialize_node`), `keras/src/engine/node.py` (`serialize`).
struct KerasModelReader {
  /// Why a description is not used, in words for a note.
  struct Oddity: Error {
    var words: String
  }

  private var layerCount = 0
  private var inputCount = 0

  /// Reads a text.
  static func read(_ text: String) throws(Oddity) -> KerasModel {
    guard text.utf8.count <= KerasModel.Limits.textByteCount else {
      throw Oddity(
        words: "it has \(text.utf8.count) bytes, at most \(KerasModel.Limits.textByteCount) are read")
    }
    let json: JSONValue
    do { json = try JSONParser.parse(text) } catch {
      throw Oddity(words: "\(error.message) at byte \(error.offset ?? 0)")
    }
    var reader = KerasModelReader()
    return KerasModel(root: try reader.layer(json, depth: 0))
  }

  private mutating func layer(_ json: JSONValue, depth: Int) throws(Oddity) -> KerasModel.Layer {
    layerCount += 1
    guard layerCount <= KerasModel.Limits.layerCount else {
      throw Oddity(words: "it has more than \(KerasModel.Limits.layerCount) layers")
    }
    guard let className = json["class_name"]?.stringValue else {
      throw Oddity(words: "layer \(layerCount) has no class")
    }
    // Before Keras 2.2.3 a Sequential was the list of its layers.
    let config = json["config"] ?? [:]
    let members = config.arrayValue ?? config["layers"]?.arrayValue
    // Layers of a Functional have the name beside the configuration too; the weights follow that one.
    let name = json["name"]?.stringValue ?? config["name"]?.stringValue
    var layer = KerasModel.Layer(
      name: name ?? className, className: className, module: json["module"]?.stringValue, config: config)
    guard let members else { return layer }
    guard depth < KerasModel.Limits.depth else {
      throw Oddity(words: "models lie inside of each other more than \(KerasModel.Limits.depth) deep")
    }
    layer.config = .object((config.objectValue ?? []).filter { $0.name != "layers" })
    var names: Set<String> = []
    for member in members {
      let inner = try self.layer(member, depth: depth + 1)
      guard names.insert(inner.name).inserted else {
        throw Oddity(words: "two layers are called \"\(inner.name)\"")
      }
      layer.layers.append(inner)
    }
    for (number, member) in members.enumerated() {
      layer.layers[number].inputs = try calls(member["inbound_nodes"], among: names)
    }
    layer.entrances = outputs(config["input_layers"], among: names)
    layer.exits = outputs(config["output_layers"], among: names)
    countCallsFromZero(&layer)
    return layer
  }

  // MARK: Connections

  private mutating func calls(
    _ json: JSONValue?, among names: Set<String>
  ) throws(Oddity) -> [[KerasModel.Input]] {
    var calls: [[KerasModel.Input]] = []
    for node in json?.arrayValue ?? [] {
      var inputs: [KerasModel.Input] = []
      if node.objectValue != nil {
        for argument in node["args"]?.arrayValue ?? [] { try append(argument, nil, names, to: &inputs) }
        for member in node["kwargs"]?.objectValue ?? [] {
          try append(member.value, member.name, names, to: &inputs)
        }
      } else {
        try appendList(node, names, to: &inputs)
      }
      calls.append(inputs)
    }
    return calls
  }

  /// Arguments of Keras 3: tensors, constants, and lists of them.
  private mutating func append(
    _ json: JSONValue, _ keyword: String?, _ names: Set<String>, to inputs: inout [KerasModel.Input]
  ) throws(Oddity) {
    if let history = json["config"]?["keras_history"], json["class_name"]?.stringValue == "__keras_tensor__" {
      guard let output = output(history, among: names) else {
        throw Oddity(words: "a layer takes \(history.text()), which no layer gives")
      }
      try append(.output(output), keyword, to: &inputs)
    } else if let elements = json.arrayValue, elements.contains(where: Self.holdsTensor) {
      for element in elements { try append(element, keyword, names, to: &inputs) }
    } else {
      try append(.constant(json), keyword, to: &inputs)
    }
  }

  private static func holdsTensor(_ json: JSONValue) -> Bool {
    json["class_name"]?.stringValue == "__keras_tensor__"
      || json.arrayValue?.contains(where: holdsTensor) == true
  }

  /// Arguments of Keras 1 and 2: one `[layer, call, tensor, keywords]` or a list of them, the keywords being repeated
  /// in each.
  private mutating func appendList(
    _ json: JSONValue, _ names: Set<String>, to inputs: inout [KerasModel.Input]
  ) throws(Oddity) {
    guard let elements = json.arrayValue else {
      throw Oddity(words: "a layer takes \(json.kind), expected a list")
    }
    let rows = elements.first?.stringValue == nil ? elements : [json]
    var keywords: [JSONValue.Member] = []
    for (number, row) in rows.enumerated() {
      let parts = row.arrayValue ?? []
      if parts.count >= 3, parts[0].stringValue == "_CONSTANT_VALUE" {
        try append(.constant(parts[2]), nil, to: &inputs)
      } else if let output = output(row, among: names) {
        try append(.output(output), nil, to: &inputs)
      } else {
        throw Oddity(words: "a layer takes \(row.text()), which no layer gives")
      }
      if number == 0, parts.count > 3 { keywords = parts[3].objectValue ?? [] }
    }
    for member in keywords {
      if let output = output(member.value, among: names) {
        try append(.output(output), member.name, to: &inputs)
      } else {
        try append(.constant(member.value), member.name, to: &inputs)
      }
    }
  }

  private mutating func append(
    _ value: KerasModel.Input.Value, _ keyword: String?, to inputs: inout [KerasModel.Input]
  ) throws(Oddity) {
    inputCount += 1
    guard inputCount <= KerasModel.Limits.inputCount else {
      throw Oddity(words: "its layers take more than \(KerasModel.Limits.inputCount) arguments")
    }
    inputs.append(KerasModel.Input(value, keyword: keyword))
  }

  /// `[layer, call, tensor]`, with or without keywords behind; `nil` for anything else.
  private func output(_ json: JSONValue, among names: Set<String>) -> KerasModel.Output? {
    guard let parts = json.arrayValue, 3...4 ~= parts.count, let layer = parts[0].stringValue,
      let call = parts[1].integerValue, let tensor = parts[2].integerValue, names.contains(layer), call >= 0,
      tensor >= 0
    else { return nil }
    return KerasModel.Output(layer, call: call, tensor: tensor)
  }

  /// One reference or a list of them.
  private func outputs(_ json: JSONValue?, among names: Set<String>) -> [KerasModel.Output] {
    guard let json else { return [] }
    if let one = output(json, among: names) { return [one] }
    return (json.arrayValue ?? []).compactMap { output($0, among: names) }
  }

  /// Keras 2 counts the calls of a model from 1, because building it was call 0 (`_should_skip_first_node`).
  private func countCallsFromZero(_ model: inout KerasModel.Layer) {
    var first: [String: Int] = [:]
    func note(_ output: KerasModel.Output) {
      first[output.layer] = min(first[output.layer] ?? .max, output.call)
    }
    for layer in model.layers {
      for case .output(let output) in layer.inputs.joined().map(\.value) { note(output) }
    }
    model.exits.forEach(note)
    let shifted = Set(model.layers.filter { $0.isModel && (first[$0.name] ?? 0) > 0 }.map(\.name))
    guard !shifted.isEmpty else { return }
    func counted(_ output: KerasModel.Output) -> KerasModel.Output {
      var output = output
      if shifted.contains(output.layer) { output.call -= 1 }
      return output
    }
    for layer in model.layers.indices {
      for call in model.layers[layer].inputs.indices {
        for input in model.layers[layer].inputs[call].indices {
          if case .output(let output) = model.layers[layer].inputs[call][input].value {
            model.layers[layer].inputs[call][input].value = .output(counted(output))
          }
        }
      }
    }
    model.exits = model.exits.map(counted)
  }
}

extension SourceIndex {
  /// Reads what a Keras file says about its network, if it says anything that can be read; else a note says why not.
  mutating func readKerasModel() {
    for extra in extras where [["model_config"], ["config.json"]].contains(extra.path) {
      guard case .text(let text) = extra.value else { continue }
      do throws(KerasModelReader.Oddity) {
        kerasModel = try KerasModelReader.read(text)
      } catch {
        notes.append("what \(extra.path[0]) says about the network is not used: \(error.words)")
      }
    }
  }
}

import JSON

extension ResNet {
  /// The members of a description.
  static let members = [
    "family", "block", "blocksPerStage", "widths", "expansion", "stem", "stridePosition", "shortcut",
    "attention",
    "activatesBeforeAttention", "headPool", "classes", "inputChannels", "epsilon", "convolutionBias",
    "padding", "shortcutNorm", "inputNorm", "preActivation",
  ]

  /// The members that a description leaves out, and what they are then.
  static let defaults: [JSONValue.Member] = [
    .init("padding", "symmetric"), .init("shortcutNorm", true), .init("inputNorm", false),
    .init("preActivation", false),
  ]

  /// The description as a JSON object with all members.
  var completeJSON: JSONValue {
    [
      "family": "resnet",
      "block": .string(block.rawValue),
      "blocksPerStage": integers(blocksPerStage),
      "widths": integers(widths),
      "expansion": .integer(expansion),
      "stem": stem.json,
      "stridePosition": .string(stridePosition.rawValue),
      "shortcut": .string(shortcut.rawValue),
      "attention": attention?.json ?? .null,
      "activatesBeforeAttention": .bool(activatesBeforeAttention),
      "headPool": headPool.json,
      "classes": .integer(classes),
      "inputChannels": .integer(inputChannels),
      "epsilon": .number(epsilon),
      "convolutionBias": .bool(convolutionBias),
      "padding": .string(padding.rawValue),
      "shortcutNorm": .bool(shortcutNorm),
      "inputNorm": .bool(inputNorm),
      "preActivation": .bool(preActivation),
    ]
  }

  /// Reads a description strictly.
  init(json: JSONValue) throws(ArchitectureError) {
    let reader = try DescriptionReader(json, known: Self.members, defaults: Self.defaults)
    let blocks = try reader.integers(
      "blocksPerStage", count: 1...Limits.stages, in: 1...Limits.blocksPerStage)
    let stages = blocks.count
    self.init(
      block: try reader.choice("block", of: Block.self),
      blocksPerStage: blocks,
      widths: try reader.integers("widths", count: stages...stages, in: 1...Limits.channels),
      expansion: try reader.integer("expansion", in: 1...Limits.expansion),
      stem: try Stem(reader.value("stem"), path: "stem"),
      shortcut: try reader.choice("shortcut", of: Shortcut.self),
      attention: try Attention.read("attention", of: reader, places: stages),
      activatesBeforeAttention: try reader.boolean("activatesBeforeAttention"),
      headPool: try HeadPool(reader.value("headPool"), path: "headPool"),
      classes: try reader.integer("classes", in: 1...Limits.classes),
      inputChannels: try reader.integer("inputChannels", in: 1...Limits.channels),
      epsilon: try reader.epsilon("epsilon"),
      convolutionBias: try reader.boolean("convolutionBias"),
      padding: try reader.choice("padding", of: PaddingRule.self),
      shortcutNorm: try reader.boolean("shortcutNorm"), inputNorm: try reader.boolean("inputNorm"),
      preActivation: try reader.boolean("preActivation"))
    stridePosition = try reader.choice("stridePosition", of: StridePosition.self)
    try validate()
  }
}

extension ResNet.HeadPool {
  private enum Kind: String, CaseIterable { case adaptive, fixed }

  /// The description as a JSON object.
  var json: JSONValue {
    switch self {
    case .adaptive: ["kind": "adaptive"]
    case .fixed(let kernel, let stride):
      ["kind": "fixed", "kernel": .integer(kernel), "stride": .integer(stride)]
    }
  }

  /// Reads a description strictly; `path` names the member it was found in.
  init(_ json: JSONValue, path: String) throws(ArchitectureError) {
    let kind = try DescriptionReader(json, path: path, known: ["kind", "kernel", "stride"])
      .choice("kind", of: Kind.self)
    switch kind {
    case .adaptive:
      _ = try DescriptionReader(json, path: path, known: ["kind"])
      self = .adaptive
    case .fixed:
      let reader = try DescriptionReader(json, path: path, known: ["kind", "kernel", "stride"])
      self = .fixed(
        kernel: try reader.integer("kernel", in: 1...Limits.kernel),
        stride: try reader.integer("stride", in: 1...Limits.step))
    }
  }
}

extension ResNet.Stem {
  private enum Kind: String, CaseIterable { case single, deep }

  fileprivate var json: JSONValue {
    switch convolutions {
    case .single(let width, let kernel, let stride):
      [
        "kind": "single", "width": .integer(width), "kernel": .integer(kernel), "stride": .integer(stride),
        "maxPool": maxPool?.json ?? .null,
      ]
    case .deep(let widths):
      ["kind": "deep", "widths": integers(widths), "maxPool": maxPool?.json ?? .null]
    }
  }

  fileprivate init(_ json: JSONValue, path: String) throws(ArchitectureError) {
    let kind = try DescriptionReader(
      json, path: path, known: ["kind", "width", "widths", "kernel", "stride", "maxPool"]
    ).choice("kind", of: Kind.self)
    switch kind {
    case .single:
      let reader = try DescriptionReader(
        json, path: path, known: ["kind", "width", "kernel", "stride", "maxPool"])
      self.init(
        .single(
          width: try reader.integer("width", in: 1...Limits.channels),
          kernel: try reader.integer("kernel", in: 1...Limits.kernel),
          stride: try reader.integer("stride", in: 1...Limits.step)),
        maxPool: try MaxPool.read("maxPool", of: reader))
    case .deep:
      let reader = try DescriptionReader(json, path: path, known: ["kind", "widths", "maxPool"])
      self.init(
        .deep(widths: try reader.integers("widths", count: 3...3, in: 1...Limits.channels)),
        maxPool: try MaxPool.read("maxPool", of: reader))
    }
  }
}

extension ResNet.Stem.MaxPool {
  fileprivate var json: JSONValue { ["padding": .integer(padding), "ceilMode": .bool(ceilMode)] }

  fileprivate static func read(
    _ name: String, of reader: DescriptionReader
  ) throws(ArchitectureError) -> ResNet.Stem.MaxPool? {
    if try reader.value(name) == .null { return nil }
    let object = try reader.object(name, known: ["padding", "ceilMode"])
    return ResNet.Stem.MaxPool(
      padding: try object.integer("padding", in: 0...1), ceilMode: try object.boolean("ceilMode"))
  }
}

import JSON

extension MobileNetV2 {
  /// The members of a description.
  static let members = [
    "family", "stemWidth", "widths", "finalWidth", "attention", "classes", "inputChannels", "epsilon",
    "padding",
  ]

  /// The members that a description leaves out, and what they are then.
  static let defaults: [JSONValue.Member] = [.init("padding", "symmetric")]

  /// The description as a JSON object with all members.
  var completeJSON: JSONValue {
    [
      "family": "mobilenetv2",
      "stemWidth": .integer(stemWidth),
      "widths": integers(widths),
      "finalWidth": .integer(finalWidth),
      "attention": attention?.json ?? .null,
      "classes": .integer(classes),
      "inputChannels": .integer(inputChannels),
      "epsilon": .number(epsilon),
      "padding": .string(padding.rawValue),
    ]
  }

  /// Reads a description strictly.
  init(json: JSONValue) throws(ArchitectureError) {
    let reader = try DescriptionReader(json, known: Self.members, defaults: Self.defaults)
    let stages = Self.standardWidths.count
    self.init(
      stemWidth: try reader.integer("stemWidth", in: 1...Limits.channels),
      widths: try reader.integers("widths", count: stages...stages, in: 1...Limits.channels),
      finalWidth: try reader.integer("finalWidth", in: 1...Limits.channels),
      attention: try Attention.read("attention", of: reader, places: stages),
      classes: try reader.integer("classes", in: 1...Limits.classes),
      inputChannels: try reader.integer("inputChannels", in: 1...Limits.channels),
      epsilon: try reader.epsilon("epsilon"), padding: try reader.choice("padding", of: PaddingRule.self))
    try validate()
  }
}

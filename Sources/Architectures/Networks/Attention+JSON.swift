import JSON

extension Attention {
  /// The description as a JSON object; `null` stands for no attention.
  var json: JSONValue {
    switch self {
    case .squeezeExcitation(let variant):
      [
        "kind": .string(kind.rawValue), "hidden": integers(variant.hidden), "bias": .bool(variant.hasBias),
      ]
    case .cbam(let variant):
      [
        "kind": .string(kind.rawValue), "hidden": integers(variant.hidden),
        "channelBias": .bool(variant.channelBias), "spatial": variant.spatial?.json ?? .null,
        "addsInput": .bool(variant.addsInput),
      ]
    case .bam(let variant):
      [
        "kind": .string(kind.rawValue), "hidden": integers(variant.hidden),
        "channelLayers": .integer(variant.channelLayers), "dilatedLayers": .integer(variant.dilatedLayers),
        "dilation": .integer(variant.dilation), "padding": .integer(variant.padding),
        "combination": .string(variant.combination.rawValue),
        "channelPool": .string(variant.channelPool.rawValue),
      ]
    case .eca(let variant):
      [
        "kind": .string(kind.rawValue), "kernels": integers(variant.kernels), "bias": .bool(variant.hasBias),
        "edge": .string(variant.edge.rawValue), "shared": .bool(variant.isShared),
      ]
    case .nam:
      ["kind": .string(kind.rawValue)]
    }
  }

  /// Reads a member that describes an attention module or is `null`; `places` is how many numbers its list holds
  /// inside blocks, one less for BAM unless `isSingle`.
  static func read(
    _ name: String, of reader: DescriptionReader, places: Int, isSingle: Bool = false
  ) throws(ArchitectureError) -> Attention? {
    if try reader.value(name) == .null { return nil }
    let kind = try reader.object(name, known: Self.allMembers).choice("kind", of: Kind.self)
    let object = try reader.object(name, known: Self.members(of: kind))
    let inside = places...places
    switch kind {
    case .squeezeExcitation:
      return .squeezeExcitation(
        SqueezeExcitation(
          hidden: try object.integers("hidden", count: inside, in: 1...Limits.channels),
          hasBias: try object.boolean("bias")))
    case .cbam:
      return .cbam(
        CBAM(
          hidden: try object.integers("hidden", count: inside, in: 1...Limits.channels),
          channelBias: try object.boolean("channelBias"),
          spatial: try SpatialGate.read("spatial", of: object),
          addsInput: try object.boolean("addsInput")))
    case .bam:
      let between = isSingle ? places : places - 1
      return .bam(
        BAM(
          hidden: try object.integers("hidden", count: between...between, in: 1...Limits.channels),
          channelLayers: try object.integer("channelLayers", in: 1...Limits.branchLayers),
          dilatedLayers: try object.integer("dilatedLayers", in: 0...Limits.branchLayers),
          dilation: try object.integer("dilation", in: 1...Limits.step),
          padding: try object.integer("padding", in: 0...Limits.step),
          combination: try object.choice("combination", of: BAM.Combination.self),
          channelPool: try object.choice("channelPool", of: BAM.ChannelPool.self)))
    case .eca:
      return .eca(
        ECA(
          kernels: try object.integers("kernels", count: inside, in: 1...Limits.kernel),
          hasBias: try object.boolean("bias"),
          edge: try object.choice("edge", of: ChannelConvolution.Edge.self),
          isShared: try object.boolean("shared")))
    case .nam:
      return .nam
    }
  }

  private static func members(of kind: Kind) -> [String] {
    switch kind {
    case .squeezeExcitation: ["kind", "hidden", "bias"]
    case .cbam: ["kind", "hidden", "channelBias", "spatial", "addsInput"]
    case .bam:
      [
        "kind", "hidden", "channelLayers", "dilatedLayers", "dilation", "padding", "combination",
        "channelPool",
      ]
    case .eca: ["kind", "kernels", "bias", "edge", "shared"]
    case .nam: ["kind"]
    }
  }

  private static var allMembers: [String] { Array(Set(Kind.allCases.flatMap(members(of:)))) }
}

extension Attention.SpatialGate {
  fileprivate var json: JSONValue {
    ["kernel": .integer(kernel), "norm": .bool(hasNorm), "bias": .bool(hasBias)]
  }

  fileprivate static func read(
    _ name: String, of reader: DescriptionReader
  ) throws(ArchitectureError) -> Attention.SpatialGate? {
    if try reader.value(name) == .null { return nil }
    let object = try reader.object(name, known: ["kernel", "norm", "bias"])
    return Attention.SpatialGate(
      kernel: try object.integer("kernel", in: 1...Limits.kernel),
      hasNorm: try object.boolean("norm"),
      hasBias: try object.boolean("bias"))
  }
}

/// A JSON array of integers.
func integers(_ numbers: [Int]) -> JSONValue { .array(numbers.map(JSONValue.integer)) }

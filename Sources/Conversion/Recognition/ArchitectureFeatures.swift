import Architectures

/// What dialects may make their rules depend on, as words: `["family": "resnet", "stem": "cifar", ...]`.
enum ArchitectureFeatures {
  /// The features and the values that each may have.
  static let vocabulary: [String: Set<String>] = [
    "family": ["resnet", "mobilenetv2", "module"],
    "attention": Set(Attention.Kind.allCases.map(\.rawValue)).union(["none"]),
    "block": Set(ResNet.Block.allCases.map(\.rawValue)),
    "stem": ["imagenet", "cifar", "deep"],
    "shortcut": Set(ResNet.Shortcut.allCases.map(\.rawValue)),
  ]

  /// The features of an architecture. `Schemas/dialect.schema.json` lists names and values.
  static func of(_ architecture: Architecture) -> [String: String] {
    var features = ["attention": architecture.attention?.kind.rawValue ?? "none"]
    switch architecture {
    case .resnet(let network):
      features["family"] = "resnet"
      features["block"] = network.block.rawValue
      features["stem"] =
        switch network.stem.convolutions {
        case .deep: "deep"
        case .single: network.stem.maxPool == nil ? "cifar" : "imagenet"
        }
      features["shortcut"] = network.shortcut.rawValue
    case .mobilenetV2: features["family"] = "mobilenetv2"
    case .module: features["family"] = "module"
    }
    return features
  }
}

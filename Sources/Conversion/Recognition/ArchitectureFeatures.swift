import Architectures

/// What dialects may make their rules depend on, as words: `["family": "resnet", "stem": "cifar", ...]`.
enum ArchitectureFeatures {
  /// The names of all features.
  static let names = ["attention", "block", "family", "shortcut", "stages", "stem"]

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
      features["shortcut"] = network.shortcut == .averagePool ? "average-pool" : "convolution"
      features["stages"] = String(network.blocksPerStage.count)
    case .mobilenetV2: features["family"] = "mobilenetv2"
    case .module: features["family"] = "module"
    }
    return features
  }
}

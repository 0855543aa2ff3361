/// What training code does to the names of a state dict before it is saved.
enum Wrapping: String, CaseIterable, Sendable {
  case none, dataParallel, dataParallelInside, compiled, stateDict, model, net, backbone, everything

  /// Wraps a source.
  func apply(to source: inout SyntheticSource) {
    switch self {
    case .none: break
    case .dataParallel: source.rename { "module." + $0 }
    case .dataParallelInside: source.rename(Self.insideFirst)
    case .compiled: source.rename { "_orig_mod." + $0 }
    case .stateDict: source.wrap(["state_dict"])
    case .model: source.wrap(["model"])
    case .net: source.wrap(["net"])
    case .backbone: source.rename { "backbone." + $0 }
    case .everything:
      source.rename { "module._orig_mod." + $0 }
      source.wrap(["checkpoint", "state_dict"])
    }
  }

  /// Where the state dict must be found.
  var key: [String] {
    switch self {
    case .stateDict: ["state_dict"]
    case .model: ["model"]
    case .net: ["net"]
    case .everything: ["checkpoint", "state_dict"]
    default: []
    }
  }

  /// What must be taken away from the names.
  var prefix: String {
    switch self {
    case .dataParallel, .dataParallelInside: "module."
    case .compiled: "_orig_mod."
    case .backbone: "backbone."
    case .everything: "module._orig_mod."
    default: ""
    }
  }

  /// A part of a network on several devices: `features.module.0.weight`.
  private static func insideFirst(_ name: String) -> String {
    var segments = name.split(separator: ".")
    segments.insert("module", at: 1)
    return segments.joined(separator: ".")
  }
}

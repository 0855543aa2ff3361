public import JSON

/// A network that this program knows, with everything that distinguishes it from its relatives.
///
/// It is stored with a checkpoint as JSON and rebuilds the graph from nothing else.
public enum Architecture: Hashable, Sendable {
  /// A residual network, with or without attention.
  case resnet(ResNet)
  /// MobileNetV2, with or without ECA.
  case mobilenetV2(MobileNetV2)
  /// One attention module on its own.
  case module(AttentionModule)

  private enum Family: String, CaseIterable { case resnet, mobilenetv2, module }

  /// Reads a description strictly: unknown, missing and out-of-range members are refused by name.
  public init(json: JSONValue) throws(ArchitectureError) {
    let known = ResNet.members + MobileNetV2.members + AttentionModule.members
    switch try DescriptionReader(json, known: Array(Set(known))).choice("family", of: Family.self) {
    case .resnet: self = .resnet(try ResNet(json: json))
    case .mobilenetv2: self = .mobilenetV2(try MobileNetV2(json: json))
    case .module: self = .module(try AttentionModule(json: json))
    }
  }

  /// The description as a JSON object; ``init(json:)`` gives back the same value. Members that came later are left out
  /// where they have their default.
  public var json: JSONValue {
    switch self {
    case .resnet(let network): network.completeJSON.omitting(ResNet.defaults)
    case .mobilenetV2(let network): network.completeJSON.omitting(MobileNetV2.defaults)
    case .module(let module): module.completeJSON
    }
  }

  /// The members of two descriptions that differ, in order: the name, and the value here and there; `nil` for a member
  /// that the other family does not have.
  public func differences(
    from other: Architecture
  ) -> [(name: String, own: JSONValue, other: JSONValue?)] {
    (completeJSON.objectValue ?? []).compactMap { member in
      let value = other.completeJSON[member.name]
      return value == member.value ? nil : (member.name, member.value, value)
    }
  }

  /// The description with all members.
  private var completeJSON: JSONValue {
    switch self {
    case .resnet(let network): network.completeJSON
    case .mobilenetV2(let network): network.completeJSON
    case .module(let module): module.completeJSON
    }
  }

  /// The network as a graph; fails where the description contradicts itself.
  public func graph() throws(ArchitectureError) -> Graph {
    switch self {
    case .resnet(let network): try network.graph()
    case .mobilenetV2(let network): try network.graph()
    case .module(let module): try module.graph()
    }
  }

  /// The attention module; `nil` for a plain network.
  public var attention: Attention? {
    switch self {
    case .resnet(let network): network.attention
    case .mobilenetV2(let network): network.attention
    case .module(let module): module.attention
    }
  }

  /// A short name for people, built from depth, attention and stem: `resnet50-cbam`, `resnet50d-eca`,
  /// `resnet20-se-cifar`, `mobilenetv2-eca`, `cbam-module`; `resnet-3.4.7.3-bottleneck` for an unusual depth.
  /// Variants of one module share a name.
  public var name: String {
    switch self {
    case .resnet(let network): network.name
    case .mobilenetV2(let network):
      network.attention.map { "mobilenetv2-" + $0.kind.rawValue } ?? "mobilenetv2"
    case .module(let module): module.attention.kind.rawValue + "-module"
    }
  }
}

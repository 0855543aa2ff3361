/// What keeps a change from going on through a network.
public struct Obstacle: Hashable, Sendable {
  /// The kinds of obstacle.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// A weight that is 0 everywhere: what a layer is given makes no difference. ``Obstacle/name`` is the parameter.
    case zeroWeight = "zero-weight"
    /// A layer whose input is 0 everywhere: its weight makes no difference.
    case zeroInput = "zero-input"
    /// A product with a factor that is 0 everywhere.
    case zeroFactor = "zero-factor"
    /// An activation that lets nothing through: a ReLU that gives only 0, a ReLU6 that gives only 0 or 6.
    case shut = "shut"
    /// A sigmoid so close to 0 and 1 everywhere that its slope, s (1 - s), is within the tolerance.
    case saturated = "saturated"
  }

  /// What kind of obstacle it is.
  public let kind: Kind
  /// The canonical name of the node or, for `zeroWeight`, the parameter.
  public let name: String

  /// Names an obstacle.
  public init(_ kind: Kind, _ name: String) {
    self.kind = kind
    self.name = name
  }

  /// The obstacle in words: `stages.0.blocks.0.attention.spatial.norm.weight is 0`.
  public var text: String { text(calling: name) }

  /// The obstacle in words, with another name for its place.
  func text(calling name: String) -> String {
    switch kind {
    case .zeroWeight: "\(name) is 0"
    case .zeroInput: "the input of \(name) is 0"
    case .zeroFactor: "\(name) multiplies by 0"
    case .shut: "\(name) is shut"
    case .saturated: "\(name) is saturated"
    }
  }
}

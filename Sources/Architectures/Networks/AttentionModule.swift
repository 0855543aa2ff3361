import JSON

/// One attention module on its own: a map in, a gated map of the same shape out. Canonical names begin with
/// `attention.`
public struct AttentionModule: Hashable, Sendable {
  /// The module; its lists hold one number.
  public var attention: Attention
  /// Channels of the map; `nil` only for ECA with one shared kernel, whose weights do not show it.
  public var channels: Int?
  /// What the norms add to the variance.
  public var epsilon: Double

  /// Creates a description.
  public init(_ attention: Attention, channels: Int?, epsilon: Double = 1e-5) {
    self.attention = attention
    self.channels = channels
    self.epsilon = epsilon
  }

  /// The module as a graph; fails where the description contradicts itself.
  public func graph() throws(ArchitectureError) -> Graph {
    try validate()
    var builder = GraphBuilder(epsilon: epsilon)
    _ = builder.attention(attention, "attention", channels: channels, place: 0, .input)
    return try builder.graph(inputChannels: channels)
  }

  /// Refuses descriptions that contradict themselves or exceed the limits.
  func validate() throws(ArchitectureError) {
    try attention.validate(places: 1, isSingle: true)
    if let channels {
      try check([channels], in: 1...Limits.channels, "channels")
    } else {
      guard case .eca(let variant) = attention, variant.isShared else {
        throw ArchitectureError(
          .invalidArchitecture, "channels: found null, expected a number for \(attention.kind.rawValue)")
      }
    }
  }

  /// The members of a description.
  static let members = ["family", "attention", "channels", "epsilon"]

  /// The description as a JSON object with all members.
  var completeJSON: JSONValue {
    [
      "family": "module",
      "attention": attention.json,
      "channels": channels.map(JSONValue.integer) ?? .null,
      "epsilon": .number(epsilon),
    ]
  }

  /// Reads a description strictly.
  init(json: JSONValue) throws(ArchitectureError) {
    let reader = try DescriptionReader(json, known: Self.members)
    guard let attention = try Attention.read("attention", of: reader, places: 1, isSingle: true) else {
      throw ArchitectureError(.malformedDescription, "member \"attention\": found null, expected object")
    }
    let channels =
      try reader.value("channels") == .null ? nil : try reader.integer("channels", in: 1...Limits.channels)
    self.init(attention, channels: channels, epsilon: try reader.epsilon("epsilon"))
    try validate()
  }
}

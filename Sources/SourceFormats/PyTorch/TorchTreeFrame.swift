/// A container that the walk of a ``TorchTree`` is inside of.
struct TorchTreeFrame {
  /// What is still to be visited.
  enum Children {
    case items([PickleHandle])
    /// Key, value, key, value.
    case pairs([PickleHandle])
    case named([Child])
  }

  /// A value with the name it has in its container.
  struct Child {
    var label: Label
    var value: PickleHandle
    /// Whether only tensors below it are worth listing.
    var tensorsOnly = false
  }

  /// The name of a child, made into text only where it is needed.
  enum Label {
    case index(Int)
    /// A key and its place among the keys.
    case key(PickleHandle, Int)
    case text(String)
  }

  var handle: PickleHandle
  /// The number of path components that lead to this container.
  var pathCount: Int
  /// For a module the beginning of the names of its children: empty, or `layer1.0.`.
  var modulePrefix: String?
  var tensorsOnly: Bool
  var children: Children
  private var position = 0

  init(
    handle: PickleHandle, pathCount: Int, modulePrefix: String? = nil, tensorsOnly: Bool, children: Children
  ) {
    self.handle = handle
    self.pathCount = pathCount
    self.modulePrefix = modulePrefix
    self.tensorsOnly = tensorsOnly
    self.children = children
  }

  /// The next child, or `nil` after the last.
  mutating func next() -> Child? {
    defer { position += 1 }
    switch children {
    case .items(let items):
      guard position < items.count else { return nil }
      return Child(label: .index(position), value: items[position], tensorsOnly: tensorsOnly)
    case .pairs(let pairs):
      guard 2 * position + 1 < pairs.count else { return nil }
      return Child(
        label: .key(pairs[2 * position], position), value: pairs[2 * position + 1], tensorsOnly: tensorsOnly)
    case .named(let named):
      guard position < named.count else { return nil }
      var child = named[position]
      child.tensorsOnly = child.tensorsOnly || tensorsOnly
      return child
    }
  }
}

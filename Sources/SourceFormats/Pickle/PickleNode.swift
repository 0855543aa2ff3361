/// A value of a ``PickleGraph``, by its place in the arena.
struct PickleHandle: Hashable, Sendable {
  let index: Int32

  static let none = PickleHandle(index: 0)
  static let `true` = PickleHandle(index: 1)
  static let `false` = PickleHandle(index: 2)
  static let emptyTuple = PickleHandle(index: 3)
}

/// One value of a pickle.
///
/// Containers hold handles and never nodes: no type here is recursive, so neither a chain of 100,000 lists
/// nor a list that holds itself needs recursion to be built, walked or freed.
enum PickleNode: Sendable {
  case none
  case bool(Bool)
  case integer(Int)
  /// An integer of more than 64 bits: the positions of its two's complement, little-endian.
  case bigInteger(Range<Int>)
  /// An integer of more than 64 bits that stands in the pickle as decimal digits.
  case decimal(String)
  case number(Double)
  case text(String)
  /// The positions of a byte string.
  case bytes(Range<Int>)
  /// A byte string that stands in the pickle as text, one byte to a character (`_codecs.encode`).
  case encodedText(PickleHandle)
  case list([PickleHandle])
  case tuple([PickleHandle])
  case set([PickleHandle])
  /// Key, value, key, value; equal keys are not merged.
  case dictionary([PickleHandle])
  /// A class or function, by its place in ``PickleGraph/globals``.
  case global(Int)
  /// An inert object, by its place in ``PickleGraph/objects``.
  case object(Int)
  /// A storage or a part of one, by its place in ``PickleGraph/storageViews``.
  case storage(Int)
  /// A tensor, by its place in ``PickleGraph/tensors``.
  case tensor(Int)
  /// A tensor that is no dense array, by its place in ``PickleGraph/unreadableReasons``.
  case unreadableTensor(Int)

  /// The bytes of memory that the value takes beside its node: the header of an array or text, and its content. Texts of
  /// up to 15 bytes lie in the node itself.
  var heapCost: Int {
    switch self {
    case .text(let text), .decimal(let text): text.utf8.count > 15 ? 32 + text.utf8.count : 0
    case .list(let items), .tuple(let items), .set(let items), .dictionary(let items): 40 + 4 * items.count
    default: 0
    }
  }

  /// Moves the elements of a container out of it, so that their array has one owner and grows in place.
  mutating func takeItems() -> [PickleHandle] {
    switch self {
    case .list(let items), .tuple(let items), .set(let items), .dictionary(let items):
      self = .none
      return items
    default: return []
    }
  }
}

/// An object of a class that is not on the allow-list: what the pickle says about it, and nothing done.
struct PickleObject: Sendable {
  /// The place of the class in ``PickleGraph/globals``.
  var global: Int
  /// The arguments of the call, a tuple.
  var arguments: PickleHandle
  /// What `BUILD` gave to it.
  var state: PickleHandle?
  /// What `APPEND` gave to it.
  var items: [PickleHandle] = []
  /// What `SETITEM` gave to it: key, value, key, value.
  var pairs: [PickleHandle] = []
}

/// A class or function that the pickle names.
struct PickleGlobal: Sendable {
  /// Module and name, joined by a dot.
  var name: String
  /// What it stands for, or `nil` where it is not on the allow-list.
  var known: KnownGlobal?
  /// How many objects were made from it.
  var objectCount = 0
  /// How often it was named.
  var mentionCount = 0
}

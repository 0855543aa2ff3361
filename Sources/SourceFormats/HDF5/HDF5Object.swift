public import Checkpoint

/// One object of an HDF5 file, or a link that leads to none, as the worker found it.
public struct HDF5Object: Hashable, Sendable {
  /// The path from the root, without the first slash; empty for the root group.
  public var path: String

  /// The texts of each attribute, in the order of names; `nil` for an attribute that holds no texts.
  public var attributes: [String: [String]?]

  /// What it is.
  public var kind: Kind

  /// Creates an object.
  public init(path: String, attributes: [String: [String]?] = [:], kind: Kind) {
    self.path = path
    self.attributes = attributes
    self.kind = kind
  }

  /// What an object is.
  public enum Kind: Hashable, Sendable {
    case group
    case dataset(Dataset)
    /// Anything else, in words: `an external link`, `a named datatype`.
    case other(String)
  }

  /// An array.
  public struct Dataset: Hashable, Sendable {
    /// The type of its elements, or in words what it is: `compound records`.
    public var type: ElementKind
    /// The size of each dimension.
    public var shape: [Int]
    /// Where its bytes lie.
    public var layout: Layout
    /// The address of its header in the file, by which a worker finds it again.
    public var address: UInt64

    /// Creates an array.
    public init(type: ElementKind, shape: [Int], layout: Layout, address: UInt64) {
      self.type = type
      self.shape = shape
      self.layout = layout
      self.address = address
    }
  }

  /// The type of elements.
  public enum ElementKind: Hashable, Sendable {
    case numbers(ElementType, isBigEndian: Bool)
    /// Two bytes without a type, which is how h5py writes bfloat16.
    case twoBytes
    case other(String)
  }

  /// Where the bytes of an array lie.
  public enum Layout: Hashable, Sendable {
    /// In one piece of the file.
    case contiguous(offset: UInt64, byteCount: UInt64)
    /// In chunks, in the header, or nowhere yet; with the numbers of the filters that decode them.
    case encoded(filters: [Int], byteCount: UInt64)
    /// In other files or datasets, in words.
    case elsewhere(String)
  }
}

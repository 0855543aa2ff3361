/// Something in a canonical checkpoint that is not as it was written.
public struct Damage: Hashable, Sendable {
  /// The parts of a checkpoint.
  public enum Part: Hashable, Sendable {
    /// The first eight bytes, which say how long the header is.
    case headerLength
    /// What the header says of itself under a key: `attnconv.architecture`.
    case metadata(key: String)
    /// The digest of a tensor in `attnconv.digests`.
    case digest(tensor: String)
    /// What the header says of a tensor: its `name`, `dtype`, `shape` or `data_offsets`.
    case entry(tensor: String, field: String)
    /// The spaces behind the text of the header.
    case padding
    /// The header as a whole, or a piece of it that belongs to nothing else.
    case header
    /// The bytes of a tensor.
    case data(tensor: String)
    /// The size of the file.
    case size

    /// The kind of part, a stable word.
    public var kind: String {
      switch self {
      case .headerLength: "length"
      case .metadata, .digest: "metadata"
      case .entry: "entry"
      case .padding: "padding"
      case .header: "header"
      case .data: "data"
      case .size: "size"
      }
    }

    /// The tensor that the part belongs to.
    public var tensor: String? {
      switch self {
      case .entry(let tensor, _), .digest(let tensor), .data(let tensor): tensor
      default: nil
      }
    }

    /// The key of the metadata that the part belongs to.
    public var key: String? {
      switch self {
      case .metadata(let key): key
      case .digest: CheckpointMetadata.Key.digests.rawValue
      default: nil
      }
    }

    /// The part in words.
    public var name: String {
      switch self {
      case .headerLength: "length of the header"
      case .metadata(let key): "metadata \(key)"
      case .digest(let tensor): "metadata \(CheckpointMetadata.Key.digests.rawValue) of tensor \"\(tensor)\""
      case .entry(let tensor, let field): "header entry of tensor \"\(tensor)\" (\(field))"
      case .padding: "padding of the header"
      case .header: "header"
      case .data(let tensor): "data of tensor \"\(tensor)\""
      case .size: "size of the file"
      }
    }
  }

  /// Where it is.
  public var part: Part
  /// The first byte in the file that may be damaged.
  public var offset: UInt64
  /// So many bytes may be damaged.
  public var byteCount: UInt64
  /// What was found and what was expected; lower case, no full stop.
  public var message: String

  /// Creates a record of damage.
  public init(_ part: Part, offset: UInt64, byteCount: UInt64, _ message: String) {
    self.part = part
    self.offset = offset
    self.byteCount = byteCount
    self.message = message
  }

  /// Part and message in one line.
  public var text: String { "\(part.name): \(message)" }
}

/// Where the bytes of a storage, or of another record of a container, lie in its files.
public struct SourceStorage: Hashable, Sendable {
  /// How the bytes are stored.
  public enum Encoding: Hashable, Sendable {
    /// As they are.
    case stored
    /// As a raw DEFLATE stream (RFC 1951) of so many bytes.
    case deflated(compressedByteCount: UInt64)
    /// In the chunks of an HDF5 dataset whose header lies at an address; only ``SourceIndex/hdf5`` decodes it.
    case hdf5(address: UInt64, storedByteCount: UInt64)
    /// In no file: the bytes themselves.
    case constant([UInt8])
  }

  /// A name for messages: the record of the archive (`archive/data/12`) or the key of the storage.
  public var name: String

  /// The index of the file in ``SourceIndex/files``.
  public var file: Int

  /// The offset in the file of the first stored byte.
  public var offset: UInt64

  /// The number of bytes after decoding.
  public var byteCount: UInt64

  /// How the bytes are stored.
  public var encoding: Encoding

  /// The CRC-32 (of the decoded bytes) that the container states, or `nil` where it states none.
  public var crc32: UInt32?

  /// Whether multi-byte elements are stored most significant byte first.
  public var isBigEndian: Bool

  /// Creates a storage.
  public init(
    name: String, file: Int, offset: UInt64, byteCount: UInt64, encoding: Encoding = .stored,
    crc32: UInt32? = nil, isBigEndian: Bool = false
  ) {
    self.name = name
    self.file = file
    self.offset = offset
    self.byteCount = byteCount
    self.encoding = encoding
    self.crc32 = crc32
    self.isBigEndian = isBigEndian
  }

  /// The number of bytes that the storage takes up in its file.
  public var storedByteCount: UInt64 {
    switch encoding {
    case .stored: byteCount
    case .deflated(let compressed): compressed
    case .hdf5(_, let stored): stored
    case .constant: 0
    }
  }
}

/// One record of a zip archive, as the central directory describes it.
public struct ZipEntry: Hashable, Sendable {
  /// The path inside the archive, separated by `/`; relative, without `..`.
  public var name: String

  /// How the bytes are stored.
  public var encoding: SourceStorage.Encoding

  /// The number of bytes after decoding.
  public var byteCount: UInt64

  /// The CRC-32 of the decoded bytes.
  public var crc32: UInt32

  /// The offset in the file of the local header.
  public var headerOffset: UInt64

  /// The offset in the file of the first stored byte.
  public var dataOffset: UInt64

  /// The general purpose flags of both headers.
  var flags: UInt16

  /// The offset in the file behind the last stored byte; the local header was compared, so it lies inside of it.
  var dataEnd: UInt64 { dataOffset + storedByteCount }

  /// Whether the entry stands for a directory and holds no bytes.
  public var isDirectory: Bool { name.hasSuffix("/") }

  /// The number of bytes that the entry takes up in the file.
  public var storedByteCount: UInt64 { storage(file: 0).storedByteCount }

  /// Where the bytes of this entry lie, as a storage of a file of an index.
  public func storage(file: Int) -> SourceStorage {
    SourceStorage(
      name: name, file: file, offset: dataOffset, byteCount: byteCount, encoding: encoding, crc32: crc32)
  }
}

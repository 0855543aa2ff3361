import Bytes

/// The end of central directory record (APPNOTE 4.3.16) without its comment.
struct ZipEndRecord: Equatable, Sendable {
  var signature: UInt32
  var disk: UInt16
  var directoryDisk: UInt16
  var entriesOnDisk: UInt16
  var entries: UInt16
  var directoryByteCount: UInt32
  var directoryOffset: UInt32

  init(parsing reader: inout ByteReader) throws(BytesError) {
    signature = try reader.read(UInt32.self)
    disk = try reader.read(UInt16.self)
    directoryDisk = try reader.read(UInt16.self)
    entriesOnDisk = try reader.read(UInt16.self)
    entries = try reader.read(UInt16.self)
    directoryByteCount = try reader.read(UInt32.self)
    directoryOffset = try reader.read(UInt32.self)
  }
}

/// The zip64 end of central directory locator (APPNOTE 4.3.15).
struct Zip64Locator: Equatable, Sendable {
  var signature: UInt32
  var disk: UInt32
  var endRecordOffset: UInt64
  var disks: UInt32

  init(parsing reader: inout ByteReader) throws(BytesError) {
    signature = try reader.read(UInt32.self)
    disk = try reader.read(UInt32.self)
    endRecordOffset = try reader.read(UInt64.self)
    disks = try reader.read(UInt32.self)
  }
}

/// The zip64 end of central directory record (APPNOTE 4.3.14) without its extensible data.
struct Zip64EndRecord: Equatable, Sendable {
  var signature: UInt32
  var byteCount: UInt64
  var disk: UInt32
  var directoryDisk: UInt32
  var entriesOnDisk: UInt64
  var entries: UInt64
  var directoryByteCount: UInt64
  var directoryOffset: UInt64

  init(parsing reader: inout ByteReader) throws(BytesError) {
    signature = try reader.read(UInt32.self)
    byteCount = try reader.read(UInt64.self)
    _ = try reader.read(UInt32.self)  // version made by, version needed to extract
    disk = try reader.read(UInt32.self)
    directoryDisk = try reader.read(UInt32.self)
    entriesOnDisk = try reader.read(UInt64.self)
    entries = try reader.read(UInt64.self)
    directoryByteCount = try reader.read(UInt64.self)
    directoryOffset = try reader.read(UInt64.self)
  }
}

import Bytes

/// The header in front of a record (APPNOTE 4.3.7), read only to find the data and to catch contradictions.
struct ZipLocalHeader: Equatable, Sendable {
  var signature: UInt32
  var flags: UInt16
  var method: UInt16
  var crc32: UInt32
  var compressedByteCount: UInt32
  var byteCount: UInt32
  var nameCount: UInt16
  var extraCount: UInt16

  init(parsing reader: inout ByteReader) throws(BytesError) {
    signature = try reader.read(UInt32.self)
    _ = try reader.read(UInt16.self)  // version needed to extract
    flags = try reader.read(UInt16.self)
    method = try reader.read(UInt16.self)
    _ = try reader.read(UInt32.self)  // time, date
    crc32 = try reader.read(UInt32.self)
    compressedByteCount = try reader.read(UInt32.self)
    byteCount = try reader.read(UInt32.self)
    nameCount = try reader.read(UInt16.self)
    extraCount = try reader.read(UInt16.self)
  }

  /// Compares a record with its local header and fills in where its data begins.
  ///
  /// - Throws: ``SourceError`` with code `malformed` or `unsupported`, located at the local header.
  static func resolve(_ entry: inout ZipEntry, in file: InputFile) throws(SourceError) {
    do {
      try resolveUnlocated(&entry, in: file)
    } catch {
      throw error.located(file: file.sourceName, offset: entry.headerOffset)
    }
  }

  private static func resolveUnlocated(_ entry: inout ZipEntry, in file: InputFile) throws(SourceError) {
    let fixed = UInt64(ZipFormat.localHeaderByteCount)
    let header = try file.record(
      at: entry.headerOffset, count: ZipFormat.localHeaderByteCount, ZipLocalHeader.init(parsing:))
    guard header.signature == ZipFormat.localHeaderSignature else {
      throw SourceError(.malformed, "found no local header of \(entry.name) where the directory points")
    }
    let variable = Int(header.nameCount) + Int(header.extraCount)
    // The header was read, so this sum is at most the file size.
    let bytes = try file.sourceBytes(at: entry.headerOffset + fixed, count: variable)
    guard bytes.prefix(Int(header.nameCount)).elementsEqual(entry.name.utf8) else {
      let name = String(decoding: bytes.prefix(Int(header.nameCount)).prefix(80), as: UTF8.self)
      throw SourceError(
        .malformed,
        "the local header says \(name.debugDescription), the central directory \(entry.name)")
    }
    try ZipCentralHeader.checkFlags(header.flags, name: entry.name)
    let isDeflated = entry.encoding != .stored
    guard header.method == (isDeflated ? ZipFormat.deflatedMethod : ZipFormat.storedMethod) else {
      throw SourceError(.malformed, "the two headers of \(entry.name) name different compression methods")
    }
    let extra = bytes.dropFirst(Int(header.nameCount))
    try header.checkSizes(entry, extra: extra)
    try ZipExtraField.checkUnicodePath(in: extra, name: entry.name)
    entry.flags |= header.flags

    entry.dataOffset = entry.headerOffset + fixed + UInt64(variable)
    guard entry.storedByteCount <= file.size, entry.dataOffset <= file.size - entry.storedByteCount else {
      throw SourceError(
        .malformed, "\(entry.storedByteCount) bytes of \(entry.name) reach past the end of the file")
    }
  }

  /// Sizes and checksum must agree, or be zero where a descriptor follows the data (flag bit 3).
  private func checkSizes(_ entry: ZipEntry, extra: ArraySlice<UInt8>) throws(SourceError) {
    let marker = ZipFormat.zip64Marker32
    var sizes = (decoded: UInt64(byteCount), stored: UInt64(compressedByteCount))
    if byteCount == marker || compressedByteCount == marker {
      do {
        if var field = try ZipExtraField.content(of: ZipFormat.zip64ExtraIdentifier, in: extra) {
          sizes.decoded = try field.read(UInt64.self)
          sizes.stored = try field.read(UInt64.self)
        }
      } catch {
        throw SourceError(.malformed, "the zip64 field of the local header of \(entry.name) is incomplete")
      }
    }
    let deferred =
      (flags | entry.flags) & ZipFormat.descriptorFlag != 0 && crc32 == 0
      && sizes.decoded == 0 && sizes.stored == 0
    let agrees =
      sizes.decoded == entry.byteCount && sizes.stored == entry.storedByteCount && crc32 == entry.crc32
    guard deferred || agrees else {
      throw SourceError(
        .malformed, "the two headers of \(entry.name) disagree about its size or checksum")
    }
  }
}

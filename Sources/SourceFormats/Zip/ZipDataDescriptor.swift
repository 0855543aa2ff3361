import Bytes

/// What a writer of streams puts behind the data of a record (APPNOTE 4.3.9), read only to catch contradictions.
enum ZipDataDescriptor {
  /// Checks that nothing but the descriptor of a record stands between it and the next header.
  ///
  /// - Throws: ``SourceError`` with code `malformed`.
  static func check(behind entry: ZipEntry, upTo next: UInt64, in file: InputFile) throws(SourceError) {
    let count = next - entry.dataEnd
    guard count > 0 else { return }
    guard entry.flags & ZipFormat.descriptorFlag != 0, let width = widths[count] else {
      throw SourceError(
        .malformed, "\(count) bytes behind the record \(entry.name) belong to no record",
        file: file.sourceName, offset: entry.dataEnd,
        hint: "other programs may find a record there that this one does not; save the file again")
    }
    let agrees = try file.record(at: entry.dataEnd, count: Int(count)) { reader throws(BytesError) in
      if width.hasSignature, try reader.read(UInt32.self) != ZipFormat.descriptorSignature { return false }
      guard try reader.read(UInt32.self) == entry.crc32 else { return false }
      let sizes: [UInt64] =
        width.isZip64
        ? [try reader.read(UInt64.self), try reader.read(UInt64.self)]
        : [UInt64(try reader.read(UInt32.self)), UInt64(try reader.read(UInt32.self))]
      return sizes == [entry.storedByteCount, entry.byteCount]
    }
    guard agrees else {
      throw SourceError(
        .malformed,
        "the data descriptor of \(entry.name) and the directory disagree about its size or checksum",
        file: file.sourceName, offset: entry.dataEnd)
    }
  }

  /// The forms of a descriptor by their number of bytes: with or without a signature, sizes of 32 or 64 bits.
  private static let widths: [UInt64: (hasSignature: Bool, isZip64: Bool)] = [
    12: (false, false), 16: (true, false), 20: (false, true), 24: (true, true),
  ]
}

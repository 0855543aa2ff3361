import Bytes

/// The place and size of the central directory, read from the records at the end of the file.
struct ZipDirectory: Equatable, Sendable {
  /// The offset in the file of the first central header.
  var offset: UInt64
  /// The number of bytes of all central headers.
  var byteCount: UInt64
  /// The number of central headers.
  var entryCount: UInt64

  /// Finds the end record and, where there is one, the zip64 end record before it.
  ///
  /// - Throws: ``SourceError`` with code `truncated` where there is no end record, `malformed` where
  ///   records contradict each other or bytes are left over.
  init(locatingIn file: InputFile) throws(SourceError) {
    let endOffset = try Self.endRecordOffset(in: file)
    let end = try file.record(
      at: endOffset, count: ZipFormat.endByteCount, ZipEndRecord.init(parsing:))
    guard end.disk == 0 || end.disk == ZipFormat.zip64Marker16,
      end.directoryDisk == 0 || end.directoryDisk == ZipFormat.zip64Marker16,
      end.entriesOnDisk == end.entries
    else { throw Self.splitArchive(file, offset: endOffset) }

    let limit: UInt64
    if let (zip64, zip64Offset) = try Self.zip64EndRecord(before: endOffset, in: file) {
      offset = zip64.directoryOffset
      byteCount = zip64.directoryByteCount
      entryCount = zip64.entries
      limit = zip64Offset
      guard end.entries == ZipFormat.zip64Marker16 || UInt64(end.entries) == entryCount,
        end.directoryByteCount == ZipFormat.zip64Marker32 || UInt64(end.directoryByteCount) == byteCount,
        end.directoryOffset == ZipFormat.zip64Marker32 || UInt64(end.directoryOffset) == offset
      else {
        throw SourceError(
          .malformed, "the two end records of the zip archive disagree about the central directory",
          file: file.sourceName, offset: zip64Offset)
      }
    } else {
      offset = UInt64(end.directoryOffset)
      byteCount = UInt64(end.directoryByteCount)
      entryCount = UInt64(end.entries)
      limit = endOffset
    }

    let (directoryEnd, overflow) = offset.addingReportingOverflow(byteCount)
    guard !overflow, directoryEnd == limit else {
      throw SourceError(
        .malformed,
        "\(byteCount) bytes of central directory from byte \(offset) do not end at byte \(limit), where the "
          + "end record begins: there are bytes before the archive, or the file is damaged",
        file: file.sourceName, offset: endOffset, hint: "download or copy the file again")
    }
  }

  /// The last end record whose comment reaches exactly to the end of the file.
  private static func endRecordOffset(in file: InputFile) throws(SourceError) -> UInt64 {
    let tailCount = min(file.size, UInt64(ZipFormat.endByteCount + ZipFormat.maximumCommentByteCount))
    let tailOffset = file.size - tailCount
    let tail = try file.sourceBytes(at: tailOffset, count: Int(tailCount))
    var candidate = tail.count - ZipFormat.endByteCount
    var trailing: (offset: UInt64, count: Int)?
    while candidate >= 0 {
      if tail[candidate] == 0x50, tail[candidate + 1] == 0x4b, tail[candidate + 2] == 5,
        tail[candidate + 3] == 6
      {
        let comment = Int(tail[candidate + 20]) | Int(tail[candidate + 21]) << 8
        let end = candidate + ZipFormat.endByteCount + comment
        if end == tail.count { return tailOffset + UInt64(candidate) }
        if end < tail.count, trailing == nil {
          trailing = (tailOffset + UInt64(end), tail.count - end)
        }
      }
      candidate -= 1
    }
    if let trailing {
      throw SourceError(
        .malformed, "\(trailing.count) bytes follow the end of the zip archive", file: file.sourceName,
        offset: trailing.offset, hint: "download or copy the file again")
    }
    throw SourceError(
      .truncated,
      "the file stops at byte \(file.size), before the central directory at the end of every zip archive; "
        + "without it the full size is not known",
      file: file.sourceName, offset: file.size, hint: "download the file again and compare its size")
  }

  /// The zip64 end record, or `nil` where no locator stands before the end record.
  ///
  /// PyTorch writes both always, even in a file of 4 KB (`mz_zip_writer_finalize_archive` in its miniz).
  private static func zip64EndRecord(
    before endOffset: UInt64, in file: InputFile
  ) throws(SourceError) -> (Zip64EndRecord, offset: UInt64)? {
    guard endOffset >= UInt64(ZipFormat.zip64LocatorByteCount) else { return nil }
    let locatorOffset = endOffset - UInt64(ZipFormat.zip64LocatorByteCount)
    let locator = try file.record(
      at: locatorOffset, count: ZipFormat.zip64LocatorByteCount, Zip64Locator.init(parsing:))
    guard locator.signature == ZipFormat.zip64LocatorSignature else { return nil }
    guard locator.disk == 0, locator.disks <= 1 else { throw splitArchive(file, offset: locatorOffset) }

    let offset = locator.endRecordOffset
    guard offset <= locatorOffset, locatorOffset - offset >= UInt64(ZipFormat.zip64EndByteCount) else {
      throw SourceError(
        .malformed, "the zip64 end record at byte \(offset) does not lie before its locator",
        file: file.sourceName, offset: locatorOffset)
    }
    let record = try file.record(
      at: offset, count: ZipFormat.zip64EndByteCount, Zip64EndRecord.init(parsing:))
    guard record.signature == ZipFormat.zip64EndSignature,
      record.byteCount == locatorOffset - offset - ZipFormat.zip64EndLeadingByteCount
    else {
      throw SourceError(
        .malformed, "found no zip64 end record at byte \(offset), where its locator points",
        file: file.sourceName, offset: offset)
    }
    guard record.disk == 0, record.directoryDisk == 0, record.entriesOnDisk == record.entries else {
      throw splitArchive(file, offset: offset)
    }
    return (record, offset)
  }

  private static func splitArchive(_ file: InputFile, offset: UInt64) -> SourceError {
    SourceError(
      .unsupported, "the zip archive is split over several files", file: file.sourceName, offset: offset,
      hint: "join the parts first, for example with `zip -s 0 split.zip --out whole.zip`")
  }
}

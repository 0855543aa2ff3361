public import Bytes

/// A zip archive whose records have all been checked against its central directory.
///
/// The central directory is the truth: PyTorch writes local headers with zero checksums and sizes. Every
/// place where two zip readers could see different content is refused: duplicate names, names that differ
/// between the two headers, overlapping records, bytes before or after the archive.
///
/// Source: PKWARE APPNOTE 6.3.10; the attacks are those of the "zip parser differential" literature.
public struct ZipArchive: Sendable {
  /// The most records of an archive. The largest checkpoints have some ten thousand storages per file; each
  /// record costs about 200 bytes of memory here.
  public static let maximumEntryCount = 1 << 18

  /// The most bytes of a central directory: 256 for each of the records above.
  public static let maximumDirectoryByteCount = 1 << 26

  /// How many times its own size an archive may inflate to, all records together, beyond ``freeInflation``.
  /// Weights are noise and shrink by a tenth; large networks that are mostly zeros, by ten times.
  public static let maximumInflation: UInt64 = 64

  /// The bytes that a small archive may inflate to, whatever its size: half a second's work.
  public static let freeInflation: UInt64 = 1 << 28

  /// The file that holds the archive.
  public let file: InputFile

  /// Every record, in the order of the central directory.
  public let entries: [ZipEntry]

  private let indexByName: [String: Int]

  /// Reads the central directory of a file and checks every record.
  ///
  /// - Throws: ``SourceError`` with code `truncated`, `malformed`, `unsupported` or `limitExceeded`.
  public init(_ file: InputFile) throws(SourceError) {
    let directory = try ZipDirectory(locatingIn: file)
    guard directory.entryCount <= UInt64(Self.maximumEntryCount),
      directory.byteCount <= UInt64(Self.maximumDirectoryByteCount)
    else {
      throw SourceError(
        .limitExceeded,
        "\(directory.entryCount) records in a central directory of \(directory.byteCount) bytes; at most "
          + "\(Self.maximumEntryCount) records and \(Self.maximumDirectoryByteCount) bytes are read",
        file: file.sourceName, offset: directory.offset)
    }
    var reader = ByteReader(
      try file.sourceBytes(at: directory.offset, count: Int(directory.byteCount)),
      baseOffset: directory.offset)
    var entries: [ZipEntry] = []
    var indexByName: [String: Int] = [:]
    for index in 0..<Int(directory.entryCount) {
      let offset = reader.offset
      let entry: ZipEntry
      guard !reader.isAtEnd else {
        throw SourceError(
          .malformed,
          "the central directory ends after \(index) of the \(directory.entryCount) records that the end record "
            + "counts", file: file.sourceName, offset: offset)
      }
      do {
        entry = try ZipCentralHeader(parsing: &reader).entry(in: file, directoryOffset: directory.offset)
      } catch {
        throw error.located(file: file.sourceName, offset: offset)
      }
      guard indexByName.updateValue(index, forKey: entry.name) == nil else {
        throw SourceError(
          .malformed,
          "the archive holds \(entry.name) twice; readers differ in which one they take",
          file: file.sourceName, offset: offset)
      }
      entries.append(entry)
    }
    guard reader.isAtEnd else {
      throw SourceError(
        .malformed,
        "\(reader.remaining) bytes of the central directory are left after its \(entries.count) records",
        file: file.sourceName, offset: reader.offset)
    }
    for index in entries.indices {
      try ZipLocalHeader.resolve(&entries[index], in: file)
    }
    try Self.checkPlaces(entries, file: file, limit: directory.offset)
    try Self.checkInflation(entries, file: file)
    self.file = file
    self.entries = entries
    self.indexByName = indexByName
  }

  /// The record of a name, or `nil` where the archive has none.
  public func entry(named name: String) -> ZipEntry? {
    indexByName[name].map { entries[$0] }
  }

  /// The place in ``entries`` of the record of a name.
  public func index(named name: String) -> Int? { indexByName[name] }

  /// Reads and decodes a whole record.
  ///
  /// - Parameters:
  ///   - entry: a record of this archive.
  ///   - limit: the most bytes that the caller wants in memory, stored or decoded.
  /// - Returns: the bytes, and whether their CRC-32 is the one that the archive states.
  /// - Throws: ``SourceError`` with code `limitExceeded` or `malformed`.
  public func read(
    _ entry: ZipEntry, limit: Int
  ) throws(SourceError) -> (bytes: [UInt8], isIntact: Bool) {
    guard entry.byteCount <= UInt64(limit), entry.storedByteCount <= UInt64(limit) else {
      throw SourceError(
        .limitExceeded, "\(entry.name) has \(entry.byteCount) bytes; at most \(limit) are read",
        file: file.sourceName, offset: entry.dataOffset)
    }
    var bytes = try file.sourceBytes(at: entry.dataOffset, count: Int(entry.storedByteCount))
    if case .deflated = entry.encoding {
      bytes = try inflate(bytes, entry)
    }
    var checksum = CRC32()
    checksum.update(bytes)
    return (bytes, checksum.value == entry.crc32)
  }

  private func inflate(_ stored: [UInt8], _ entry: ZipEntry) throws(SourceError) -> [UInt8] {
    // One byte more than declared, so that a stream that is too long shows itself.
    let declared = Int(entry.byteCount)
    var output = [UInt8](repeating: 0, count: declared + 1)
    var input = stored[...]
    var produced = 0
    do throws(SourceError) {
      let inflater = try Inflater()
      while !inflater.isFinished {
        let step = try inflater.inflate(input, into: &output, from: produced)
        input = input.dropFirst(step.consumed)
        produced += step.produced
        if step.consumed == 0, step.produced == 0, !inflater.isFinished { break }
      }
      guard inflater.isFinished, input.isEmpty, produced == declared else {
        throw SourceError(
          .malformed, "\(entry.name) does not inflate to the \(declared) bytes that the archive declares")
      }
    } catch {
      throw error.located(file: file.sourceName, offset: entry.dataOffset)
    }
    output.removeLast()
    return output
  }

  /// Checks that records follow each other from the first byte of the file to the directory, with nothing between
  /// them: readers of streams would see what stands there.
  private static func checkPlaces(
    _ entries: [ZipEntry], file: InputFile, limit: UInt64
  ) throws(SourceError) {
    var previous: ZipEntry?
    for entry in entries.sorted(by: { $0.headerOffset < $1.headerOffset }) {
      if let previous {
        guard entry.headerOffset >= previous.dataEnd else {
          throw SourceError(
            .malformed, "the records \(previous.name) and \(entry.name) overlap", file: file.sourceName,
            offset: entry.headerOffset)
        }
        try ZipDataDescriptor.check(behind: previous, upTo: entry.headerOffset, in: file)
      } else if entry.headerOffset != 0 {
        throw SourceError(
          .malformed, "\(entry.headerOffset) bytes stand before the first record of the archive",
          file: file.sourceName, offset: 0)
      }
      guard entry.dataEnd <= limit else {
        throw SourceError(
          .malformed, "the record \(entry.name) reaches into the central directory",
          file: file.sourceName, offset: entry.headerOffset)
      }
      previous = entry
    }
    if let previous {
      try ZipDataDescriptor.check(behind: previous, upTo: limit, in: file)
    } else if limit != 0 {
      throw SourceError(
        .malformed, "\(limit) bytes stand before the directory of an archive without records",
        file: file.sourceName, offset: 0)
    }
  }

  /// Checks that all records together do not inflate to much more than the file has.
  private static func checkInflation(_ entries: [ZipEntry], file: InputFile) throws(SourceError) {
    var inflated: UInt64 = 0
    var largest: ZipEntry?
    for entry in entries where entry.encoding != .stored {
      // At most 1032 times the file each, and 2^18 of them: the sum cannot overflow for a file that exists.
      inflated += entry.byteCount
      if entry.byteCount > largest?.byteCount ?? 0 { largest = entry }
    }
    let limit = freeInflation + maximumInflation * file.size
    guard let largest, inflated > limit else { return }
    throw SourceError(
      .limitExceeded,
      "the archive of \(file.size) bytes inflates to \(inflated), \(largest.name) alone to \(largest.byteCount); "
        + "at most \(limit) are inflated",
      file: file.sourceName, offset: largest.dataOffset,
      hint: "if you trust the file, pack the archive again without compression")
  }
}

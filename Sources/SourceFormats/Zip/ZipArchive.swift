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

  /// Checks that records follow each other from the first byte of the file without overlap.
  private static func checkPlaces(
    _ entries: [ZipEntry], file: InputFile, limit: UInt64
  ) throws(SourceError) {
    var previous: (end: UInt64, name: String)?
    for entry in entries.sorted(by: { $0.headerOffset < $1.headerOffset }) {
      if let previous {
        guard entry.headerOffset >= previous.end else {
          throw SourceError(
            .malformed, "the records \(previous.name) and \(entry.name) overlap", file: file.sourceName,
            offset: entry.headerOffset)
        }
      } else if entry.headerOffset != 0 {
        throw SourceError(
          .malformed, "\(entry.headerOffset) bytes stand before the first record of the archive",
          file: file.sourceName, offset: 0)
      }
      // `resolve` made sure that this sum stays inside of the file.
      let end = entry.dataOffset + entry.storedByteCount
      guard end <= limit else {
        throw SourceError(
          .malformed, "the record \(entry.name) reaches into the central directory",
          file: file.sourceName, offset: entry.headerOffset)
      }
      previous = (end, entry.name)
    }
  }
}

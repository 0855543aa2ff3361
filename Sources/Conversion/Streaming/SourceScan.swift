import Bytes
import Checkpoint
import Crypto
public import SourceFormats
import SystemPackage

/// One pass over every byte of a source: the SHA-256 of each file and the CRC-32 of each stored record.
///
/// It runs beside the copy of the tensors, on another core, and reads each file front to back, so that the
/// disk is read once and in order.
public struct SourceScan: Sendable {
  /// A scan that runs beside whatever its starter does meanwhile, on another core.
  public struct Pending: Sendable {
    private let task: Task<Result<SourceScan, ConversionError>, Never>

    /// Begins to read the files of a source.
    ///
    /// `ignoreChecksums` turns checksums that do not match into notes.
    public init(_ index: SourceIndex, ignoreChecksums: Bool) {
      task = Task {
        do throws(ConversionError) {
          return .success(try SourceScan(index, ignoreChecksums: ignoreChecksums))
        } catch {
          return .failure(error)
        }
      }
    }

    /// Gives the scan up, because nobody needs it any more.
    public func cancel() { task.cancel() }

    var result: Result<SourceScan, ConversionError> {
      get async { await task.value }
    }
  }

  /// The SHA-256 of each file, in hexadecimal.
  let digests: [String]

  /// Checksums that did not match and were to be ignored.
  let notes: [String]

  /// Reads in pieces of this size, so that a piece stays in the processor's second-level cache until it is
  /// hashed and summed; measured twice as fast as pieces of 1 MiB.
  private static let pieceSize = 1 << 17

  /// Reads all files of a source.
  ///
  /// - Throws: ``ConversionError`` with code `checksumMismatch`, naming the record.
  init(_ index: SourceIndex, ignoreChecksums: Bool) throws(ConversionError) {
    var digests: [String] = []
    var notes: [String] = []
    do {
      for (number, file) in index.files.enumerated() {
        let records = index.storages
          .filter { $0.file == number && $0.encoding == .stored && $0.crc32 != nil }
          .sorted { $0.offset < $1.offset }
        digests.append(
          try Self.scan(file, records: records, ignoreChecksums: ignoreChecksums, notes: &notes))
      }
    } catch {
      throw ConversionError(any: error)
    }
    self.digests = digests
    self.notes = notes
  }

  /// Compares a computed checksum with the one that the container states.
  static func compare(
    _ checksum: CRC32, _ storage: SourceStorage, file: InputFile, ignoreChecksums: Bool,
    notes: inout [String]
  ) throws(ConversionError) {
    guard let expected = storage.crc32, expected != checksum.value else { return }
    let message =
      "record \(storage.name) has CRC-32 \(hexadecimal(checksum.value)), the archive states "
      + hexadecimal(expected)
    guard ignoreChecksums else {
      throw ConversionError(
        .checksumMismatch, message, file: file.path.string, offset: storage.offset,
        hint: "fetch the file again; where it was written with torch.serialization.set_crc32_options(False), "
          + "use --ignore-crc")
    }
    notes.append(message + " (ignored as asked)")
  }

  private static func scan(
    _ file: InputFile, records: [SourceStorage], ignoreChecksums: Bool, notes: inout [String]
  ) throws -> String {
    var hash = SHA256()
    var buffer = [UInt8](repeating: 0, count: pieceSize)
    var position: UInt64 = 0
    var pending = records[...]
    var checksum = CRC32()
    while position < file.size {
      if Task.isCancelled {
        throw ConversionError(.inputOutput, "the scan was given up", file: file.path.string)
      }
      let count = Int(min(UInt64(pieceSize), file.size - position))
      if count < buffer.count { buffer.removeLast(buffer.count - count) }
      try file.read(at: position, into: &buffer)
      hash.update(data: buffer)
      let end = position + UInt64(count)
      // Records do not overlap, so each piece feeds them one after the other.
      while let record = pending.first, record.offset < end {
        let first = max(record.offset, position)
        let last = min(record.offset + record.byteCount, end)
        if first < last { checksum.update(buffer[Int(first - position)..<Int(last - position)]) }
        guard record.offset + record.byteCount <= end else { break }
        try compare(checksum, record, file: file, ignoreChecksums: ignoreChecksums, notes: &notes)
        checksum = CRC32()
        pending = pending.dropFirst()
      }
      position = end
    }
    return ContentDigest.hexadecimal(hash.finalize())
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}

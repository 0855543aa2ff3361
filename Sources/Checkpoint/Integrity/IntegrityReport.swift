import Bytes
import JSON
public import SystemPackage

/// Whether every byte of a canonical checkpoint is as it was written, and what is not.
///
/// The seal of the header (`attnconv.header`) covers all bytes before the data, the digests in the header all bytes
/// of data. Nothing is run, and nothing but the file is needed. Memory does not grow with the data.
public struct IntegrityReport: Sendable {
  /// The path as the user gave it.
  public let path: FilePath
  /// The size of the file in bytes.
  public let byteCount: UInt64
  /// The number of tensors.
  public let tensorCount: Int
  /// What the checkpoint says about itself; of a damaged header as it was written, where that can be told, and `nil`
  /// where it cannot be read.
  public let metadata: CheckpointMetadata?
  /// Whether the header has a seal. Files of early versions have none: changes of what it says may be unnoticed.
  public let isSealed: Bool
  /// Everything that is not as it was written, in the order of the file.
  public let damage: [Damage]

  /// Whether all bytes are known to be as they were written.
  public var isIntact: Bool { isSealed && damage.isEmpty }

  /// What to do about a file that is not intact: how to get it once more.
  public var hint: String? {
    guard !isIntact else { return nil }
    return metadata?.importAgain ?? "import the source again"
  }

  /// Reads a whole file and compares it with what it records.
  ///
  /// `progress` is told the bytes of data that were compared, and all of them; it may be called from any thread.
  ///
  /// - Throws: ``CheckpointError`` where the file cannot be read or nothing in it could be compared: with code
  ///   `notCanonical` for safetensors files of others, and as ``SafetensorsHeader`` for files without a seal that are
  ///   malformed.
  public init(
    _ path: FilePath, threads: Int,
    progress: @Sendable @escaping (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) async throws(CheckpointError) {
    do {
      let file = try InputFile(path)
      let examination = try HeaderExamination(file)
      var damage = examination.map(Self.damage) ?? []
      var header: SafetensorsHeader?
      var metadata: CheckpointMetadata?
      do throws(CheckpointError) {
        let head: [UInt8]
        if let examination { head = examination.head } else { head = try Self.head(of: file) }
        let found = try SafetensorsHeader(parsing: Array(head[8...]))
        header = found
        let read = try CheckpointMetadata(found)
        metadata = read
        // Another program may have put the seal elsewhere.
        if examination == nil, read.isSealed { damage.append(Self.damage(ofMovedSealIn: head)) }
      } catch {
        // Without a seal, nothing says that the file was a checkpoint.
        guard examination != nil, header == nil || error.code != .notCanonical || !damage.isEmpty else {
          throw error
        }
        damage.append(
          Damage(
            .header, offset: error.offset ?? 0, byteCount: UInt64(examination?.head.count ?? 0),
            "it cannot be read, so the data was not checked: \(error.message)"))
      }
      if let header, let metadata {
        if let size = Self.sizeDamage(header, file) { damage.append(size) }
        damage += try await DataExamination(header, metadata.digests, file).damage(
          threads: threads, progress: progress)
      }
      try file.checkUnchanged()
      self.path = path
      byteCount = file.size
      tensorCount = header?.tensors.count ?? 0
      self.metadata = metadata
      isSealed = examination != nil || metadata?.isSealed == true
      self.damage = damage
    } catch let error as BytesError {
      throw CheckpointError(error)
    } catch let error as CheckpointError {
      var error = error
      error.file = error.file ?? path.string
      throw error
    } catch {
      throw CheckpointError(.inputOutput, "\(error)", file: path.string)
    }
  }

  /// The bytes of a file before its data, as its length field says.
  private static func head(of file: InputFile) throws(CheckpointError) -> [UInt8] {
    do {
      let prefix = try file.read(at: 0, count: Int(min(8, file.size)))
      return prefix
        + (try file.read(at: 8, count: SafetensorsHeader.length(prefix: prefix, fileSize: file.size)))
    } catch let error as BytesError {
      throw CheckpointError(error)
    } catch let error as CheckpointError {
      throw error
    } catch {
      throw CheckpointError(.inputOutput, "\(error)")
    }
  }

  /// What the seal says of a header.
  static func damage(_ examination: HeaderExamination) -> [Damage] {
    let parts = HeaderParts(examination.head)
    let changes = examination.changes.map { change in
      Damage(
        parts.part(at: change.offset), offset: UInt64(change.offset), byteCount: 1,
        "byte \(change.offset) is \(text(change.found)), it was \(text(change.expected))")
    }
    if !examination.isProven, HeaderSeal.isKept(in: examination.head) {
      return [damage(ofMovedSealIn: examination.head)]
    }
    let blocks = examination.damagedBlocks.map { block in
      Damage(
        .header, offset: UInt64(block.lowerBound), byteCount: UInt64(block.count),
        "bytes \(block.lowerBound) to \(block.upperBound - 1) are not as they were written; they belong to "
          + parts.names(in: block).joined(separator: ", "))
    }
    return changes + blocks
  }

  /// What a seal says that is not at its place.
  private static func damage(ofMovedSealIn head: [UInt8]) -> Damage {
    Damage(
      .header, offset: 0, byteCount: UInt64(head.count),
      HeaderSeal.isKept(in: head)
        ? "what it says is as it was recorded, but other bytes say it: another program wrote the file again"
        : "another program wrote it again, and what it says is not what was recorded")
  }

  /// A byte in hexadecimal digits, and as a character where it is one that can be seen.
  private static func text(_ byte: UInt8) -> String {
    let number = "0x" + ContentDigest.hexadecimal([byte])
    return 0x21...0x7E ~= byte ? "\(number) '\(Character(Unicode.Scalar(byte)))'" : number
  }

  private static func sizeDamage(_ header: SafetensorsHeader, _ file: InputFile) -> Damage? {
    let (found, expected) = (file.size, header.fileSize)
    if found < expected {
      return Damage(
        .size, offset: found, byteCount: expected - found,
        "the file has \(found) bytes, it had \(expected): \(expected - found) are missing")
    }
    guard found > expected else { return nil }
    return Damage(
      .size, offset: expected, byteCount: found - expected,
      "the file has \(found) bytes, it had \(expected): \(found - expected) follow the last tensor")
  }
}

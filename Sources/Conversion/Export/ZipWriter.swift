import Bytes
import SourceFormats

/// Writes a zip archive of stored records, each beginning at a multiple of 64 bytes.
///
/// Local headers carry the real size and CRC-32, so the archive can be read without its central directory
/// too. Zip64 fields appear where a number needs them. Source: PKWARE APPNOTE 6.3.10; the alignment and its
/// padding field are PyTorch's (`caffe2/serialize/inline_container.cc`).
struct ZipWriter {
  /// PyTorch aligns records so, which lets `torch.load(mmap=True)` use them in place.
  private static let alignment: UInt64 = 64

  /// The smallest number that no longer fits a 32-bit field.
  private static let limit32: UInt64 = 0xFFFF_FFFF

  private struct Entry {
    var name: [UInt8]
    var offset: UInt64
    var byteCount: UInt64
    var checksum: UInt32
  }

  private let file: AtomicFile
  private var entries: [Entry] = []
  private var position: UInt64 = 0

  init(_ file: AtomicFile) { self.file = file }

  /// Adds a small record.
  mutating func append(_ name: String, _ bytes: [UInt8]) throws(ConversionError) {
    try append(name, byteCount: UInt64(bytes.count)) { write throws(ConversionError) in try write(bytes[...])
    }
  }

  /// Adds a record whose bytes come in pieces; their number must be `byteCount`.
  mutating func append(
    _ name: String, byteCount: UInt64,
    _ body: ((ArraySlice<UInt8>) throws(ConversionError) -> Void) throws(ConversionError) -> Void
  ) throws(ConversionError) {
    var entry = Entry(name: Array(name.utf8), offset: position, byteCount: byteCount, checksum: 0)
    let headerLength = UInt64(localHeader(entry, padding: 0).count)
    let unaligned = position + headerLength
    let padding = Int((Self.alignment - unaligned % Self.alignment) % Self.alignment)
    let dataOffset = unaligned + UInt64(padding)
    var checksum = CRC32()
    var written = dataOffset
    let file = file
    try body { piece throws(ConversionError) in
      checksum.update(piece)
      try Self.write(piece, to: file, at: written)
      written += UInt64(piece.count)
    }
    precondition(written == dataOffset + byteCount, "the record has the size announced")
    entry.checksum = checksum.value
    try Self.write(localHeader(entry, padding: padding)[...], to: file, at: position)
    entries.append(entry)
    position = written
  }

  /// Writes the central directory.
  mutating func finish() throws(ConversionError) {
    var directory: [UInt8] = []
    for entry in entries { directory += centralHeader(entry) }
    let start = position
    let count = UInt64(entries.count)
    let size = UInt64(directory.count)
    if count > 0xFFFE || start >= Self.limit32 || size >= Self.limit32 {
      directory += zip64End(start: start, size: size, count: count)
    }
    directory += Self.signature(0x0605_4B50) + Self.bytes16(0) + Self.bytes16(0)
    directory += Self.bytes16(min(count, 0xFFFF)) + Self.bytes16(min(count, 0xFFFF))
    directory +=
      Self.bytes32(min(size, Self.limit32)) + Self.bytes32(min(start, Self.limit32)) + Self.bytes16(0)
    try Self.write(directory[...], to: file, at: start)
  }

  private func localHeader(_ entry: Entry, padding: Int) -> [UInt8] {
    let isLarge = entry.byteCount >= Self.limit32
    let size = min(entry.byteCount, Self.limit32)
    var extra: [UInt8] = []
    if isLarge {
      extra +=
        Self.bytes16(1) + Self.bytes16(16) + Self.bytes64(entry.byteCount) + Self.bytes64(entry.byteCount)
    }
    // Field "FB" filled with "Z" is what PyTorch pads with; it needs room for its own four bytes.
    let filler = padding
    extra += Array("FB".utf8) + Self.bytes16(UInt64(filler)) + [UInt8](repeating: 0x5A, count: filler)
    var header = Self.signature(0x0403_4B50)
    // Version 4.5 for zip64, otherwise 2.0; flag bit 11: names are UTF-8; method 0: stored; no time, no date.
    header += Self.bytes16(isLarge ? 45 : 20) + Self.bytes16(0x800) + Self.bytes16(0) + Self.bytes16(0)
    // The DOS date 1980-01-01 keeps the archive the same for the same weights.
    header +=
      Self.bytes16(0x21) + Self.bytes32(UInt64(entry.checksum)) + Self.bytes32(size) + Self.bytes32(size)
    header += Self.bytes16(UInt64(entry.name.count)) + Self.bytes16(UInt64(extra.count))
    return header + entry.name + extra
  }

  private func centralHeader(_ entry: Entry) -> [UInt8] {
    var extra: [UInt8] = []
    if entry.byteCount >= Self.limit32 {
      extra += Self.bytes64(entry.byteCount) + Self.bytes64(entry.byteCount)
    }
    if entry.offset >= Self.limit32 { extra += Self.bytes64(entry.offset) }
    if !extra.isEmpty { extra = Self.bytes16(1) + Self.bytes16(UInt64(extra.count)) + extra }
    let size = min(entry.byteCount, Self.limit32)
    let version: UInt64 = extra.isEmpty ? 20 : 45
    var header = Self.signature(0x0201_4B50) + Self.bytes16(version) + Self.bytes16(version)
    header += Self.bytes16(0x800) + Self.bytes16(0) + Self.bytes16(0) + Self.bytes16(0x21)
    header += Self.bytes32(UInt64(entry.checksum)) + Self.bytes32(size) + Self.bytes32(size)
    header += Self.bytes16(UInt64(entry.name.count)) + Self.bytes16(UInt64(extra.count))
    // No comment, first disk, no attributes.
    header += Self.bytes16(0) + Self.bytes16(0) + Self.bytes16(0) + Self.bytes32(0)
    return header + Self.bytes32(min(entry.offset, Self.limit32)) + entry.name + extra
  }

  private func zip64End(start: UInt64, size: UInt64, count: UInt64) -> [UInt8] {
    var end = Self.signature(0x0606_4B50) + Self.bytes64(44) + Self.bytes16(45) + Self.bytes16(45)
    end += Self.bytes32(0) + Self.bytes32(0) + Self.bytes64(count) + Self.bytes64(count)
    end += Self.bytes64(size) + Self.bytes64(start)
    return end + Self.signature(0x0706_4B50) + Self.bytes32(0) + Self.bytes64(start + size) + Self.bytes32(1)
  }

  private static func write(
    _ bytes: ArraySlice<UInt8>, to file: AtomicFile, at offset: UInt64
  ) throws(ConversionError) {
    do {
      try file.write(bytes, at: offset)
    } catch {
      throw ConversionError(error)
    }
  }

  private static func signature(_ value: UInt32) -> [UInt8] { PickleWriter.littleEndian(value) }
  private static func bytes16(_ value: UInt64) -> [UInt8] {
    PickleWriter.littleEndian(UInt16(truncatingIfNeeded: value))
  }
  private static func bytes32(_ value: UInt64) -> [UInt8] {
    PickleWriter.littleEndian(UInt32(truncatingIfNeeded: value))
  }
  private static func bytes64(_ value: UInt64) -> [UInt8] { PickleWriter.littleEndian(value) }
}

import Bytes
@testable import SourceFormats

/// A zip archive: its directory, the bytes of its records, and what PyTorch or Keras keep in it.
enum ZipTarget {
  /// The most bytes of a record that are read.
  private static let readLimit = 1 << 16

  static func run(_ input: [UInt8]) {
    let file = MemoryFile.holding(input)
    guard let archive = try? ZipArchive(file) else { return }
    var end: UInt64 = 0
    var names: Set<String> = []
    for entry in archive.entries.sorted(by: { $0.headerOffset < $1.headerOffset }) {
      require(entry.headerOffset >= end, "\(entry.name) overlaps no other record")
      require(entry.dataOffset > entry.headerOffset, "\(entry.name) has a header")
      require(
        entry.storedByteCount <= file.size && entry.dataOffset <= file.size - entry.storedByteCount,
        "\(entry.name) lies inside of the file")
      end = entry.dataOffset + entry.storedByteCount
      require(names.insert(entry.name).inserted, "\(entry.name) occurs once")
      require(
        !entry.name.hasPrefix("/") && !entry.name.split(separator: "/").contains(".."),
        "\(entry.name) leads nowhere else")
      read(entry, archive)
    }
    // No worker: a Keras file is read as far as its first record in HDF5.
    guard let index = try? SourceReader.read(file, options: SourceReaderOptions(ignoreChecksums: true)) else {
      return
    }
    SourceRules.check(index)
  }

  /// Both ways to read a record give the same bytes, or both fail.
  private static func read(_ entry: ZipEntry, _ archive: ZipArchive) {
    guard entry.byteCount <= UInt64(readLimit) else { return }
    var pieces: [UInt8] = []
    let checksum = try? entry.storage(file: 0).forEachPiece(of: archive.file) { pieces += $0 }
    let whole = try? archive.read(entry, limit: readLimit)
    require((checksum == nil) == (whole == nil), "\(entry.name) can be read in one way if in the other")
    guard let whole, let checksum else { return }
    require(UInt64(whole.bytes.count) == entry.byteCount, "\(entry.name) has as many bytes as it states")
    require(whole.bytes == pieces, "\(entry.name) has the same bytes in pieces")
    require(whole.isIntact == (checksum.value == entry.crc32), "\(entry.name) has one checksum")
  }
}

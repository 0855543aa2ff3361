import SourceFormats

/// Zip archives for tests, built byte by byte so that each rule can be broken on its own.
struct ZipBytes {
  /// One record; the optional fields override what is true.
  struct Record {
    var name: String
    var stored: [UInt8]
    var byteCount: Int
    var method: UInt16 = 0
    var crc32: UInt32
    var flags: UInt16 = 1 << 3
    var localFlags: UInt16?
    var localName: String?
    var localMethod: UInt16?
    /// The sizes and the checksum of the local header; zeros, as torch writes them.
    var localSizes: (crc32: UInt32, stored: UInt32, decoded: UInt32) = (0, 0, 0)
    var localSignature: UInt32 = 0x0403_4b50
    var headerOffset: UInt64?
    var disk: UInt16 = 0
    var declaredByteCount: UInt64?
    var declaredStoredCount: UInt64?

    init(_ name: String, _ content: [UInt8]) {
      self.name = name
      stored = content
      byteCount = content.count
      var checksum = CRC32()
      checksum.update(content)
      crc32 = checksum.value
    }

    /// The same record changed.
    func with(_ change: (inout Record) -> Void) -> Record {
      var record = self
      change(&record)
      return record
    }
  }

  var records: [Record]
  var hasZip64End = true
  var before: [UInt8] = []
  var after: [UInt8] = []
  var comment: [UInt8] = []
  var countOffset = 0
  var directoryOffsetChange = 0
  var diskNumber: UInt16 = 0
  /// Whether records use the zip64 field for their sizes and offset.
  var usesZip64Fields = false

  init(_ records: [Record]) { self.records = records }

  /// An archive with the records of a PyTorch file.
  static func torch(
    pickle: [UInt8], storages: [(key: String, bytes: [UInt8])] = [], byteOrder: String? = "little",
    top: String = "archive"
  ) -> ZipBytes {
    var records = [Record("\(top)/data.pkl", pickle)]
    if let byteOrder { records.append(Record("\(top)/byteorder", Array(byteOrder.utf8))) }
    records += storages.map { Record("\(top)/data/\($0.key)", $0.bytes) }
    records.append(Record("\(top)/version", Array("3\n".utf8)))
    return ZipBytes(records)
  }

  /// The same archive changed.
  func with(_ change: (inout ZipBytes) -> Void) -> ZipBytes {
    var archive = self
    change(&archive)
    return archive
  }

  /// The bytes of the archive.
  var bytes: [UInt8] {
    var out = before
    var directory: [UInt8] = []
    for record in records {
      let offset = out.count - before.count
      let localName = Array((record.localName ?? record.name).utf8)
      out += little(record.localSignature) + little(UInt16(20)) + little(record.localFlags ?? record.flags)
      out += little(record.localMethod ?? record.method) + little(UInt32(0))
      out += little(record.localSizes.crc32) + little(record.localSizes.stored)
      out += little(record.localSizes.decoded)
      out += little(UInt16(localName.count)) + little(UInt16(0)) + localName + record.stored
      if record.flags & 8 != 0 {
        out += little(UInt32(0x0807_4b50)) + little(record.crc32)
        out += little(UInt32(record.stored.count)) + little(UInt32(record.byteCount))
      }
      directory += central(record, offset: record.headerOffset ?? UInt64(offset))
    }
    let directoryOffset = UInt64(out.count - before.count + directoryOffsetChange)
    let count = records.count + countOffset
    out += directory
    let endOffset = UInt64(out.count - before.count)
    if hasZip64End {
      out += little(UInt32(0x0606_4b50)) + little(UInt64(44)) + little(UInt32(45))
      out += little(UInt32(0)) + little(UInt32(0)) + little(UInt64(count)) + little(UInt64(count))
      out += little(UInt64(directory.count)) + little(directoryOffset)
      out += little(UInt32(0x0706_4b50)) + little(UInt32(0)) + little(endOffset) + little(UInt32(1))
    }
    out += little(UInt32(0x0605_4b50)) + little(diskNumber) + little(diskNumber)
    out += little(UInt16(count)) + little(UInt16(count))
    out += little(UInt32(directory.count)) + little(UInt32(directoryOffset))
    out += little(UInt16(comment.count)) + comment
    return out + after
  }

  private func central(_ record: Record, offset: UInt64) -> [UInt8] {
    let stored = record.declaredStoredCount ?? UInt64(record.stored.count)
    let decoded = record.declaredByteCount ?? UInt64(record.byteCount)
    let extra =
      usesZip64Fields
      ? little(UInt16(1)) + little(UInt16(24)) + little(decoded) + little(stored) + little(offset) : []
    let marker = little(UInt32.max)
    let name = Array(record.name.utf8)
    var out = little(UInt32(0x0201_4b50)) + little(UInt32(0)) + little(record.flags) + little(record.method)
    out += little(UInt32(0)) + little(record.crc32)
    out += usesZip64Fields ? marker + marker : little(UInt32(stored)) + little(UInt32(decoded))
    out += little(UInt16(name.count)) + little(UInt16(extra.count)) + little(UInt16(0))
    out += little(record.disk) + little(UInt16(0)) + little(UInt32(0))
    out += usesZip64Fields ? marker : little(UInt32(offset))
    return out + name + extra
  }
}

/// The bytes of a number, least significant first.
func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
  (0..<MemoryLayout<Value>.size).map { UInt8(truncatingIfNeeded: value >> Value($0 * 8)) }
}

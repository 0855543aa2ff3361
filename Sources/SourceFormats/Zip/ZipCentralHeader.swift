import Bytes

/// One header of the central directory (APPNOTE 4.3.12), before it is compared with its local header.
struct ZipCentralHeader: Equatable, Sendable {
  var flags: UInt16
  var method: UInt16
  var crc32: UInt32
  var compressedByteCount: UInt64
  var byteCount: UInt64
  var headerOffset: UInt64
  var disk: UInt32
  var name: ArraySlice<UInt8>
  private var extra: ArraySlice<UInt8>

  /// Parses a header with its name, extra fields and comment.
  init(parsing reader: inout ByteReader) throws(SourceError) {
    do {
      let signature = try reader.read(UInt32.self)
      guard signature == ZipFormat.centralHeaderSignature else {
        throw BytesError(.invalidText, "")
      }
      _ = try reader.read(UInt32.self)  // version made by, version needed to extract
      flags = try reader.read(UInt16.self)
      method = try reader.read(UInt16.self)
      _ = try reader.read(UInt32.self)  // time, date
      crc32 = try reader.read(UInt32.self)
      compressedByteCount = UInt64(try reader.read(UInt32.self))
      byteCount = UInt64(try reader.read(UInt32.self))
      let nameCount = Int(try reader.read(UInt16.self))
      let extraCount = Int(try reader.read(UInt16.self))
      let commentCount = Int(try reader.read(UInt16.self))
      disk = UInt32(try reader.read(UInt16.self))
      _ = try reader.read(UInt16.self)  // internal attributes
      _ = try reader.read(UInt32.self)  // external attributes
      headerOffset = UInt64(try reader.read(UInt32.self))
      name = try reader.readBytes(nameCount)
      extra = try reader.readBytes(extraCount)
      _ = try reader.readBytes(commentCount)
    } catch {
      throw SourceError(.malformed, "found no complete header of the central directory")
    }
    do throws(BytesError) { try readZip64() } catch {
      throw SourceError(.malformed, "the zip64 field of \(shownName) in the central directory is incomplete")
    }
  }

  /// The name for messages about a header that was not checked yet.
  private var shownName: String { String(decoding: name.prefix(80), as: UTF8.self).debugDescription }

  /// Replaces the fields that hold the zip64 marker; the field stores only those, in this order (4.5.3).
  private mutating func readZip64() throws(BytesError) {
    guard var field = try ZipExtraField.content(of: ZipFormat.zip64ExtraIdentifier, in: extra) else { return }
    let marker = UInt64(ZipFormat.zip64Marker32)
    if byteCount == marker { byteCount = try field.read(UInt64.self) }
    if compressedByteCount == marker { compressedByteCount = try field.read(UInt64.self) }
    if headerOffset == marker { headerOffset = try field.read(UInt64.self) }
    if disk == UInt32(ZipFormat.zip64Marker16) { disk = try field.read(UInt32.self) }
  }

  /// Checks the header by itself and gives the record; its `dataOffset` is not known yet.
  func entry(in file: InputFile, directoryOffset: UInt64) throws(SourceError) -> ZipEntry {
    guard let name = String(validating: self.name, as: UTF8.self), Self.isSafe(name) else {
      throw SourceError(.malformed, "the record name \(shownName) is not a relative path without `..`")
    }
    try ZipExtraField.checkUnicodePath(in: extra, name: name)
    guard disk == 0 else {
      throw SourceError(.unsupported, "\(name) lies in another part of a split archive")
    }
    try Self.checkFlags(flags, name: name)
    let encoding: SourceStorage.Encoding
    switch method {
    case ZipFormat.storedMethod:
      encoding = .stored
      guard compressedByteCount == byteCount else {
        throw SourceError(
          .malformed,
          "\(name) is stored without compression but has \(compressedByteCount) bytes for \(byteCount)")
      }
    case ZipFormat.deflatedMethod:
      encoding = .deflated(compressedByteCount: compressedByteCount)
      let (bound, overflow) = compressedByteCount.multipliedReportingOverflow(
        by: ZipFormat.maximumDeflateRatio)
      guard !overflow, byteCount <= bound else {
        throw SourceError(
          .malformed,
          "\(name) declares \(byteCount) bytes, more than \(compressedByteCount) deflated bytes can hold")
      }
    default:
      throw SourceError(
        .unsupported, "\(name) is compressed with method \(method); stored (0) and deflated (8) are read",
        hint: "pack the archive again without compression")
    }
    guard byteCount == 0 || !name.hasSuffix("/") else {
      throw SourceError(.malformed, "\(name) is a directory by its name but has \(byteCount) bytes")
    }
    guard headerOffset < directoryOffset else {
      throw SourceError(.malformed, "\(name) begins at byte \(headerOffset), inside the central directory")
    }
    return ZipEntry(
      name: name, encoding: encoding, byteCount: byteCount, crc32: crc32, headerOffset: headerOffset,
      dataOffset: 0, flags: flags)
  }

  /// Refuses the flags that change what the stored bytes mean.
  static func checkFlags(_ flags: UInt16, name: String) throws(SourceError) {
    if flags & (ZipFormat.encryptedFlag | ZipFormat.strongEncryptionFlag | ZipFormat.maskedFlag) != 0 {
      throw SourceError(
        .unsupported, "\(name) is encrypted", hint: "decrypt the archive with the tool that made it")
    }
    if flags & ZipFormat.patchedFlag != 0 {
      throw SourceError(.unsupported, "\(name) is compressed patched data, which is not read")
    }
  }

  private static func isSafe(_ name: String) -> Bool {
    guard !name.isEmpty, !name.utf8.contains(0), !name.utf8.contains(UInt8(ascii: "\\")) else {
      return false
    }
    let path = name.hasSuffix("/") ? name.dropLast() : name[...]
    return path.split(separator: "/", omittingEmptySubsequences: false)
      .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
  }
}

/// The tagged fields at the end of a header (APPNOTE 4.5).
enum ZipExtraField {
  /// The content of the first field with an identifier, or `nil` where there is none.
  static func content(
    of wanted: UInt16, in extra: ArraySlice<UInt8>
  ) throws(BytesError) -> ByteReader? {
    var reader = ByteReader(extra)
    while reader.remaining >= 4 {
      let identifier = try reader.read(UInt16.self)
      let content = try reader.readBytes(Int(try reader.read(UInt16.self)))
      if identifier == wanted { return ByteReader(content) }
    }
    return nil
  }

  /// Refuses a field that gives the record another name for the readers that know it: version (1 byte), CRC-32 of
  /// the header's name (4), name (4.6.9).
  static func checkUnicodePath(in extra: ArraySlice<UInt8>, name: String) throws(SourceError) {
    // Fields that cannot be taken apart are padding, as PyTorch writes it.
    guard var field = try? content(of: ZipFormat.unicodePathExtraIdentifier, in: extra) else { return }
    let second = (try? field.readBytes(field.remaining))?.dropFirst(5) ?? []
    guard second.elementsEqual(name.utf8) else {
      let shown = String(decoding: second.prefix(80), as: UTF8.self)
      throw SourceError(
        .malformed,
        "\(name) has a second name, \(shown.debugDescription); readers differ in which one they take")
    }
  }
}

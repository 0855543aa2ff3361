/// Signatures, sizes and flags of the zip format.
///
/// Source: PKWARE APPNOTE 6.3.10, the section is named at each value.
enum ZipFormat {
  /// 4.3.7: `PK\3\4`.
  static let localHeaderSignature: UInt32 = 0x0403_4b50
  /// 4.3.12: `PK\1\2`.
  static let centralHeaderSignature: UInt32 = 0x0201_4b50
  /// 4.3.16: `PK\5\6`.
  static let endSignature: UInt32 = 0x0605_4b50
  /// 4.3.14: `PK\6\6`.
  static let zip64EndSignature: UInt32 = 0x0606_4b50
  /// 4.3.15: `PK\6\7`.
  static let zip64LocatorSignature: UInt32 = 0x0706_4b50

  /// 4.3.9.3: `PK\7\8`, which a data descriptor may begin with.
  static let descriptorSignature: UInt32 = 0x0807_4b50

  /// 4.3.7: the fixed part of a local header.
  static let localHeaderByteCount = 30
  /// 4.3.12: the fixed part of a central header.
  static let centralHeaderByteCount = 46
  /// 4.3.16: the end record without its comment.
  static let endByteCount = 22
  /// 4.3.15: the zip64 locator.
  static let zip64LocatorByteCount = 20
  /// 4.3.14: the zip64 end record of version 1.
  static let zip64EndByteCount = 56
  /// 4.3.14: the size field of that record does not count its first 12 bytes.
  static let zip64EndLeadingByteCount: UInt64 = 12
  /// 4.4.12: the comment length is a 16-bit number.
  static let maximumCommentByteCount = 65535

  /// 4.5.3: the id of the zip64 extended information field.
  static let zip64ExtraIdentifier: UInt16 = 1
  /// 4.6.9: the id of Info-ZIP's field with the name of the record in UTF-8.
  static let unicodePathExtraIdentifier: UInt16 = 0x7075
  /// 4.4.1.4: "look into the zip64 field".
  static let zip64Marker32: UInt32 = 0xffff_ffff
  /// 4.4.1.4: "look into the zip64 end record".
  static let zip64Marker16: UInt16 = 0xffff

  /// 4.4.4, bit 0: the entry is encrypted.
  static let encryptedFlag: UInt16 = 1 << 0
  /// 4.4.4, bit 3: sizes and CRC follow the data; the local header holds zeros.
  static let descriptorFlag: UInt16 = 1 << 3
  /// 4.4.4, bit 5: the entry is compressed patched data.
  static let patchedFlag: UInt16 = 1 << 5
  /// 4.4.4, bit 6: strong encryption.
  static let strongEncryptionFlag: UInt16 = 1 << 6
  /// 4.4.4, bit 13: the local header is masked, the central directory encrypted.
  static let maskedFlag: UInt16 = 1 << 13

  /// 4.4.5: stored without compression.
  static let storedMethod: UInt16 = 0
  /// 4.4.5: DEFLATE.
  static let deflatedMethod: UInt16 = 8

  /// The largest expansion of DEFLATE: 258 bytes for two bits, rounded up (zlib technical details: 1032:1).
  static let maximumDeflateRatio: UInt64 = 1032
}

import CZlib

/// The CRC-32 that zip archives state for each record (IEEE 802.3 polynomial, as in zlib and gzip).
///
/// Source: PKWARE APPNOTE 6.3.10, section 4.4.7. A value is a plain number, so copying it forks the sum.
public struct CRC32: Hashable, Sendable {
  /// The checksum of the bytes so far; zero for none.
  public private(set) var value: UInt32 = 0

  /// Creates the checksum of no bytes.
  public init() {}

  /// Adds bytes that some other value owns, without copying them.
  public mutating func update(_ bytes: RawSpan) {
    value = unsafe bytes.withUnsafeBytes { unsafe Self.extend(value, by: $0) }
  }

  /// Adds bytes.
  public mutating func update(_ bytes: [UInt8]) {
    value = unsafe bytes.withUnsafeBytes { unsafe Self.extend(value, by: $0) }
  }

  /// Adds bytes.
  public mutating func update(_ bytes: ArraySlice<UInt8>) {
    value = unsafe bytes.withUnsafeBytes { unsafe Self.extend(value, by: $0) }
  }

  private static func extend(_ value: UInt32, by bytes: UnsafeRawBufferPointer) -> UInt32 {
    // A null pointer would make zlib start over, and an empty array may give one.
    guard unsafe !bytes.isEmpty, let start = bytes.baseAddress else { return value }
    let sum = unsafe crc32_z(UInt(value), start.assumingMemoryBound(to: UInt8.self), bytes.count)
    return UInt32(truncatingIfNeeded: sum)
  }
}

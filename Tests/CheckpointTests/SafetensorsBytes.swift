/// Safetensors files for tests, put together from the text of their header so that each rule can be broken
/// on its own.
struct SafetensorsBytes {
  var header: [UInt8]
  var data: [UInt8]
  /// What the length field says; the truth unless set.
  var declaredLength: UInt64?

  init(_ header: String, dataCount: Int = 0) {
    self.header = Array(header.utf8)
    data = (0..<dataCount).map { UInt8(truncatingIfNeeded: $0) }
  }

  /// One tensor entry of a header.
  static func entry(_ name: String, _ type: String, _ shape: [Int], _ begin: Int, _ end: Int) -> String {
    "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
  }

  var bytes: [UInt8] {
    let length = declaredLength ?? UInt64(header.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header + data
  }

  var dataOffset: UInt64 { 8 + UInt64(header.count) }
}

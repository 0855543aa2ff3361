import Crypto

/// SHA-256 digests as this package writes them: 64 lower-case hexadecimal digits.
public enum ContentDigest {
  /// One tensor's row in the content digest.
  public struct Row: Hashable, Sendable {
    /// The canonical name.
    public var name: String
    /// The type of one element.
    public var elementType: ElementType
    /// The shape.
    public var shape: [Int]
    /// The SHA-256 of the tensor's bytes, in hexadecimal.
    public var digest: String

    /// Creates a row.
    public init(name: String, elementType: ElementType, shape: [Int], digest: String) {
      self.name = name
      self.elementType = elementType
      self.shape = shape
      self.digest = digest
    }
  }

  /// The digest of a set of tensors, whatever container and order they came in.
  ///
  /// Rows are sorted by the UTF-8 bytes of their names. Each contributes the text
  /// `name TAB type TAB dimensions joined by commas TAB digest LF`. Counters of training batches
  /// (`num_batches_tracked`) are left out: they do not influence what a model computes and files of
  /// PyTorch before 0.4.1 lack them.
  public static func of(_ rows: [Row]) -> String {
    var hash = SHA256()
    let counted = rows.filter { !isBatchCount($0.name) }
    for row in counted.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
      let shape = row.shape.map(String.init).joined(separator: ",")
      hash.update(data: Array("\(row.name)\t\(row.elementType.rawValue)\t\(shape)\t\(row.digest)\n".utf8))
    }
    return hexadecimal(hash.finalize())
  }

  /// Whether a name is that of a counter of training batches.
  public static func isBatchCount(_ name: String) -> Bool {
    name == "num_batches_tracked" || name.hasSuffix(".num_batches_tracked")
  }

  /// Whether a text is a SHA-256 as this package writes it.
  public static func isWellFormed(_ digest: String) -> Bool {
    digest.utf8.count == 64
      && digest.utf8.allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
      }
  }

  /// Bytes as lower-case hexadecimal digits.
  public static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}

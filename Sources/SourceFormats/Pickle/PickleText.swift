/// The text encodings of a pickle.
enum PickleText {
  /// Text of `BINUNICODE` and its relatives: UTF-8, in which Python also writes lone surrogates.
  ///
  /// Source: `Lib/pickle.py`, `load_binunicode`, error handler `surrogatepass`. A surrogate becomes U+FFFD.
  static func unicode(_ bytes: ArraySlice<UInt8>) throws(PickleFailure) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var repaired = Array(bytes)
    var index = 0
    while index + 2 < repaired.count {
      if repaired[index] == 0xED, repaired[index + 1] >= 0xA0, repaired[index + 1] <= 0xBF,
        repaired[index + 2] & 0xC0 == 0x80
      {
        repaired.replaceSubrange(index..<index + 3, with: [0xEF, 0xBF, 0xBD])
        index += 3
      } else {
        index += 1
      }
    }
    guard let text = String(validating: repaired, as: UTF8.self) else {
      throw PickleFailure(.malformed, "\(bytes.count) bytes of text are not valid UTF-8")
    }
    return text
  }

  /// Text of a Python 2 byte string: UTF-8 where it is valid, as `torch.load` reads it, else Latin-1.
  static func byteString(_ bytes: ArraySlice<UInt8>) -> String {
    String(validating: bytes, as: UTF8.self) ?? latin1(bytes)
  }

  static func latin1(_ bytes: ArraySlice<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(Unicode.Scalar(byte)) }
    return String(text)
  }

  /// The argument of `STRING`: a Python string literal in quotes.
  ///
  /// Source: `Lib/pickle.py`, `load_string`, which calls `codecs.escape_decode`.
  static func literal(_ bytes: ArraySlice<UInt8>) throws(PickleFailure) -> String {
    guard bytes.count >= 2, let quote = bytes.first, quote == bytes.last,
      quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
    else { throw PickleFailure(.malformed, "expected a string in quotes") }
    var decoded: [UInt8] = []
    var rest = bytes.dropFirst().dropLast()
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        decoded.append(byte)
        continue
      }
      guard let escape = rest.popFirst() else {
        throw PickleFailure(.malformed, "a string ends inside of an escape")
      }
      switch escape {
      case UInt8(ascii: "n"): decoded.append(0x0A)
      case UInt8(ascii: "t"): decoded.append(0x09)
      case UInt8(ascii: "r"): decoded.append(0x0D)
      case UInt8(ascii: "a"): decoded.append(0x07)
      case UInt8(ascii: "b"): decoded.append(0x08)
      case UInt8(ascii: "f"): decoded.append(0x0C)
      case UInt8(ascii: "v"): decoded.append(0x0B)
      case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): decoded.append(escape)
      case UInt8(ascii: "x"):
        guard let value = hexadecimal(&rest, count: 2) else {
          throw PickleFailure(.malformed, "expected two hexadecimal digits after \\x")
        }
        decoded.append(UInt8(truncatingIfNeeded: value))
      case UInt8(ascii: "0")...UInt8(ascii: "7"):
        var value = UInt32(escape - UInt8(ascii: "0"))
        for _ in 0..<2 {
          guard let next = rest.first, next >= UInt8(ascii: "0"), next <= UInt8(ascii: "7") else { break }
          value = value * 8 + UInt32(next - UInt8(ascii: "0"))
          rest.removeFirst()
        }
        decoded.append(UInt8(truncatingIfNeeded: value))
      default: decoded += [byte, escape]
      }
    }
    return byteString(decoded[...])
  }

  /// The argument of `UNICODE`: Latin-1 with `\uXXXX` and `\UXXXXXXXX` (codec `raw-unicode-escape`).
  static func rawUnicode(_ bytes: ArraySlice<UInt8>) throws(PickleFailure) -> String {
    var text = String.UnicodeScalarView()
    var rest = bytes
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let kind = rest.first,
        kind == UInt8(ascii: "u") || kind == UInt8(ascii: "U")
      else {
        text.append(Unicode.Scalar(byte))
        continue
      }
      rest.removeFirst()
      guard let value = hexadecimal(&rest, count: kind == UInt8(ascii: "u") ? 4 : 8) else {
        throw PickleFailure(.malformed, "expected hexadecimal digits after \\u")
      }
      text.append(Unicode.Scalar(value) ?? "\u{FFFD}")
    }
    return String(text)
  }

  /// Takes exactly `count` hexadecimal digits.
  private static func hexadecimal(_ rest: inout ArraySlice<UInt8>, count: Int) -> UInt32? {
    guard rest.count >= count else { return nil }
    var value: UInt32 = 0
    for byte in rest.prefix(count) {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: return nil
      }
      value = value << 4 | UInt32(digit)
    }
    rest = rest.dropFirst(count)
    return value
  }
}

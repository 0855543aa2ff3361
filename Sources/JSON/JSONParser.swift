/// A strict parser of JSON (RFC 8259).
///
/// It refuses what lenient parsers let through and disagree about: two members of one name (also where one
/// of them is escaped), leading or trailing garbage, invalid UTF-8, lone surrogates, numbers that overflow.
/// Names that differ only in Unicode normalization count as one, because dictionaries of `String` treat them so.
public struct JSONParser {
  /// The deepest nesting accepted. Our own files need 6 levels; 64 leaves room and keeps the stack small.
  public static let maximumDepth = 64

  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Parses a whole text.
  ///
  /// - Throws: ``JSONError`` with the byte offset of the first fault.
  public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    var parser = JSONParser(bytes)
    parser.skipWhitespace()
    let value = try parser.parseValue(depth: 0)
    try parser.checkEnd()
    return value
  }

  private mutating func checkEnd() throws(JSONError) {
    skipWhitespace()
    guard position == bytes.count else { throw syntax("found more text after the end of the value") }
  }

  /// Parses a whole text.
  public static func parse(_ text: String) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8))
  }

  /// Parses a text that is one object and hands out its members one after the other, so that an object of a hundred
  /// thousand members is never in memory as a whole.
  ///
  /// - Parameters:
  ///   - bytes: The text.
  ///   - failure: Tells a fault of the text, with its byte offset, in terms of the caller.
  ///   - body: Takes a member.
  /// - Throws: What `failure` makes of the first fault, once the members before it have been handed out, or what `body`
  ///   throws.
  public static func forEachMember<Failure: Error>(
    of bytes: [UInt8], failure: (JSONError) -> Failure, _ body: (JSONValue.Member) throws(Failure) -> Void
  ) throws(Failure) {
    var parser = JSONParser(bytes)
    var names: Set<String> = []
    do throws(JSONError) {
      parser.skipWhitespace()
      guard parser.consume("{") else { throw parser.syntax("expected an object") }
    } catch {
      throw failure(error)
    }
    while true {
      let member: JSONValue.Member?
      do throws(JSONError) {
        member = try parser.nextMember(&names, depth: 0)
        if member == nil { try parser.checkEnd() }
      } catch {
        throw failure(error)
      }
      guard let member else { return }
      try body(member)
    }
  }

  private mutating func parseValue(depth: Int) throws(JSONError) -> JSONValue {
    guard let first = peek else { throw syntax("the text ended where a value was expected") }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "["), depth >= Self.maximumDepth {
      throw JSONError(
        .tooDeep, "arrays and objects are nested deeper than \(Self.maximumDepth) levels", offset: position)
    }
    switch first {
    case UInt8(ascii: "{"): return try parseObject(depth: depth)
    case UInt8(ascii: "["): return try parseArray(depth: depth)
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "t"): return try parseLiteral("true", .bool(true))
    case UInt8(ascii: "f"): return try parseLiteral("false", .bool(false))
    case UInt8(ascii: "n"): return try parseLiteral("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
    default: throw syntax("expected a value")
    }
  }

  private mutating func parseObject(depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var members: [JSONValue.Member] = []
    var names: Set<String> = []
    while let member = try nextMember(&names, depth: depth) { members.append(member) }
    return .object(members)
  }

  /// The next member of an object whose brace was read, or `nil` behind its last; `names` are those of the members before.
  private mutating func nextMember(
    _ names: inout Set<String>, depth: Int
  ) throws(JSONError) -> JSONValue.Member? {
    skipWhitespace()
    if consume("}") { return nil }
    if !names.isEmpty {
      guard consume(",") else { throw syntax("expected ',' or '}' in an object") }
      skipWhitespace()
    }
    let start = position
    guard peek == UInt8(ascii: "\"") else { throw syntax("expected the name of a member in quotes") }
    let name = try parseString()
    guard names.insert(name).inserted else {
      throw JSONError(.duplicateName, "the name \"\(name)\" occurs twice in one object", offset: start)
    }
    skipWhitespace()
    guard consume(":") else { throw syntax("expected ':' after the name \"\(name)\"") }
    skipWhitespace()
    return JSONValue.Member(name, try parseValue(depth: depth + 1))
  }

  private mutating func parseArray(depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipWhitespace()
    if consume("]") { return .array([]) }
    while true {
      skipWhitespace()
      elements.append(try parseValue(depth: depth + 1))
      skipWhitespace()
      if consume("]") { return .array(elements) }
      guard consume(",") else { throw syntax("expected ',' or ']' in an array") }
    }
  }

  private mutating func parseLiteral(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
    guard bytes[position...].starts(with: text.utf8) else { throw syntax("expected '\(text)'") }
    position += text.utf8.count
    return value
  }

  private mutating func parseNumber() throws(JSONError) -> JSONValue {
    let start = position
    var isInteger = true
    if peek == UInt8(ascii: "-") { position += 1 }
    let leading = peek
    let digits = skipDigits()
    guard digits > 0, digits == 1 || leading != UInt8(ascii: "0") else {
      throw syntax("expected a number without leading zeros")
    }
    if consume(".") {
      isInteger = false
      guard skipDigits() > 0 else { throw syntax("expected digits after the decimal point") }
    }
    if consume("e") || consume("E") {
      isInteger = false
      if !consume("+") { _ = consume("-") }
      guard skipDigits() > 0 else { throw syntax("expected digits in the exponent") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger {
      guard let number = Int(text) else {
        throw JSONError(.syntax, "the integer \(text.prefix(24)) does not fit 64 bits", offset: start)
      }
      return .integer(number)
    }
    guard let number = Double(text), number.isFinite else {
      throw JSONError(.syntax, "the number \(text.prefix(24)) is out of range", offset: start)
    }
    return .number(number)
  }

  private mutating func parseString() throws(JSONError) -> String {
    let start = position
    position += 1
    var runStart = position
    var decoded: [UInt8] = []
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        decoded += bytes[runStart..<position]
        position += 1
        guard let text = String(validating: decoded, as: UTF8.self) else {
          throw JSONError(.syntax, "a string is not valid UTF-8", offset: start)
        }
        return text
      case UInt8(ascii: "\\"):
        decoded += bytes[runStart..<position]
        position += 1
        decoded += Array(String(try parseEscape()).utf8)
        runStart = position
      case 0..<0x20:
        throw syntax("found a control character in a string; expected an escape")
      default:
        position += 1
      }
    }
    throw JSONError(.syntax, "a string that begins here has no end", offset: start)
  }

  private mutating func parseEscape() throws(JSONError) -> Unicode.Scalar {
    let escape = peek
    position += 1
    switch escape {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{08}"
    case UInt8(ascii: "f"): return "\u{0C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try parseHexadecimal()
      if let scalar = Unicode.Scalar(first) { return scalar }
      // A high surrogate must be followed by the escape of a low one (RFC 8259, section 7).
      if 0xD800..<0xDC00 ~= first, consume("\\"), consume("u") {
        let second = try parseHexadecimal()
        if 0xDC00..<0xE000 ~= second,
          let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        {
          return scalar
        }
      }
      throw syntax("found a lone surrogate in a string")
    default:
      position -= 1
      throw syntax("found an unknown escape in a string")
    }
  }

  private mutating func parseHexadecimal() throws(JSONError) -> UInt32 {
    let end = position + 4
    guard end <= bytes.count, bytes[position..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
    else { throw syntax("expected four hexadecimal digits") }
    position = end
    return value
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func consume(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while let byte = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
    return position - start
  }

  private mutating func skipWhitespace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private func syntax(_ message: String) -> JSONError { JSONError(.syntax, message, offset: position) }
}

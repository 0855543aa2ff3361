import Checkpoint
import Testing

/// One row for each rule of the format that a header can break, and the error it gives.
///
/// Rules: huggingface/safetensors, `README.md` ("Format") and `docs/safetensors.schema.json`; the attacks are
/// those of its `attacks/README.md` and of the differences between its readers.
@Suite struct SafetensorsAttackTests {
  /// Where a fault lies: at a byte of the file, or of its data.
  enum Place {
    case file(UInt64)
    case data(UInt64)
  }

  struct Attack: CustomTestStringConvertible, Sendable {
    let name: String
    let file: SafetensorsBytes
    let message: String
    let place: Place
    var code: CheckpointError.Code = .malformed
    var hint: String?

    var testDescription: String { name }

    init(_ name: String, _ header: String, data: Int = 0, _ message: String, _ place: Place = .file(8)) {
      self.name = name
      file = SafetensorsBytes(header, dataCount: data)
      self.message = message
      self.place = place
    }

    /// An attack on the entry of a single tensor of four bytes.
    init(_ name: String, entry: String, _ message: String) {
      self.init(name, "{\"t\":\(entry)}", data: 4, "tensor \"t\": " + message)
    }

    /// An attack on the shape of such a tensor.
    init(_ name: String, shape: String, _ message: String) {
      self.init(name, entry: Self.entry(shape: shape), message)
    }

    /// An attack on its data offsets.
    init(_ name: String, offsets: String, _ message: String) {
      self.init(name, entry: Self.entry(offsets: offsets), message)
    }

    static func entry(type: String = "\"F32\"", shape: String = "[1]", offsets: String = "[0,4]") -> String {
      "{\"dtype\":\(type),\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }

    var expected: CheckpointError {
      let offset =
        switch place {
        case .file(let offset): offset
        case .data(let offset): file.dataOffset + offset
        }
      return CheckpointError(code, message, offset: offset, hint: hint)
    }
  }

  private static let dimensionRule = "a dimension is not an integer from 0 to 2^48 - 1"
  private static let offsetRule = "\"data_offsets\" are not two integers in ascending order"
  private static let good = Attack.entry()
  private static let beginRule = "the header does not begin with '{'"
  private static let endRule = "the header ends with something other than '}' and spaces"

  static let text: [Attack] = [
    Attack("an empty header", "", beginRule),
    Attack("another kind of value", "[]", beginRule),
    Attack("a leading space", " {}", beginRule),
    Attack("a leading line break", "\n{}", beginRule),
    Attack("a byte order mark", "\u{FEFF}{}", beginRule),
    Attack("a trailing line break", "{}\n", endRule),
    Attack("a trailing tab", "{}\t ", endRule),
    Attack("a trailing NUL", "{}\0", endRule),
    Attack("nothing but the beginning", "{", endRule),
    Attack(
      "two objects", "{}{}", "the header is not valid JSON: found more text after the end of the value",
      .file(10)),
    Attack(
      "a comma too many", "{\"t\":\(good),}",
      "the header is not valid JSON: expected the name of a member in quotes",
      .file(UInt64(14 + good.utf8.count))),
    Attack(
      "a lone surrogate", "{\"\\ud800\":\(good)}",
      "the header is not valid JSON: found a lone surrogate in a string",
      .file(16)),
    Attack(
      "a surrogate before a letter", "{\"\\ud800\\u0041\":\(good)}",
      "the header is not valid JSON: found a lone surrogate in a string", .file(22)),
    Attack(
      "deep nesting", "{\"t\":\(String(repeating: "[", count: 100_000))}",
      "the header is not valid JSON: arrays and objects are nested deeper than 64 levels", .file(8 + 5 + 63)),
    Attack(
      "one tensor twice", "{\"t\":\(good),\"t\":\(good)}", data: 4,
      "the header is not valid JSON: the name \"t\" occurs twice in one object",
      .file(UInt64(14 + good.utf8.count))),
    Attack(
      "one tensor twice, once escaped", "{\"t\":\(good),\"\\u0074\":\(good)}", data: 4,
      "the header is not valid JSON: the name \"t\" occurs twice in one object",
      .file(UInt64(14 + good.utf8.count))),
    Attack(
      "a field twice", "{\"t\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
      data: 4,
      "the header is not valid JSON: the name \"dtype\" occurs twice in one object", .file(28)),
    Attack(
      "the metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}",
      "the header is not valid JSON: the name \"__metadata__\" occurs twice in one object", .file(27)),
    Attack(
      "a metadata member twice", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}",
      "the header is not valid JSON: the name \"a\" occurs twice in one object", .file(32)),
    Attack(
      "metadata that are null", "{\"__metadata__\":null}",
      "__metadata__ is null, expected an object of strings"),
    Attack(
      "metadata in an array", "{\"__metadata__\":[]}", "__metadata__ is array, expected an object of strings"),
    Attack(
      "a number in the metadata", "{\"__metadata__\":{\"a\":1}}",
      "__metadata__ member \"a\" is integer, expected a string"),
    Attack(
      "nested metadata", "{\"__metadata__\":{\"a\":\"\",\"b\":{}}}",
      "__metadata__ member \"b\" is object, expected a string"),
    Attack(
      "a tensor called like the metadata", "{\"__metadata__\":\(good)}", data: 4,
      "__metadata__ member \"shape\" is array, expected a string"),
  ]

  static let entries: [Attack] = [
    Attack("no object", entry: "[]", "the entry is array, expected an object"),
    Attack("null", entry: "null", "the entry is null, expected an object"),
    Attack(
      "an unknown field", entry: "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"crc\":1}",
      "unknown field \"crc\""),
    Attack("no dtype", entry: "{\"shape\":[1],\"data_offsets\":[0,4]}", "the field \"dtype\" is missing"),
    Attack("no shape", entry: "{\"dtype\":\"F32\",\"data_offsets\":[0,4]}", "the field \"shape\" is missing"),
    Attack("no offsets", entry: "{\"dtype\":\"F32\",\"shape\":[1]}", "the field \"data_offsets\" is missing"),
    Attack("an unknown dtype", entry: Attack.entry(type: "\"F128\""), "unknown dtype \"F128\""),
    Attack("a dtype in lower case", entry: Attack.entry(type: "\"f32\""), "unknown dtype \"f32\""),
    Attack(
      "a dtype that is a number", entry: Attack.entry(type: "32"), "\"dtype\" is integer, expected a string"),
    Attack("a shape that is null", shape: "null", "\"shape\" is null, expected an array"),
    Attack("a shape that is a number", shape: "1", "\"shape\" is integer, expected an array"),
    Attack("a dimension with a fraction", shape: "[1.0]", dimensionRule),
    Attack("a dimension with an exponent", shape: "[1e0]", dimensionRule),
    Attack("a dimension in quotes", shape: "[\"1\"]", dimensionRule),
    Attack("a negative dimension", shape: "[-1]", dimensionRule),
    Attack("two negative dimensions", shape: "[-1,-1]", dimensionRule),
    Attack("a dimension of 2^48", shape: "[281474976710656]", dimensionRule),
    Attack("a dimension of 2^48 beside 0", shape: "[0,281474976710656]", dimensionRule),
    Attack(
      "65 dimensions", shape: "[\(String(repeating: "1,", count: 64))1]",
      "65 dimensions, at most 64 are allowed"),
    Attack(
      "a size that overflows", shape: "[140737488355328,140737488355328]",
      "the size of shape [140737488355328, 140737488355328] overflows or is no whole number of bytes"),
    Attack(
      "an overflow before a dimension of 0", shape: "[140737488355328,140737488355328,0]",
      "the size of shape [140737488355328, 140737488355328, 0] overflows or is no whole number of bytes"),
    Attack(
      "an overflow after a dimension of 0", shape: "[0,140737488355328,140737488355328]",
      "the size of shape [0, 140737488355328, 140737488355328] overflows or is no whole number of bytes"),
    Attack(
      "a size that overflows when it is counted in bits", shape: "[140737488355328,65535]",
      "the size of shape [140737488355328, 65535] overflows or is no whole number of bytes"),
    Attack(
      "an odd number of 4-bit numbers", entry: Attack.entry(type: "\"F4\"", shape: "[7]"),
      "the size of shape [7] overflows or is no whole number of bytes"),
    Attack("one offset", offsets: "[0]", offsetRule),
    Attack("three offsets", offsets: "[0,4,4]", offsetRule),
    Attack("offsets that are no array", offsets: "4", offsetRule),
    Attack("offsets in descending order", offsets: "[4,0]", offsetRule),
    Attack("a negative offset", offsets: "[-4,0]", offsetRule),
    Attack("an offset with a fraction", offsets: "[0,4.0]", offsetRule),
    Attack("an offset in quotes", offsets: "[0,\"4\"]", offsetRule),
    Attack("too few bytes", offsets: "[0,3]", "F32 of shape [1] takes 4 bytes, the data offsets span 3"),
    Attack("too many bytes", offsets: "[0,5]", "F32 of shape [1] takes 4 bytes, the data offsets span 5"),
    Attack(
      "as many bytes as there are numbers", offsets: "[0,9223372036854775807]",
      "F32 of shape [1] takes 4 bytes, the data offsets span 9223372036854775807"),
  ]

  private static func header(_ tensors: (String, Int, Int)...) -> String {
    let entries = tensors.map { SafetensorsBytes.entry($0, "U8", [$2 - $1], $1, $2) }
    return "{\(entries.joined(separator: ","))}"
  }

  static let coverage: [Attack] = [
    Attack(
      "a hole at the start", header(("t", 1, 4)), data: 4,
      "tensor \"t\" begins at data offset 1 and leaves a hole before it, expected 0", .data(1)),
    Attack(
      "a hole between tensors", header(("b", 3, 4), ("a", 0, 2)), data: 4,
      "tensor \"b\" begins at data offset 3 and leaves a hole before it, expected 2", .data(3)),
    Attack(
      "tensors that overlap", header(("a", 0, 3), ("b", 2, 4)), data: 4,
      "tensor \"b\" begins at data offset 2 and overlaps the tensor before it, expected 3", .data(2)),
    Attack(
      "many names for one span", header(("a", 0, 4), ("b", 0, 4), ("c", 0, 4)), data: 4,
      "tensor \"b\" begins at data offset 0 and overlaps the tensor before it, expected 4", .data(0)),
    Attack(
      "a tensor inside of another", header(("a", 0, 4), ("b", 1, 2)), data: 4,
      "tensor \"b\" begins at data offset 1 and overlaps the tensor before it, expected 4", .data(1)),
    Attack(
      "an empty tensor inside of another", header(("a", 0, 4), ("b", 2, 2)), data: 4,
      "tensor \"b\" begins at data offset 2 and overlaps the tensor before it, expected 4", .data(2)),
    Attack(
      "an empty tensor far away", header(("b", .max, .max)),
      "tensor \"b\" begins at data offset 9223372036854775807 and leaves a hole before it, expected 0",
      .data(UInt64(Int.max))),
    Attack(
      "bytes after the last tensor", header(("a", 0, 4)), data: 7, "3 bytes follow the last tensor", .data(4)),
    Attack("bytes without tensors", "{}", data: 1, "1 bytes follow the last tensor", .data(0)),
  ]

  @Test(arguments: text + entries + coverage)
  func isRefused(_ attack: Attack) {
    #expect(throws: attack.expected) {
      try SafetensorsHeader(parsing: attack.file.header, fileSize: UInt64(attack.file.bytes.count))
    }
  }

  @Test func refusesOffsetsThatDoNotFit64Bits() {
    let file = SafetensorsBytes("{\"t\":\(Attack.entry(offsets: "[0,9223372036854775808]"))}")
    #expect(
      throws: CheckpointError(
        .malformed, "the header is not valid JSON: the integer 9223372036854775808 does not fit 64 bits",
        offset: 58)
    ) { try SafetensorsHeader(parsing: file.header, fileSize: UInt64(file.bytes.count)) }
  }

  @Test func refusesANameThatIsNotUTF8() {
    var file = SafetensorsBytes("{\"t\":\(Self.good)}", dataCount: 4)
    file.header[2] = 0xFF
    #expect(
      throws: CheckpointError(
        .malformed, "the header is not valid JSON: a string is not valid UTF-8", offset: 9)
    ) { try SafetensorsHeader(parsing: file.header, fileSize: UInt64(file.bytes.count)) }
  }
}

import JSON
import Testing

@Suite struct JSONParserTests {
  static let accepted: [(String, JSONValue)] = [
    ("null", .null),
    ("true", true),
    ("false", false),
    (" \t\r\n1 \t\r\n", 1),
    ("0", 0),
    ("-0", 0),
    ("-1", -1),
    ("9223372036854775807", .integer(.max)),
    ("-9223372036854775808", .integer(.min)),
    ("0.5", .number(0.5)),
    ("-0.0", .number(-0.0)),
    ("1.0", .number(1)),
    ("1e3", .number(1000)),
    ("1E+3", .number(1000)),
    ("25e-1", .number(2.5)),
    ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
    ("5e-324", .number(.leastNonzeroMagnitude)),
    ("1e-400", .number(0)),
    ("\"\"", ""),
    ("\"a\u{7F}ß\u{1F600}\"", "a\u{7F}ß\u{1F600}"),
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u0000\u00e9\u00E9\uFFFF""#, "\0éé\u{FFFF}"),
    (#""\ud83d\uDE00""#, "\u{1F600}"),
    (#""\uD800\uDC00\uDBFF\uDFFF""#, "\u{10000}\u{10FFFF}"),
    ("[]", []),
    ("[ ]", []),
    ("[1,[2],\"3\"]", [1, [2], "3"]),
    ("{}", [:]),
    ("{ }", [:]),
    ("{\"b\" : 1 , \"a\":{\"b\":2}}", ["b": 1, "a": ["b": 2]]),
    ("{\"\":null}", ["": .null]),
    ("{\"a\":1,\"A\":2}", ["a": 1, "A": 2]),
  ]

  @Test(arguments: accepted)
  func acceptsTheGrammarOfRFC8259(_ text: String, _ expected: JSONValue) throws {
    #expect(try JSONParser.parse(text) == expected)
  }

  static let refused: [(String, String, Int)] = [
    // Nothing, and too much.
    ("", "the text ended where a value was expected", 0),
    ("  ", "the text ended where a value was expected", 2),
    ("1 2", "found more text after the end of the value", 2),
    ("{}x", "found more text after the end of the value", 2),
    ("{}\0", "found more text after the end of the value", 2),
    ("[]]", "found more text after the end of the value", 2),
    ("\u{FEFF}{}", "expected a value", 0),
    ("\u{A0}1", "expected a value", 0),
    ("\u{B}1", "expected a value", 0),
    // Literals are written in full, in lower case, and have no others beside them.
    ("nul", "expected 'null'", 0),
    ("tru", "expected 'true'", 0),
    ("fALSE", "expected 'false'", 0),
    ("True", "expected a value", 0),
    ("nulll", "found more text after the end of the value", 4),
    ("NaN", "expected a value", 0),
    ("Infinity", "expected a value", 0),
    ("-Infinity", "expected a number without leading zeros", 1),
    ("undefined", "expected a value", 0),
    ("'a'", "expected a value", 0),
    ("// comment\n1", "expected a value", 0),
    // Numbers.
    ("+1", "expected a value", 0),
    (".5", "expected a value", 0),
    ("-", "expected a number without leading zeros", 1),
    ("01", "expected a number without leading zeros", 2),
    ("-01", "expected a number without leading zeros", 3),
    ("1.", "expected digits after the decimal point", 2),
    ("1.e1", "expected digits after the decimal point", 2),
    ("1e", "expected digits in the exponent", 2),
    ("1e+", "expected digits in the exponent", 3),
    ("1e+-1", "expected digits in the exponent", 3),
    ("0x10", "found more text after the end of the value", 1),
    ("1_000", "found more text after the end of the value", 1),
    ("9223372036854775808", "the integer 9223372036854775808 does not fit 64 bits", 0),
    ("-9223372036854775809", "the integer -9223372036854775809 does not fit 64 bits", 0),
    (
      "123456789012345678901234567890", "the integer 123456789012345678901234 does not fit 64 bits", 0
    ),
    ("1e309", "the number 1e309 is out of range", 0),
    ("[-1e999]", "the number -1e999 is out of range", 1),
    // Strings.
    ("\"a", "a string that begins here has no end", 0),
    ("[\"a]", "a string that begins here has no end", 1),
    ("\"a\nb\"", "found a control character in a string; expected an escape", 2),
    ("\"\0\"", "found a control character in a string; expected an escape", 1),
    ("\"\u{1F}\"", "found a control character in a string; expected an escape", 1),
    (#""\x41""#, "found an unknown escape in a string", 2),
    (#""\U0041""#, "found an unknown escape in a string", 2),
    (#""\"#, "found an unknown escape in a string", 2),
    (#""\u12""#, "expected four hexadecimal digits", 3),
    (#""\u"#, "expected four hexadecimal digits", 3),
    (#""\u+123""#, "expected four hexadecimal digits", 3),
    (#""\u00g0""#, "expected four hexadecimal digits", 3),
    (#""\uD800""#, "found a lone surrogate in a string", 7),
    (#""\uDC00""#, "found a lone surrogate in a string", 7),
    (#""\uDFFF\uD800""#, "found a lone surrogate in a string", 7),
    (#""\uD800x""#, "found a lone surrogate in a string", 7),
    (#""\uD800\n""#, "found a lone surrogate in a string", 8),
    // A high surrogate before anything smaller, and before another high one.
    (#""\uD800\u0041""#, "found a lone surrogate in a string", 13),
    (#""\uD83D\uD83D""#, "found a lone surrogate in a string", 13),
    (#""\uD83D\uE000""#, "found a lone surrogate in a string", 13),
    (#""\uDBFF\uFFFF""#, "found a lone surrogate in a string", 13),
    (#""\uD83D\uDE""#, "expected four hexadecimal digits", 9),
    // Arrays and objects.
    ("[", "the text ended where a value was expected", 1),
    ("[1", "expected ',' or ']' in an array", 2),
    ("[1,", "the text ended where a value was expected", 3),
    ("[1,]", "expected a value", 3),
    ("[,1]", "expected a value", 1),
    ("[1 2]", "expected ',' or ']' in an array", 3),
    ("[1}", "expected ',' or ']' in an array", 2),
    ("{", "expected the name of a member in quotes", 1),
    ("{a:1}", "expected the name of a member in quotes", 1),
    ("{1:1}", "expected the name of a member in quotes", 1),
    ("{\"a\"}", "expected ':' after the name \"a\"", 4),
    ("{\"a\":}", "expected a value", 5),
    ("{\"a\":1", "expected ',' or '}' in an object", 6),
    ("{\"a\":1,}", "expected the name of a member in quotes", 7),
    ("{\"a\":1 \"b\":2}", "expected ',' or '}' in an object", 7),
    ("{\"a\":1]", "expected ',' or '}' in an object", 6),
  ]

  @Test(arguments: refused)
  func refusesEverythingElseAndSaysWhere(_ text: String, _ message: String, _ offset: Int) {
    #expect(throws: JSONError(.syntax, message, offset: offset)) { try JSONParser.parse(text) }
  }

  static let duplicates: [(String, String, Int)] = [
    (#"{"a":1,"a":1}"#, "a", 7),
    (#"{"a":1,"\u0061":2}"#, "a", 7),
    (#"{"\u0061":1, "b":2, "a":3}"#, "a", 20),
    (#"[{"":1,"":2}]"#, "", 7),
    (#"{"x":{"a":1,"a":2}}"#, "a", 12),
    (#"{"\ud83d\ude00":1,"😀":2}"#, "😀", 18),
    // One character, composed and as a letter with an accent: `String` takes them for equal.
    (#"{"\u00e9":1,"e\u0301":2}"#, "e\u{301}", 12),
  ]

  @Test(arguments: duplicates)
  func refusesTwoMembersOfOneName(_ text: String, _ name: String, _ offset: Int) {
    #expect(
      throws: JSONError(
        .duplicateName, "the name \"\(name)\" occurs twice in one object", offset: offset)
    ) { try JSONParser.parse(text) }
  }

  @Test(
    arguments: [
      [0xFF], [0x80], [0xC0, 0x80], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
      [0xF5, 0x80, 0x80, 0x80],
    ] as [[UInt8]])
  func refusesStringsThatAreNotUTF8(_ bytes: [UInt8]) {
    #expect(throws: JSONError(.syntax, "a string is not valid UTF-8", offset: 1)) {
      try JSONParser.parse(Array("[\"".utf8) + bytes + Array("\"]".utf8))
    }
  }

  @Test(arguments: [("[", "]"), ("{\"a\":", "}")], ["1", "[]", "{}"])
  func acceptsNestingUpToTheLimitAndNoDeeper(_ brackets: (String, String), _ inner: String) throws {
    func nested(_ depth: Int) -> String {
      String(repeating: brackets.0, count: depth) + inner + String(repeating: brackets.1, count: depth)
    }
    let deepest = JSONParser.maximumDepth - (inner == "1" ? 0 : 1)
    var value = try JSONParser.parse(nested(deepest))
    for _ in 0..<deepest { value = try #require(value.arrayValue?.first ?? value["a"]) }
    #expect(value == (try JSONParser.parse(inner)))
    let tooDeep = JSONError(
      .tooDeep, "arrays and objects are nested deeper than 64 levels",
      offset: brackets.0.utf8.count * JSONParser.maximumDepth)
    #expect(throws: tooDeep) { try JSONParser.parse(nested(deepest + 1)) }
    #expect(throws: tooDeep) { try JSONParser.parse(nested(100_000)) }
  }

  @Test func `hands out the members of an object one after the other`() throws {
    var names: [String] = []
    var values: [JSONValue] = []
    func collect(_ text: [UInt8]) throws(JSONError) {
      try JSONParser.forEachMember(of: text, failure: { $0 }) { member throws(JSONError) in
        names.append(member.name)
        values.append(member.value)
      }
    }
    try collect(Self.sample)
    #expect(JSONValue.object(zip(names, values).map { .init($0, $1) }) == (try JSONParser.parse(Self.sample)))
    names = []
    try collect(Array(" { } ".utf8))
    #expect(names.isEmpty)
    // Faults are those of a whole text, told once what stands before them has been handed out.
    let faulty = [
      #"{"a":1,"a":2}"#, #"{"a":1}x"#, #"{"a":1,}"#, #"{"a":1"#, #"{"a":1 "b":2}"#, #"{"a" 1}"#, "{", "",
    ]
    for text in faulty {
      let bytes = Array(text.utf8)
      let whole = #expect(throws: JSONError.self, "\(text)") { try JSONParser.parse(bytes) }
      let parts = #expect(throws: JSONError.self, "\(text)") { try collect(bytes) }
      #expect(text.isEmpty ? parts?.message == "expected an object" : parts == whole, "\(text)")
    }
    #expect(throws: JSONError(.syntax, "expected an object", offset: 0)) { try collect(Array("[1]".utf8)) }
  }

  static let sample = Array(
    #"{"a":[1,-2.5e3,true,null,"x\u00e9\ud83d\ude00\n"],"b":{"c":false,"d":[{}]},"größe":""}"#.utf8)

  @Test func survivesTruncationAtEveryByte() throws {
    _ = try JSONParser.parse(Self.sample)
    for count in 0..<Self.sample.count {
      #expect(throws: JSONError.self, "\(count) bytes") {
        try JSONParser.parse(Array(Self.sample[..<count]))
      }
    }
  }

  /// Some of these are valid JSON again; none may trap, and what is accepted must survive a round trip.
  @Test func survivesEveryChangeOfOneByte() throws {
    for index in Self.sample.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = Self.sample
        changed[index] = byte
        guard let value = try? JSONParser.parse(changed) else { continue }
        #expect(try JSONParser.parse(value.text(sortedNames: false)) == value)
      }
    }
  }
}

import JSON
import Testing

@Suite struct JSONWriterTests {
  static let values: [(JSONValue, String)] = [
    (.null, "null"),
    (true, "true"),
    (false, "false"),
    (.integer(.min), "-9223372036854775808"),
    (.number(0.1), "0.1"),
    (.number(-0.0), "-0.0"),
    (.number(1), "1.0"),
    (.number(1e300), "1e+300"),
    (.number(.leastNonzeroMagnitude), "5e-324"),
    (.number(1e16), "1e+16"),
    ([], "[]"),
    ([:], "{}"),
    ([1, [], [:], "a"], #"[1,[],{},"a"]"#),
    ("\"\\/\n\r\t", #""\"\\/\n\r\t""#),
    ("\0\u{8}\u{1F}\u{7F}", #""\u0000\u0008\u001f\u007f""#),
    ("é\u{301}\u{1F600}\u{2028}", "\"é\u{301}\u{1F600}\u{2028}\""),
  ]

  @Test(arguments: values)
  func writesTextThatReadsBackAsTheSameValue(_ value: JSONValue, _ text: String) throws {
    #expect(value.text() == text)
    #expect(try JSONParser.parse(text) == value)
    #expect(try JSONParser.parse(value.text(indented: true)) == value)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func writesNullForNumbersThatJSONDoesNotHave(_ number: Double) {
    #expect(JSONValue.number(number).text() == "null")
  }

  /// By bytes: upper case first, then a prefix before what is longer, then what is not ASCII.
  @Test func sortsTheMembersOfEveryObjectByTheirBytes() {
    let value: JSONValue = [
      "é": 1, "b": 2, "a": ["z": [["y": 1, "x": 2]], "Z": 3], "ab": 4, "B": 5, "a.b": 6, "": 7,
    ]
    #expect(
      value.text() == #"{"":7,"B":5,"a":{"Z":3,"z":[{"x":2,"y":1}]},"a.b":6,"ab":4,"b":2,"é":1}"#)
  }

  @Test func keepsTheOrderOfMembersWhenAsked() {
    let value: JSONValue = ["b": 1, "a": ["d": 2, "c": 3]]
    #expect(value.text(sortedNames: false) == #"{"b":1,"a":{"d":2,"c":3}}"#)
  }

  @Test func equalValuesGiveEqualTextWhateverTheOrderOfTheirMembers() {
    let names = ["conv", "norm", "fc", "a", "b"]
    let texts = Set(
      [names, names.reversed(), names.sorted()].map { order in
        JSONValue.object(order.map { JSONValue.Member($0, .string($0)) }).text()
      })
    #expect(texts == [#"{"a":"a","b":"b","conv":"conv","fc":"fc","norm":"norm"}"#])
  }

  @Test func indentsByTwoSpacesAndKeepsPlainArraysOnOneLine() {
    let value: JSONValue = ["shape": [2, 3], "empty": [:], "list": [["a": 1], []], "none": []]
    #expect(
      value.text(indented: true) == """
        {
          "empty": {},
          "list": [
            {
              "a": 1
            },
            []
          ],
          "none": [],
          "shape": [2,3]
        }
        """)
  }
}

import JSON
import Testing

@Suite struct JSONValueTests {
  static let all: [(JSONValue, String)] = [
    (.null, "null"), (true, "boolean"), (7, "integer"), (.number(0.5), "number"), ("a", "string"),
    ([1], "array"), (["a": 1], "object"),
  ]

  @Test(arguments: all)
  func givesItsContentOnlyAsTheKindItIs(_ value: JSONValue, _ kind: String) {
    #expect(value.kind == kind)
    #expect(value.boolValue == (kind == "boolean" ? true : nil))
    #expect(value.integerValue == (kind == "integer" ? 7 : nil))
    #expect(value.doubleValue == (kind == "integer" ? 7 : kind == "number" ? 0.5 : nil))
    #expect(value.stringValue == (kind == "string" ? "a" : nil))
    #expect(value.arrayValue == (kind == "array" ? [1] : nil))
    #expect(value.objectValue == (kind == "object" ? [JSONValue.Member("a", 1)] : nil))
    #expect(value["a"] == (kind == "object" ? 1 : nil))
    #expect(value["b"] == nil)
  }

  @Test func tellsANullMemberFromAMissingOne() {
    let value: JSONValue = ["a": .null]
    #expect(value["a"] == .some(.null))
    #expect(value["b"] == .none)
  }

  @Test func tellsIntegersFromOtherNumbers() {
    #expect(JSONValue.integer(1) != .number(1))
  }
}

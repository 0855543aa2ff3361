import Testing

@testable import Conversion

@Suite struct NameTemplateTests {
  @Test(
    arguments: [
      ("conv1", [:], "conv1"),
      ("layer{s+1}.{b}.conv{i}", [.stage: 0, .block: 0, .index: 1], "layer1.0.conv1"),
      ("layer{s+1}.{b}.conv{i}", [.stage: 3, .block: 35, .index: 3], "layer4.35.conv3"),
      ("{b}", [.block: 7], "7"),
      ("{b}.weight", [.block: 0], "0.weight"),
      ("a{i}.b{i+2}", [.index: 8], "a8.b10"),
      ("features.{n+9}", [.flatBlock: 9990], "features.9999"),
      ("größe.{i}", [.index: 1], "größe.1"),
      ("", [:], ""),
    ] as [(String, NameTemplate.Values, String)])
  func `matching is the inverse of rendering`(_ text: String, _ values: NameTemplate.Values, _ name: String)
    throws
  {
    let template = try NameTemplate(text)
    #expect(template.render(values) == name)
    #expect(template.match(Array(name.utf8)) == values)
    #expect(template.variables == Set(values.keys))
    #expect(template.text == text)
  }

  @Test(
    arguments: [
      ("layer{s+1}", "layer0", "below the offset"),
      ("layer{s+1}", "layer01", "a leading zero"),
      ("layer{s}", "layer00", "two zeros"),
      ("layer{s}", "layer", "no digits"),
      ("layer{s}", "layer-1", "a sign"),
      ("layer{s}", "layer10000", "five digits"),
      ("layer{s}", "layer99999999999999999999", "a number beyond 64 bits"),
      ("layer{s}", "layer1.0", "text after the end"),
      ("layer{s}.conv", "layer1.con", "text that ends early"),
      ("layer{s}.conv", "layer1", "a literal that is missing"),
      ("layer{s}", "Layer1", "other capitals"),
      ("a{i}.b{i}", "a1.b2", "two values of one variable"),
      ("a{i}.b{i+1}", "a1.b1", "values that an offset tells apart"),
      ("layer{s}", "", "nothing"),
      ("layer{s}", "layer\u{0661}", "digits that are not ASCII"),
      ("", "conv1", "anything where the template is empty"),
    ])
  func `a name that rendering cannot give does not match`(_ text: String, _ name: String, _ reason: Comment)
    throws
  {
    #expect(try NameTemplate(text).match(Array(name.utf8)) == nil, reason)
  }

  @Test func `a variable without a value renders nothing`() throws {
    #expect(try NameTemplate("layer{s}.{b}").render([.stage: 1]) == nil)
  }

  @Test(
    arguments: [
      ("layer{s", "'{' without '}'"),
      ("layer{", "'{' without '}'"),
      ("layer{}", "expected a variable {s}, {b}, {i} or {n}, or one with an offset such as {s+1}"),
      ("layer{stage}", "expected a variable {s}, {b}, {i} or {n}, or one with an offset such as {s+1}"),
      ("layer{1}", "expected a variable {s}, {b}, {i} or {n}, or one with an offset such as {s+1}"),
      ("layer{s-1}", "expected a variable {s}, {b}, {i} or {n}, or one with an offset such as {s+1}"),
      ("layer{s+}", "expected a variable {s}, {b}, {i} or {n}, or one with an offset such as {s+1}"),
      ("layer{s+10}", "expected a variable {s}, {b}, {i} or {n}, or one with an offset such as {s+1}"),
      ("layer{s+-1}", "expected a variable {s}, {b}, {i} or {n}, or one with an offset such as {s+1}"),
      ("layer{s++1}", "expected a variable {s}, {b}, {i} or {n}, or one with an offset such as {s+1}"),
      ("layer{+1}", "expected a variable {s}, {b}, {i} or {n}, or one with an offset such as {s+1}"),
      ("layer{s}{b}", "two variables without text between"),
    ])
  func `a faulty template is refused`(_ text: String, _ message: String) {
    #expect(throws: ConversionError(.invalidDialect, "template \"\(text)\": \(message)")) {
      try NameTemplate(text)
    }
  }
}

import Testing

@testable import Conversion

/// Dialect files come from users: each fault is refused with the member's name.
@Suite struct DialectFileTests {
  /// A dialect with one of everything.
  private static let valid = #"""
    {
      "$schema": "dialect.schema.json", "schemaVersion": 1, "name": "mine", "title": "my names", "source": "here",
      "accepts": {"family": ["resnet"]}, "flatBlocks": [2, 2],
      "semantics": [{"when": {"attention": "se"}, "set": {"stridePosition": "conv1"}}],
      "modules": [
        {"canonical": "stem.conv", "source": "first", "when": {"stem": "imagenet"}},
        {"canonical": "stages.{s}.blocks.{b}.conv{i}", "source": "block{n}.{i}"}
      ],
      "attention": [{
        "kind": "se", "standalone": true,
        "at": [{"canonical": "stages.{s}.blocks.{b}.attention", "source": "gate{s}.{b}"}],
        "modules": [{"canonical": "reduce", "source": "down", "layout": "1x1-convolution"}]
      }]
    }
    """#

  @Test func `a dialect with one of everything is read`() throws {
    let dialect = try DialectFile.parse(Array(Self.valid.utf8))
    #expect(dialect.name == "mine")
    #expect(dialect.title == "my names")
    #expect(dialect.source == "here")
    #expect(dialect.rules.count == 4)
    #expect(dialect.accepts == ["family": ["resnet"]])
    let reduce = dialect.sourceModule(
      canonical: "stages.1.blocks.0.attention.reduce", features: ["attention": "se"])
    #expect(reduce?.name == "gate1.0.down")
    #expect(reduce?.layout == .pointwiseConvolution)
    let alone = dialect.sourceModule(
      canonical: "attention.reduce", features: ["attention": "se", "family": "module"])
    #expect(alone?.name == "down")
  }

  @Test func `blocks that are counted through all stages are found in both directions`() throws {
    let dialect = try DialectFile.parse(Array(Self.valid.utf8))
    let names = ["block0.1", "block1.1", "block2.1", "block3.1"]
    let canonical = names.map { dialect.canonicalModule(source: Array($0.utf8), assuming: [:])?.name }
    #expect(
      canonical == [
        "stages.0.blocks.0.conv1", "stages.0.blocks.1.conv1", "stages.1.blocks.0.conv1",
        "stages.1.blocks.1.conv1",
      ])
    #expect(canonical.map { dialect.sourceModule(canonical: $0 ?? "", features: [:])?.name } == names)
    #expect(dialect.canonicalModule(source: Array("block4.1".utf8), assuming: [:]) == nil)
  }

  @Test(
    arguments: [
      (#""schemaVersion": 1, "#, "", #""schemaVersion" must be 1"#),
      (#""schemaVersion": 1"#, #""schemaVersion": 2"#, #""schemaVersion" must be 1"#),
      (#""schemaVersion": 1"#, #""schemaVersion": "1""#, #""schemaVersion" must be 1"#),
      (#""name": "mine", "#, "", #"the text "name" is missing"#),
      (#""name": "mine""#, #""name": 3"#, #"the text "name" is missing"#),
      (#""title": "my names", "#, "", #"the text "title" is missing"#),
      (#""source": "here","#, "", #"the text "source" is missing"#),
      (#""accepts""#, #""acepts""#, #"unknown member "acepts" in the dialect"#),
      (#"{"family": ["resnet"]}"#, #"["resnet"]"#, #""accepts" is array, expected an object"#),
      (#"["resnet"]"#, #""resnet""#, #""accepts" gives "family" string, expected an array"#),
      (#"["resnet"]"#, "[7]", #"feature "family" cannot be 7, expected one of mobilenetv2, module, resnet"#),
      (
        #"{"family": ["#, #"{"famly": ["#,
        #"unknown feature "famly", expected one of attention, block, family, shortcut, stem"#
      ),
      ("[2, 2]", "2", #""flatBlocks" is integer, expected an array"#),
      ("[2, 2]", "[2, 0]", #""flatBlocks" must hold numbers from 1 to 1000"#),
      ("[2, 2]", "[2, 1001]", #""flatBlocks" must hold numbers from 1 to 1000"#),
      ("[2, 2]", #"["2"]"#, #""flatBlocks" must hold numbers from 1 to 1000"#),
      (#""set": {"#, #""sets": {"#, #"unknown member "sets" in "semantics""#),
      (#", "set": {"stridePosition": "conv1"}"#, "", #"an entry of "semantics" lacks "set""#),
      (#"{"stridePosition": "conv1"}"#, "1", #"an entry of "semantics" lacks "set""#),
      (
        #"{"stridePosition""#, #"{"strideOn""#,
        "found unknown member \"semantics.strideOn\", expected only bamChannelPool, bamCombination, bamDilation, "
          + "bamPadding, basicBlockActivatesBeforeAttention, cbamAddsInput, cifarHeadPool, deepStemShortcut, ecaEdge, "
          + "epsilon, headPool, maxPoolCeilMode, maxPoolPadding, padding, shortcut, stridePosition"
      ),
      (#"{"attention": "se"}"#, #""se""#, #""when" is string, expected an object"#),
      (
        #"{"attention": "se"}"#, #"{"attention": 1}"#,
        #"feature "attention" cannot be 1, expected one of bam, cbam, eca, nam, none, se"#
      ),
      (
        #"{"stem": "imagenet"}"#, #"{"stam": "imagenet"}"#,
        #"unknown feature "stam", expected one of attention, block, family, shortcut, stem"#
      ),
      (#""source": "first""#, #""sorce": "first""#, #"unknown member "sorce" in "modules""#),
      (#""canonical": "stem.conv", "#, "", #"the text "canonical" is missing"#),
      (
        #"{"canonical": "stem.conv", "source": "first", "when": {"stem": "imagenet"}}"#, "7",
        #""modules" is integer, expected an object"#
      ),
      (
        #""block{n}.{i}""#, #""block{n}""#,
        #""stages.{s}.blocks.{b}.conv{i}" and "block{n}" do not have the same variables"#
      ),
      (
        #""block{n}.{i}""#, #""b{s}.{i}""#,
        #""stages.{s}.blocks.{b}.conv{i}" and "b{s}.{i}" do not have the same variables"#
      ),
      (#""block{n}.{i}""#, #""block{n}{i}""#, #"template "block{n}{i}": two variables without text between"#),
      (
        #""gate{s}.{b}""#, #""gate{s}""#,
        #""stages.{s}.blocks.{b}.attention.reduce" and "gate{s}.down" do not have the same variables"#
      ),
      (#""kind": "se", "#, "", #"the text "kind" is missing"#),
      (#""standalone": true"#, #""alone": true"#, #"unknown member "alone" in "attention""#),
      (#""source": "gate{s}.{b}""#, #""sources": "gate{s}.{b}""#, #"unknown member "sources" in "at""#),
      (
        #""1x1-convolution""#, #""1x1""#,
        #"unknown "layout" "1x1", expected one of "1x1-convolution", "linear", "flipped-inputs", "depthwise""#
      ),
      (
        #""1x1-convolution""#, "1",
        #"unknown "layout" 1, expected one of "1x1-convolution", "linear", "flipped-inputs", "depthwise""#
      ),
      (
        #""1x1-convolution""#, #""transposed""#,
        #"unknown "layout" "transposed", expected one of "1x1-convolution", "linear", "flipped-inputs", "depthwise""#
      ),
      (
        #""source": "here","#, #""source": "here", "framework": "caffe","#,
        #"unknown "framework" "caffe", expected one of "pytorch", "keras""#
      ),
      (
        #""source": "here","#, #""source": "here", "creationOrder": "stem.conv","#,
        #""creationOrder" is string, expected an array"#
      ),
      (
        #""source": "here","#, #""source": "here", "creationOrder": [],"#,
        #""creationOrder" has 0 lines, expected 1 to 4096"#
      ),
      (
        #""source": "here","#, #""source": "here", "creationOrder": [7],"#,
        #""creationOrder" must hold texts, found 7"#
      ),
      (
        #""source": "here","#, #""source": "here", "creationOrder": ["stem.conv"], "names": "automatic","#,
        #""names" can be "automatic" only with "framework" "keras" and a "creationOrder""#
      ),
      (
        #""source": "here","#, #""source": "here", "framework": "keras", "names": "automatic","#,
        #""names" can be "automatic" only with "framework" "keras" and a "creationOrder""#
      ),
      (
        #""source": "here","#, #""source": "here", "names": "given","#,
        #"unknown "names" "given", expected "automatic""#
      ),
    ])
  func `a faulty dialect is refused`(_ part: String, _ replacement: String, _ message: String) throws {
    let range = try #require(Self.valid.firstRange(of: part))
    var text = Self.valid
    text.replaceSubrange(range, with: replacement)
    #expect(throws: ConversionError(.invalidDialect, message)) { try DialectFile.parse(Array(text.utf8)) }
  }

  @Test(
    arguments: [
      ("[]", nil, "the dialect is array, expected an object"),
      ("null", nil, "the dialect is null, expected an object"),
    ] as [(String, UInt64?, String)])
  func `what is no object is refused`(_ text: String, _ offset: UInt64?, _ message: String) {
    #expect(throws: ConversionError(.invalidDialect, message, offset: offset)) {
      try DialectFile.parse(Array(text.utf8))
    }
  }

  @Test func `what is no JSON is refused with the offset`() {
    let error = #expect(throws: ConversionError.self) { try DialectFile.parse(Array("{\"name\": }".utf8)) }
    #expect(error?.code == .invalidDialect)
    #expect(error?.message.hasPrefix("the dialect is not valid JSON: ") == true)
    #expect(error?.offset == 9)
  }

  @Test func `an endless list of lines is refused`() {
    let line = #"{"canonical": "head", "source": "fc"}"#
    let lines = Array(repeating: line, count: DialectFile.maximumRules + 1).joined(separator: ",")
    let text = #"{"schemaVersion": 1, "name": "a", "title": "a", "source": "a", "modules": [\#(lines)]}"#
    #expect(
      throws: ConversionError(
        .invalidDialect, "the attention modules and other lines give more than 4096 lines")
    ) {
      try DialectFile.parse(Array(text.utf8))
    }
  }
}

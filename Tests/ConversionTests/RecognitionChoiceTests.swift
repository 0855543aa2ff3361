import Architectures
import Bytes
import JSON
import SourceFormats
import Testing

@testable import Conversion
import TestSupport

/// What is decided, asked and refused where a source can be read in more than one way.
@Suite struct RecognitionChoiceTests {
  private func plan(
    _ source: SyntheticSource, library: DialectLibrary? = nil,
    _ change: (inout RecognitionOptions) -> Void = { _ in }
  ) throws -> ImportPlan {
    var options = ImportOptions()
    change(&options.recognition)
    return try Importer(library: library ?? DialectLibrary(), options: options).plan(source.index())
  }

  private func table(_ name: String) throws -> SyntheticSource { SyntheticSource(try ParameterTable(name)) }

  @Test func `a plain network is taken as torchvision's, and what no tensor shows is said`() throws {
    let plan = try plan(table("jc_imagenet_r50_none"))
    #expect(plan.dialect.name == "torchvision")
    #expect(
      plan.notes == [
        "no tensor tells torchvision from attention-module; took torchvision: headPool {\"kind\":\"adaptive\"} "
          + "rather than {\"kernel\":7,\"kind\":\"fixed\",\"stride\":7}"
      ])
  }

  @Test func `a dialect can be forced, and decides what no tensor shows`() throws {
    let plan = try plan(table("tv_resnet50")) { $0.dialect = "attention-module" }
    #expect(plan.dialect.name == "attention-module")
    #expect(plan.architecture.json["headPool"]?["kind"] == "fixed")
    #expect(plan.alternatives == [])
    #expect(plan.notes == [])
  }

  @Test func `what no tensor shows can be set`() throws {
    let plan = try plan(table("tv_resnet50")) { $0.semantics = [JSONValue.Member("stridePosition", "conv1")] }
    #expect(plan.architecture.json["stridePosition"] == "conv1")
  }

  @Test(
    arguments: [
      (
        "stride", "conv1",
        "found unknown member \"semantics.stride\", expected only bamChannelPool, bamCombination, bamDilation, "
          + "bamPadding, basicBlockActivatesBeforeAttention, cbamAddsInput, cifarHeadPool, deepStemShortcut, ecaEdge, "
          + "epsilon, headPool, maxPoolCeilMode, maxPoolPadding, padding, shortcut, stridePosition"
      ),
      (
        "stridePosition", "conv9",
        "member \"semantics.stridePosition\": found \"conv9\", expected \"conv1\" or \"conv2\""
      ),
    ] as [(String, JSONValue, String)])
  func `a setting that does not exist is refused`(_ name: String, _ value: JSONValue, _ message: String)
    throws
  {
    let error = #expect(throws: ConversionError.self) {
      try plan(table("tv_resnet18")) { $0.semantics = [JSONValue.Member(name, value)] }
    }
    #expect(error?.message == message)
  }

  @Test func `an architecture can be forced`() throws {
    let plan = try plan(table("tv_resnet18")) { $0.architecture = "resnet34" }
    #expect(plan.architecture.name == "resnet34")
    #expect(!plan.isComplete)
    #expect(Set(plan.faults.map(\.kind)) == [.missing])
  }

  @Test func `an unknown architecture and an unknown dialect are refused`() throws {
    let source = try table("tv_resnet18")
    let architecture = #expect(throws: ConversionError.self) {
      try plan(source) { $0.architecture = "resnet51" }
    }
    #expect(architecture?.message.hasPrefix("found architecture \"resnet51\", expected one of") == true)
    #expect(architecture?.identifier == "unknown-architecture")
    let dialect = #expect(throws: ConversionError.self) { try plan(source) { $0.dialect = "trochvision" } }
    #expect(dialect?.message == "unknown dialect \"trochvision\"")
    #expect(dialect?.hint?.hasPrefix("did you mean \"torchvision\"? known are ") == true)
  }

  @Test func `averaged weights beside the trained ones are reported, and can be chosen`() throws {
    let index = try Fixture("pytorch-objects/averaged.pth").open()
    let importer = Importer(library: try DialectLibrary(), options: ImportOptions())
    let plan = try importer.plan(index)
    #expect(plan.key == ["state_dict"])
    #expect(plan.notes == ["the file holds another complete state dict; take it with --key state_dict_ema"])
    var options = ImportOptions()
    options.recognition.key = ["state_dict_ema"]
    let averaged = try Importer(library: DialectLibrary(), options: options).plan(index)
    #expect(averaged.key == ["state_dict_ema"])
    #expect(averaged.isComplete)
    #expect(averaged.rows.allSatisfy { $0.sourceName.hasPrefix("state_dict_ema.") })
  }

  @Test func `a key that holds no tensors is refused with those that do`() throws {
    var source = try table("mod_se_c64")
    source.wrap(["run", "state_dict"])
    #expect(
      throws: ConversionError(
        .noStateDict, "no tensors at key \"ema\"",
        hint: "keys with tensors: run.state_dict, run, (top)")
    ) { try plan(source) { $0.key = ["ema"] } }
  }

  @Test func `a file without tensors is refused`() throws {
    #expect(
      throws: ConversionError(
        .noStateDict, "the file holds no tensors",
        hint: "save a state dict: torch.save(model.state_dict(), \"weights.pth\")")
    ) { try plan(SyntheticSource([:])) }
  }

  @Test func `two names that become one are refused`() throws {
    var source = try table("mod_cbam_c64")
    source.add("module.ChannelGate.mlp.1.weight", [4, 64])
    #expect(
      throws: ConversionError(
        .nameCollision,
        "\"ChannelGate.mlp.1.weight\" and \"module.ChannelGate.mlp.1.weight\" both become "
          + "\"ChannelGate.mlp.1.weight\" without wrappers",
        hint: "the file mixes two state dicts; save the one that is meant under one prefix")
    ) { try plan(source) }
  }

  @Test func `dialects that read one file differently are not chosen between`() throws {
    let directory = try TemporaryDirectory()
    let text = #"""
      {"schemaVersion": 1, "name": "mine", "title": "se with swapped names", "source": "here",
       "accepts": {"family": ["module"], "attention": ["cbam"]},
       "attention": [{"kind": "cbam", "standalone": true, "modules": [
         {"canonical": "channel.reduce", "source": "ca.se.0", "layout": "1x1-convolution"},
         {"canonical": "channel.expand", "source": "ca.se.2", "layout": "1x1-convolution"},
         {"canonical": "spatial.conv", "source": "sa.conv", "layout": "flipped-inputs"}]}]}
      """#
    let library = try DialectLibrary(files: [.init(directory.create("mine.json", Array(text.utf8)))])
    let source = try table("xmu_cbam_k7")
    #expect(
      throws: ConversionError(
        .ambiguous,
        "several dialects fit equally well and give different results: mine (cbam-module), "
          + "external-attention (cbam-module)", hint: "choose one with --dialect")
    ) { try plan(source, library: library) }
    let mine = try plan(source, library: library) { $0.dialect = "mine" }
    #expect(mine.rows.flatMap(\.layouts) == [.pointwiseConvolution, .pointwiseConvolution, .flippedInputs])
  }

  @Test(
    arguments: [
      (
        [
          "linear_max.0.weight": [4, 64], "linear_max.2.weight": [64, 4], "linear_avg.0.weight": [4, 64],
          "linear_avg.2.weight": [64, 4], "conv.weight": [1, 2, 7, 7],
        ],
        "a CBAM with separate perceptrons for the maximum and the mean (linear_max, linear_avg); "
          + "the shared perceptron of CBAM cannot represent it"
      ),
      (
        [
          "channel_attention.fc.weight": [64, 64, 1, 1], "channel_attention.fc.bias": [64],
          "spatial_attention.cv1.weight": [1, 2, 7, 7],
        ],
        "the \"CBAM\" of ultralytics, whose channel gate is one C-to-C convolution of the mean; "
          + "CBAM's perceptron cannot represent it"
      ),
      (
        ["fc1_avg.weight": [4, 64], "fc1_max.weight": [4, 64]],
        "a CBAM with separate perceptrons for the maximum and the mean; the shared perceptron of CBAM cannot "
          + "represent it"
      ),
    ] as [([String: [Int]], String)])
  func `what only looks like a known module is refused`(_ shapes: [String: [Int]], _ message: String) throws {
    var source = SyntheticSource([:])
    for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) { source.add(name, shape) }
    #expect(throws: ConversionError(.unrepresentable, "the file holds \(message)")) { try plan(source) }
    // Inside of a network too.
    var network = try table("tv_resnet18")
    for (name, shape) in shapes { network.add("layer1.0.cbam." + name, shape) }
    #expect(throws: ConversionError(.unrepresentable, "the file holds \(message)")) { try plan(network) }
  }

  @Test func `names that no dialect knows are quoted`() throws {
    let source = SyntheticSource(["encoder.q.weight": [8, 8], "encoder.k.weight": [8, 8]])
    #expect(
      throws: ConversionError(
        .unrecognized,
        "no dialect knows the 2 tensor names, which begin with \"encoder.q.weight\", \"encoder.k.weight\"",
        hint:
          "supported are ResNets and MobileNetV2 with SE, BAM, CBAM, ECA or NAM; 'attnconv map' drafts "
          + "a file for --dialect-file that describes other names")
    ) { try plan(source) }
  }
}

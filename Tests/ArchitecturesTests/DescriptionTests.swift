import Architectures
import JSON
import Testing

/// Descriptions come from files: each fault is refused with the member's name.
@Suite struct DescriptionTests {
  /// A valid description with one member replaced, or removed where the value is `nil`.
  private func changed(_ path: [String], _ value: JSONValue?, in architecture: Architecture) -> JSONValue {
    func change(_ json: JSONValue, _ path: ArraySlice<String>) -> JSONValue {
      guard let name = path.first, var members = json.objectValue else { return json }
      let index = members.firstIndex { $0.name == name }
      let rest = path.dropFirst()
      let replacement = rest.isEmpty ? value : index.map { change(members[$0].value, rest) }
      if let index {
        members.remove(at: index)
        if let replacement { members.insert(JSONValue.Member(name, replacement), at: index) }
      } else if let replacement {
        members.append(JSONValue.Member(name, replacement))
      }
      return .object(members)
    }
    return change(architecture.json, path[...])
  }

  @Test(
    arguments: [
      (["family"], nil, "found no member \"family\""),
      (
        ["family"], "vgg",
        "member \"family\": found \"vgg\", expected \"resnet\" or \"mobilenetv2\" or \"module\""
      ),
      (
        ["family"], 1,
        "member \"family\": found integer, expected \"resnet\" or \"mobilenetv2\" or \"module\""
      ),
      (["classes"], nil, "found no member \"classes\""),
      (["classes"], 0, "member \"classes\": found 0, expected 1 to 16777216"),
      (["classes"], .integer(.max), "member \"classes\": found 9223372036854775807, expected 1 to 16777216"),
      (["classes"], "1000", "member \"classes\": found string, expected an integer"),
      (["blocksPerStage"], [], "member \"blocksPerStage\": found 0 elements, expected 1 to 8"),
      (["blocksPerStage"], [3, 4, 2049, 3], "member \"blocksPerStage[2]\": found 2049, expected 1 to 2048"),
      (
        ["blocksPerStage"], [3, 4, true, 3],
        "member \"blocksPerStage[2]\": found boolean, expected an integer"
      ),
      (["blocksPerStage"], [3, 4, 6], "member \"widths\": found 4 elements, expected 3"),
      (["widths"], 64, "member \"widths\": found integer, expected an array of integers"),
      (["epsilon"], 0, "member \"epsilon\": found 0.0, expected above 0, at most 1"),
      (["epsilon"], .number(.nan), "member \"epsilon\": found nan, expected above 0, at most 1"),
      (["padding"], "valid", "member \"padding\": found \"valid\", expected \"symmetric\" or \"same\""),
      (["shortcutNorm"], .null, "member \"shortcutNorm\": found null, expected a boolean"),
      (["convolutionBias"], 0, "member \"convolutionBias\": found integer, expected a boolean"),
      (["stem"], .null, "member \"stem\": found null, expected object"),
      (["stem", "kind"], "round", "member \"stem.kind\": found \"round\", expected \"single\" or \"deep\""),
      (["stem", "maxPool", "padding"], 2, "member \"stem.maxPool.padding\": found 2, expected 0 to 1"),
      (["headPool", "kernel"], 7, "found unknown member \"headPool.kernel\", expected only kind"),
      (
        ["attention", "kind"], "simam",
        "member \"attention.kind\": found \"simam\", expected \"se\" or \"cbam\" or \"bam\" or \"eca\" or \"nam\""
      ),
      (
        ["attention", "spatial", "size"], 7,
        "found unknown member \"attention.spatial.size\", expected only bias, kernel, norm"
      ),
      (
        ["attention", "kernels"], [3],
        "found unknown member \"attention.kernels\", expected only addsInput, channelBias, hidden, kind, spatial"
      ),
      (["attention", "hidden"], [16, 32, 64], "member \"attention.hidden\": found 3 elements, expected 4"),
    ] as [([String], JSONValue?, String)])
  func `refuses a wrong member`(_ path: [String], _ value: JSONValue?, _ message: String) {
    let json = changed(path, value, in: resnet(50, attention: officialCBAM))
    #expect(throws: ArchitectureError(.malformedDescription, message)) { try Architecture(json: json) }
  }

  @Test(
    arguments: [
      (["attention", "spatial", "kernel"], 8, "attention.spatial.kernel: found 8, expected an odd number"),
      (["expansion"], 8, nil),
      (
        ["widths"], [64, 128, 256, 1_048_576], "widths times expansion: found 4194304, expected 1 to 1048576"
      ),
    ] as [([String], JSONValue, String?)])
  func `refuses members that contradict each other`(_ path: [String], _ value: JSONValue, _ message: String?)
    throws
  {
    let json = changed(path, value, in: resnet(50, attention: officialCBAM))
    if let message {
      #expect(throws: ArchitectureError(.invalidArchitecture, message)) { try Architecture(json: json) }
    } else {
      #expect(throws: Never.self) { try Architecture(json: json) }
    }
  }

  @Test func `leaves members with their defaults out`() throws {
    let keras = Architecture.resnet(
      ResNet(
        block: .basic, blocksPerStage: [1], stem: .cifar(width: 4), classes: 2, convolutionBias: true,
        padding: .same, shortcutNorm: false))
    #expect(keras.json["padding"] == "same")
    #expect(keras.json["shortcutNorm"] == false)
    #expect(try Architecture(json: keras.json) == keras)
    let mobile = Architecture.mobilenetV2(MobileNetV2(padding: .same))
    #expect(mobile.json["padding"] == "same")
    #expect(try Architecture(json: mobile.json) == mobile)
    for network in [resnet(18), .mobilenetV2(MobileNetV2())] {
      #expect(network.json["padding"] == nil)
      #expect(network.json["shortcutNorm"] == nil)
      #expect(try Architecture(json: changed(["padding"], "symmetric", in: network)) == network)
    }
  }

  @Test func `refuses what networks that activate first do not have`() {
    let message =
      "preActivation: found activatesBeforeAttention or a pooled shortcut beside it, expected neither"
    for json in [
      changed(
        ["preActivation"], true,
        in: .resnet(ResNet(block: .basic, blocksPerStage: [1], shortcut: .averagePool))),
      changed(
        ["preActivation"], true,
        in: .resnet(ResNet(block: .basic, blocksPerStage: [1], activatesBeforeAttention: true))),
    ] {
      #expect(throws: ArchitectureError(.invalidArchitecture, message)) { try Architecture(json: json) }
    }
  }

  @Test func `tells in which members two networks differ`() {
    let plain = ResNet(block: .basic, blocksPerStage: [1, 1, 1, 1])
    var other = plain
    other.epsilon = 1e-3
    other.padding = .same
    let differences = Architecture.resnet(plain).differences(from: .resnet(other))
    #expect(differences.map(\.name) == ["epsilon", "padding"])
    #expect(differences.map(\.own) == [.number(1e-5), "symmetric"])
    #expect(differences.map(\.other) == [.number(1e-3), "same"])
    let module = Architecture.module(AttentionModule(.nam, channels: 4)).differences(from: .resnet(plain))
    #expect(module.map(\.name) == ["family", "attention", "channels"])
    #expect(module.last?.other == nil)
  }

  @Test func `refuses a stride position that basic blocks do not have`() {
    let json = changed(["stridePosition"], "conv2", in: resnet(18))
    #expect(
      throws: ArchitectureError(
        .invalidArchitecture, "stridePosition: found conv2 in basic blocks, expected conv1")
    ) { try Architecture(json: json) }
  }

  @Test func `refuses a member that is there twice, and values that are no objects`() {
    #expect(throws: ArchitectureError(.malformedDescription, "found member \"family\" twice")) {
      try Architecture(json: .object([.init("family", "resnet"), .init("family", "resnet")]))
    }
    #expect(throws: ArchitectureError(.malformedDescription, "architecture: found array, expected object")) {
      try Architecture(json: [])
    }
  }

  @Test func `refuses attention that a family does not have`() {
    let network = MobileNetV2(attention: .nam)
    #expect(
      throws: ArchitectureError(
        .invalidArchitecture, "attention: found nam in a MobileNetV2, expected eca or none")
    ) { try Architecture(json: Architecture.mobilenetV2(network).json) }
    #expect(
      throws: ArchitectureError(.invalidArchitecture, "channels: found null, expected a number for nam")
    ) { try module(.nam, channels: nil).graph() }
    #expect(
      throws: ArchitectureError(.malformedDescription, "member \"attention\": found null, expected object")
    ) {
      try Architecture(json: ["family": "module", "attention": .null, "channels": 64, "epsilon": 1])
    }
  }

  @Test func `refuses a description whose weights would not fit any memory`() {
    let huge = ResNet(
      block: .basic, blocksPerStage: .init(repeating: 256, count: 8),
      widths: .init(repeating: 1 << 20, count: 8))
    #expect(
      throws: ArchitectureError(
        .tooLarge, "found more than 1099511627776 parameter elements at stages.0.blocks.0.conv2.weight",
        hint: "no published network is that large; the description is wrong")
    ) { try huge.graph() }
  }

  @Test func `refuses attention sizes that do not fit the stages`() {
    let network = ResNet(
      block: .basic, blocksPerStage: [2, 2, 2, 2], attention: .bam(Attention.BAM(hidden: [4, 8, 16, 32])))
    #expect(
      throws: ArchitectureError(.invalidArchitecture, "attention: found sizes for 4 places, expected 3")
    ) { try network.graph() }
  }

  @Test func `semantics survive their description and are strict`() throws {
    var semantics = Semantics()
    #expect(try Semantics(json: [:]) == semantics)
    semantics.stridePosition = .conv1
    semantics.headPool = .fixed(kernel: 7, stride: 1)
    semantics.epsilon = 1e-3
    semantics.bamCombination = .sum
    semantics.basicBlockActivatesBeforeAttention = true
    #expect(try Semantics(json: semantics.json) == semantics)
    #expect(
      throws: ArchitectureError(
        .malformedDescription,
        "member \"semantics.headPool.kind\": found \"max\", expected \"adaptive\" or \"fixed\"")
    ) { try Semantics(json: ["headPool": ["kind": "max"]]) }
    #expect(throws: ArchitectureError.self) { try Semantics(json: ["stride": "conv1"]) }
  }
}

import Bytes
import Checkpoint
import SourceFormats
import SystemPackage
import TestSupport
import Testing

@testable import Conversion

/// Drafts for names that no dialect knows lead to the tensors that the known names lead to.
@Suite struct DrafterTests {
  /// A systematic renaming of a network whose own names are known.
  struct Naming: CustomTestStringConvertible, Sendable {
    var name: String
    var table: String
    var architecture: String
    /// A name for each name, or `nil` to keep the order and count.
    var rename: @Sendable ([String]) -> [String]
    /// Whether names are sorted, as in files of safetensors.
    var isSorted = false
    /// Whether the file is one of Keras: weights are arranged its way, and the leaves are called its way.
    var isKeras = false
    /// The most lines that the draft may have.
    var lines: Int

    var testDescription: String { "\(name): \(table)" }
  }

  private static func replacing(_ pairs: KeyValuePairs<String, String>) -> @Sendable ([String]) -> [String] {
    let pairs = pairs.map { ($0.key, $0.value) }
    return { names in
      names.map { name in pairs.reduce(name) { $0.replacing($1.0, with: $1.1) } }
    }
  }

  /// Counts modules in the order of the file.
  private static func counted(_ module: @escaping @Sendable (String, Int, [String]) -> String)
    -> @Sendable ([String]) -> [String]
  {
    { names in
      var known: [String: String] = [:]
      var leaves: [String: [String]] = [:]
      for name in names {
        let dot = name.lastIndex(of: ".") ?? name.startIndex
        leaves[String(name[..<dot]), default: []].append(String(name[name.index(after: dot)...]))
      }
      return names.map { name in
        let dot = name.lastIndex(of: ".") ?? name.startIndex
        let path = String(name[..<dot])
        let new = known[path] ?? module(path, known.count, leaves[path] ?? [])
        known[path] = new
        return new + name[dot...]
      }
    }
  }

  private static let namings: [Naming] = [
    Naming(
      name: "other words and leaves", table: "jc_imagenet_r18_cbam", architecture: "resnet18-cbam",
      rename: { names in
        names.map { name in
          var name = name
          for (old, new) in [
            ("layer1.", "body.stage_0."), ("layer2.", "body.stage_1."), ("layer3.", "body.stage_2."),
            ("layer4.", "body.stage_3."), (".0.", ".unit_0."), (".1.", ".unit_1."), (".conv1.", ".c1."),
            (".conv2.", ".c2."), (".bn1.", ".n1."), (".bn2.", ".n2."), ("downsample.unit_0", "skip.c"),
            ("downsample.unit_1", "skip.n"), ("running_mean", "mean"), ("running_var", "var"),
            (".weight", ".w"),
            (".bias", ".b"),
          ] { name = name.replacing(old, with: new) }
          return name
        }
      }, lines: 14),
    Naming(
      name: "mmpretrain", table: "timm_resnet50_se", architecture: "resnet50-se",
      rename: replacing([
        "se.fc1": "se_layer.conv1.conv", "se.fc2": "se_layer.conv2.conv", "layer": "backbone.layer",
        "se_backbone.layer": "se_layer",
        "fc.": "head.fc.",
      ]), lines: 10),
    Naming(
      name: "underscores", table: "jc_imagenet_r50_bam", architecture: "resnet50-bam",
      rename: { names in names.map { $0.replacing(".", with: "_") } }, lines: 20),
    Naming(
      name: "counted through", table: "timm_resnet50_se", architecture: "resnet50-se",
      rename: counted { _, number, _ in "layers.\(number)" }, lines: 139),
    Naming(
      name: "counted by kind", table: "jc_imagenet_r18_cbam", architecture: "resnet18-cbam",
      rename: { names in
        var counts: [String: Int] = [:]
        var known: [String: String] = [:]
        let norms = Set(
          names.filter { $0.hasSuffix("running_mean") }.map { $0.dropLast("running_mean".count) })
        return names.map { name in
          let dot = name.lastIndex(of: ".") ?? name.startIndex
          let path = String(name[..<dot])
          let kind =
            norms.contains(path + ".") ? "norm" : path.contains("mlp") || path == "fc" ? "dense" : "conv"
          if known[path] == nil {
            known[path] = "\(kind)_\(counts[kind, default: 0])"
            counts[kind, default: 0] += 1
          }
          return (known[path] ?? "") + name[dot...]
        }
      }, lines: 73),
    Naming(
      name: "sorted names", table: "luuuyi_r50_cbam", architecture: "resnet50-cbam",
      rename: replacing([
        "layer": "net.group", ".ca.fc.0": ".squeeze", ".ca.fc.2": ".excite", ".sa.conv1": ".spatial",
      ]),
      isSorted: true, lines: 12),
    Naming(
      name: "blocks counted through", table: "ecanet_r50_k3557", architecture: "resnet50-eca",
      rename: { names in
        let counts = [0, 3, 7, 13]
        return names.map { name in
          let parts = name.split(separator: ".").map(String.init)
          guard parts[0].hasPrefix("layer"), let stage = Int(parts[0].dropFirst(5)), let block = Int(parts[1])
          else { return name }
          return (["block\(counts[stage - 1] + block)"] + parts.dropFirst(2)).joined(separator: ".")
        }
      }, lines: 9),
    Naming(
      name: "inside a wrapper", table: "nam_imagenet_r18_nam", architecture: "resnet18-nam",
      rename: { names in names.map { "module.encoder.x_" + $0 } }, lines: 10),
    Naming(
      name: "depthwise blocks", table: "tv_mobilenet_v2", architecture: "mobilenetv2",
      rename: replacing(["features": "trunk", "conv": "ops", "classifier.1": "logits"]), lines: 16),
    Naming(
      name: "layers of Keras", table: "timm_resnet50_se", architecture: "resnet50-se",
      rename: { names in
        names.map { name in
          let parts = name.split(separator: ".").map(String.init)
          let path = parts.dropLast().joined(separator: "_").replacing("layer", with: "stage").replacing(
            "se_fc", with: "excite")
          return path + "/" + (parts.last ?? "")
        }
      }, isKeras: true, lines: 10),
    Naming(
      name: "layers that Keras named", table: "jc_imagenet_r18_none", architecture: "resnet18",
      rename: { names in
        var counts: [String: Int] = [:]
        var known: [String: String] = [:]
        return names.map { name in
          let parts = name.split(separator: ".").map(String.init)
          let path = parts.dropLast().joined(separator: ".")
          let isNorm = path.contains("bn") || path.hasSuffix("downsample.1")
          let kind = path == "fc" ? "dense" : isNorm ? "batch_normalization" : "conv2d"
          if known[path] == nil {
            let count = counts[kind, default: 0]
            known[path] = count == 0 ? kind : "\(kind)_\(count)"
            counts[kind] = count + 1
          }
          return (known[path] ?? "") + "/" + (parts.last ?? "")
        }
      }, isKeras: true, lines: 41),
    Naming(
      name: "a Keras model inside a model", table: "jc_imagenet_r50_bam", architecture: "resnet50-bam",
      rename: { names in
        names.map { "wrapper/" + $0.replacing(".", with: "/").replacing("layer", with: "group") }
      },
      isKeras: true, lines: 20),
    Naming(
      name: "a module alone", table: "mod_bam_c64", architecture: "bam-module",
      rename: replacing([
        "channel_att.gate_c.": "ch.", "spatial_att.gate_s.": "sp.", "gate_c_": "", "gate_s_": "",
      ]),
      lines: 8),
  ]

  /// The names of a table, renamed, as a source.
  private func source(_ naming: Naming) throws -> (original: SyntheticSource, renamed: SyntheticSource) {
    let table = try ParameterTable(naming.table)
    var original = SyntheticSource(table)
    for index in original.tensors.indices { original.tensors[index].storage = index }
    var renamed = original
    let names = naming.rename(table.rows.map(\.name))
    try #require(Set(names).count == names.count)
    for (index, name) in names.enumerated() { renamed.tensors[index].path = [name] }
    if naming.isKeras { try arrangeAsKeras(&renamed) }
    if naming.isSorted { renamed.tensors.sort { $0.path[0] < $1.path[0] } }
    return (original, renamed)
  }

  /// Gives tensors the shapes and names that Keras gives them, and leaves out what it does not have.
  private func arrangeAsKeras(_ source: inout SyntheticSource) throws {
    let norms = Set(
      source.tensors.compactMap { tensor in
        tensor.path[0].hasSuffix("/running_mean") ? tensor.path[0].dropLast("running_mean".count) : nil
      })
    source.container = .kerasHDF5
    source.remove { $0.hasSuffix("num_batches_tracked") }
    for index in source.tensors.indices {
      let shape = source.tensors[index].shape
      let layout: Layout? = shape.count == 4 ? .channelsLast : shape.count == 2 ? .transposed : nil
      let new = layout?.sourceShape(canonical: shape) ?? shape
      source.tensors[index].shape = new
      source.tensors[index].strides = SourceTensor.contiguousStrides(new)
      let name = source.tensors[index].path[0]
      let slash = try #require(name.lastIndex(of: "/"))
      let isNorm = norms.contains(name[...slash])
      let leaf =
        switch name[name.index(after: slash)...] {
        case "weight": isNorm ? "gamma" : "kernel"
        case "bias": isNorm ? "beta" : "bias"
        case "running_mean": "moving_mean"
        default: "moving_variance"
        }
      source.tensors[index].path = [String(name[..<slash]), name[...slash] + leaf + ":0"]
    }
  }

  private func plan(_ index: SourceIndex, _ dialect: String? = nil) throws -> ImportPlan {
    let directory = try TemporaryDirectory()
    let files = try dialect.map { [try InputFile(directory.create("draft.json", Array($0.utf8)))] } ?? []
    var options = ImportOptions()
    options.recognition.dialect = dialect == nil ? nil : "draft"
    return try Importer(library: DialectLibrary(files: files), options: options).plan(index)
  }

  @Test(arguments: namings)
  func `a draft maps every tensor as the known names do`(_ naming: Naming) throws {
    let (original, renamed) = try source(naming)
    let draft = try Drafter(library: DialectLibrary(), options: .init(architecture: naming.architecture))
      .draft(renamed.index())
    #expect(draft.missing + draft.unexpected == [], "\(draft.text)")
    #expect(draft.lines.filter { $0.uncertainty != nil } == [])
    #expect(draft.lines.count <= naming.lines)
    #expect(draft.isComplete)
    let expected = try plan(original.index())
    let found = try plan(renamed.index(), draft.text)
    #expect(found.faults == [])
    // Every tensor has a storage of its own, which tells it in both sources.
    let pairs = { (plan: ImportPlan) in
      plan.rows.filter { !naming.isKeras || !$0.canonicalName.hasSuffix("num_batches_tracked") }.map { row in
        "\(row.canonicalName) \(row.output.view.storage) \(row.output.view.shape)"
      }.sorted()
    }
    #expect(pairs(found).difference(from: pairs(expected)).isEmpty)
  }

  @Test func `a layer that two tensors fit alike is never chosen silently`() throws {
    var source = SyntheticSource(try ParameterTable("jc_imagenet_r18_none"))
    source.rename { $0.replacing(".bn1.", with: ".pear.").replacing(".bn2.", with: ".fig.") }
    let draft = try Drafter(library: DialectLibrary(), options: .init(architecture: "resnet18"))
      .draft(source.index())
    #expect(
      draft.lines.filter { $0.uncertainty != nil }.map { [$0.canonical, $0.source, $0.uncertainty] } == [
        [
          "stages.{s}.blocks.{b}.norm1", "layer{s+1}.{b}.pear", "same shape: may be layer1.0.fig instead",
        ],
        [
          "stages.{s}.blocks.{b}.norm2", "layer{s+1}.{b}.fig", "same shape: may be layer1.0.pear instead",
        ],
      ])
    #expect(draft.missing + draft.unexpected == [])
    #expect(!draft.isComplete)
    #expect(draft.text.contains(#""uncertain": "same shape: may be layer1.0.fig instead""#))
  }

  @Test func `names without any order are uncertain wherever shapes are alike`() throws {
    var source = SyntheticSource(try ParameterTable("mod_bam_c64"))
    var names: [String: String] = [:]
    source.rename { name in
      let dot = name.lastIndex(of: ".") ?? name.startIndex
      let path = String(name[..<dot])
      let new = names[path] ?? String(UnicodeScalar(UInt8(ascii: "z") - UInt8(names.count * 7 % 26)))
      names[path] = new
      return new + name[dot...]
    }
    let draft = try Drafter(library: DialectLibrary(), options: .init(architecture: "bam-module"))
      .draft(source.index())
    // Two dilated convolutions and four norms of the hidden width; all others have a shape of their own.
    #expect(
      draft.lines.filter { $0.uncertainty != nil }.map(\.canonical) == [
        "attention.channel.norm", "attention.spatial.reduce_norm", "attention.spatial.dilated.0",
        "attention.spatial.dilated_norm.0", "attention.spatial.dilated.1", "attention.spatial.dilated_norm.1",
      ])
  }

  @Test func `a draft with doubts is planned, and refused until a person has decided`() async throws {
    var source = SyntheticSource(try ParameterTable("jc_imagenet_r18_none"))
    source.rename { $0.replacing(".bn1.", with: ".pear.").replacing(".bn2.", with: ".fig.") }
    let draft = try Drafter(library: DialectLibrary(), options: .init(architecture: "resnet18"))
      .draft(source.index())
    let plan = try plan(source.index(), draft.text)
    #expect(plan.isComplete)
    #expect(plan.uncertainModules.count == 16)
    #expect(
      plan.warnings.first
        == "it is not certain that layer1.0.pear is stages.0.blocks.0.norm1: same shape: may be layer1.0.fig instead"
    )
    let directory = try TemporaryDirectory()
    let importer = Importer(library: try DialectLibrary(), options: ImportOptions())
    await #expect(
      throws: ConversionError(
        .uncertainDialect,
        "dialect draft is a draft that is not certain about stages.0.blocks.0.norm1 and 15 more",
        hint: "compare the lines marked \"uncertain\" with the code, correct them, and delete the marks")
    ) { try await importer.write(plan, to: directory.file("out.safetensors"), overwrite: false) }
    #expect(try directory.names() == [])
  }

  @Test func `what has no partner is listed on both sides`() throws {
    var source = SyntheticSource(try ParameterTable("jc_imagenet_r18_cbam"))
    source.rename { $0.replacing("layer", with: "stage_") }
    source.remove("fc.")
    source.add("extra.weight", [7, 7])
    source.add("{odd}.weight", [3])
    let draft = try Drafter(library: DialectLibrary(), options: .init(architecture: "resnet18-cbam"))
      .draft(source.index())
    #expect(draft.missing.map(\.name) == ["head.weight", "head.bias"])
    #expect(Set(draft.unexpected.map(\.name)) == ["extra.weight", "{odd}.weight"])
    #expect(!draft.isComplete)
    #expect(try DialectFile.parse(Array(draft.text.utf8)).rules.count == draft.lines.count)
  }

  @Test func `sizes are those of the file`() throws {
    let source = SyntheticSource(try ParameterTable("moskomule_cifar_r20_se"))
    var renamed = source
    renamed.rename { "net_" + $0 }
    let draft = try Drafter(library: DialectLibrary(), options: .init(architecture: "resnet20-se-cifar"))
      .draft(renamed.index())
    let known = try plan(source.index())
    #expect(draft.isComplete)
    #expect(draft.architecture == known.architecture)
  }

  @Test func `a file that a dialect knows is said to be known`() throws {
    let source = SyntheticSource(try ParameterTable("timm_resnet18_se"))
    let draft = try Drafter(library: DialectLibrary(), options: .init(architecture: "resnet18-se"))
      .draft(source.index())
    #expect(draft.known == "timm")
    #expect(draft.isComplete)
  }

  @Test func `a network that is not in the catalog is refused with the nearest`() throws {
    let source = SyntheticSource(try ParameterTable("timm_resnet18_se"))
    #expect {
      try Drafter(library: DialectLibrary(), options: .init(architecture: "resnet18-sse")).draft(
        source.index())
    } throws: { error in
      (error as? ConversionError)?.identifier == "unknown-architecture"
        && (error as? ConversionError)?.hint == "did you mean \"resnet18-se\"?"
    }
  }
}

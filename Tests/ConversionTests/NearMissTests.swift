import Architectures
import Checkpoint
import JSON
import SourceFormats
import Testing

@testable import Conversion
import TestSupport

/// A state dict that almost fits says what is wrong with it, all at once.
@Suite struct NearMissTests {
  private func plan(
    _ source: SyntheticSource, _ options: RecognitionOptions = RecognitionOptions()
  ) throws -> ImportPlan {
    var importOptions = ImportOptions()
    importOptions.recognition = options
    return try Importer(library: DialectLibrary(), options: importOptions).plan(source.index())
  }

  private func network(_ change: (inout SyntheticSource) -> Void) throws -> SyntheticSource {
    var source = SyntheticSource(try ParameterTable("jc_imagenet_r18_cbam"))
    change(&source)
    return source
  }

  @Test func `a tensor that is missing is named with its shape`() throws {
    let plan = try plan(network { $0.remove("layer2.0.conv1.weight") })
    #expect(
      plan.faults == [
        Fault(
          kind: .missing, name: "layer2.0.conv1.weight", canonicalName: "stages.1.blocks.0.conv1.weight",
          detail: "expected shape [128, 64, 3, 3]")
      ])
    #expect(!plan.isComplete)
    #expect(plan.dialect.name == "attention-module")
    #expect(plan.architecture.name == "resnet18-cbam")
    #expect(plan.rows.count == 201)
    #expect(plan.score == 201.0 / 202)
  }

  @Test func `a tensor that was renamed is suggested in both directions`() throws {
    let plan = try plan(
      network { $0.rename { $0 == "layer1.0.conv1.weight" ? "layer1.0.konv1.weight" : $0 } })
    #expect(
      plan.faults == [
        Fault(
          kind: .missing, name: "layer1.0.conv1.weight", canonicalName: "stages.0.blocks.0.conv1.weight",
          detail: "expected shape [64, 64, 3, 3]", suggestion: "layer1.0.konv1.weight"),
        Fault(
          kind: .unexpected, name: "layer1.0.konv1.weight", detail: "shape [64, 64, 3, 3]",
          suggestion: "layer1.0.conv1.weight"),
      ])
  }

  @Test func `a tensor of another shape is named with both shapes`() throws {
    let plan = try plan(network { $0.change("layer4.1.bn2.bias") { $0.shape = [511] } })
    #expect(
      plan.faults == [
        Fault(
          kind: .misshaped, name: "layer4.1.bn2.bias", canonicalName: "stages.3.blocks.1.norm2.bias",
          detail: "found shape [511], expected [512]")
      ])
  }

  @Test func `integers are no weights`() throws {
    let plan = try plan(network { $0.change("fc.bias") { $0.elementType = .int64 } })
    #expect(
      plan.faults == [
        Fault(
          kind: .mistyped, name: "fc.bias", canonicalName: "head.bias",
          detail: "found element type I64, expected a floating-point type")
      ])
  }

  @Test func `faults of every kind are told together`() throws {
    let plan = try plan(
      network {
        $0.remove("bn1.bias")
        $0.add("optimizer_step", [1])
        $0.change("layer4.1.bn2.bias") { $0.shape = [2, 256] }
        $0.change("fc.weight") { $0.elementType = .uint8 }
      })
    #expect(Set(plan.faults.map(\.kind)) == Set(Fault.Kind.allCases))
    #expect(Set(plan.faults.map(\.name)) == ["bn1.bias", "optimizer_step", "layer4.1.bn2.bias", "fc.weight"])
  }

  @Test func `a missing tensor that cannot be read says why`() throws {
    var source = try network { $0.remove("fc.weight") }
    source.extras = [SourceExtra(path: ["fc.weight"], value: .unreadableTensor(reason: "sparse (COO)"))]
    #expect(
      try plan(source).faults == [
        Fault(kind: .missing, name: "fc.weight", canonicalName: "head.weight", detail: "sparse (COO)")
      ])
  }

  @Test(arguments: ["head.*", "fc.*", "*.weight", "head.weight", "fc.????ht"])
  func `names that match a pattern may be missing`(_ pattern: String) throws {
    var options = RecognitionOptions()
    options.allowMissing = [pattern]
    options.classes = 1000
    let plan = try plan(network { $0.remove("fc.weight") }, options)
    #expect(plan.faults == [])
    #expect(plan.allowed.map(\.name) == ["fc.weight"])
    #expect(plan.rows.count == 201)
  }

  @Test(arguments: ["head", "fc", "fc.weigh", "*.bias", "?"])
  func `other patterns do not let a name be missing`(_ pattern: String) throws {
    var options = RecognitionOptions()
    options.allowMissing = [pattern]
    let plan = try plan(network { $0.remove("fc.weight") }, options)
    #expect(plan.faults.map(\.name) == ["fc.weight"])
    #expect(plan.allowed == [])
  }

  @Test func `a network without its head has as many classes as are asked for`() throws {
    var options = RecognitionOptions()
    options.allowMissing = ["head.*"]
    options.classes = 10
    let plan = try plan(network { $0.remove("fc.") }, options)
    #expect(plan.faults == [])
    #expect(plan.architecture.json["classes"] == 10)
    #expect(plan.allowed.map(\.detail) == ["expected shape [10, 512]", "expected shape [10]"])
  }

  @Test func `names that match a pattern may be left out`() throws {
    var options = RecognitionOptions()
    options.allowUnexpected = ["criterion.*"]
    let source = try network {
      $0.add("criterion.weight", [3])
      $0.add("criteria", [3])
    }
    let plan = try plan(source, options)
    #expect(plan.faults == [Fault(kind: .unexpected, name: "criteria", detail: "shape [3]")])
    #expect(plan.allowed == [Fault(kind: .unexpected, name: "criterion.weight", detail: "shape [3]")])
  }

  @Test func `batch counts may be missing, and may be vectors of one`() throws {
    let source = try network {
      $0.remove("bn1.num_batches_tracked")
      $0.change("layer1.0.bn1.num_batches_tracked") { $0.shape = [1] }
    }
    let plan = try plan(source)
    #expect(plan.faults == [])
    #expect(plan.rows.count == 201)
    let count = plan.rows.first { $0.sourceName == "layer1.0.bn1.num_batches_tracked" }
    #expect(count?.output.view.shape == [])
  }

  @Test func `an incomplete plan is not carried out`() async throws {
    let directory = try TemporaryDirectory()
    let plan = try plan(network { $0.remove("fc.weight") })
    let importer = Importer(library: try DialectLibrary(), options: ImportOptions())
    await #expect(throws: ConversionError(.incomplete, "1 names do not fit")) {
      try await importer.write(plan, to: directory.file("out.safetensors"), overwrite: false)
    }
    #expect(try directory.names() == [])
  }
}

import Architectures
import SourceFormats
import Testing

@testable import Conversion

/// Every full-size network that the dialects are for, from its names and shapes alone.
@Suite struct NetworkRecognitionTests {
  private func plan(_ source: SyntheticSource) throws -> ImportPlan {
    try Importer(library: DialectLibrary(), options: ImportOptions()).plan(source.index())
  }

  @Test(arguments: NetworkTable.all)
  func `a network is recognised and mapped one to one`(_ expected: NetworkTable) throws {
    let table = try ParameterTable(expected.table)
    let plan = try plan(SyntheticSource(table))
    #expect(plan.faults == [])
    #expect(plan.architecture.name == expected.architecture)
    #expect(plan.dialect.name == expected.dialect)
    #expect(plan.alternatives == expected.alternatives)
    #expect(plan.score == 1)
    #expect(plan.warnings == [])
    #expect(plan.key == [])
    #expect(plan.strippedPrefix == "")

    #expect(table.rows.count == expected.entries)
    #expect(plan.rows.count == expected.entries)
    #expect(Set(plan.rows.map(\.canonicalName)).count == expected.entries)
    #expect(try plan.architecture.graph().parameterCount == expected.parameters)
    #expect(table.parameterCount == expected.parameters)

    // Forwards, the names and shapes are those of the table and no others.
    let mapping = try DialectMapping(plan.dialect, plan.architecture)
    // Keras has no counter of batches.
    let own = mapping.rows.filter { !table.isKeras || !$0.parameter.isOptional }
    let rows = own.map { Entry(name: $0.sourceName, shape: $0.sourceShape) }
    #expect(rows.count == expected.entries)
    #expect(Set(rows) == Set(table.rows.map { Entry(name: $0.name, shape: $0.shape) }))
    // Every canonical tensor has the shape that the graph wants.
    let shapes = Dictionary(
      uniqueKeysWithValues: mapping.rows.map { ($0.parameter.name, $0.parameter.shape) })
    #expect(plan.rows.allSatisfy { shapes[$0.canonicalName] == $0.output.view.shape })
  }

  @Test func `a depthwise kernel has a name of its own in Keras 2`() throws {
    let source = SyntheticSource(try ParameterTable("keras/mobilenet_v2"))
    var older = source
    older.rename { $0.replacing("_depthwise/kernel", with: "_depthwise/depthwise_kernel") }
    #expect(older.tensors != source.tensors)
    let (new, old) = (try plan(source), try plan(older))
    #expect(old.faults == [])
    #expect(old.architecture == new.architecture)
    #expect(old.rows.map(\.canonicalName) == new.rows.map(\.canonicalName))
    #expect(old.rows.map(\.output.view.strides) == new.rows.map(\.output.view.strides))
    #expect(old.rows.map(\.layouts) == new.rows.map(\.layouts))
    #expect(old.rows.count { $0.sourceName.hasSuffix("_depthwise/depthwise_kernel") } == 17)
  }

  /// A name with its shape.
  private struct Entry: Hashable {
    var name: String
    var shape: [Int]
  }

  /// One network of every dialect and kind; the full list above takes its time.
  private static let wrapped = [
    "ecanet_mobilenetv2_k13", "jc_imagenet_r18_bam", "luuuyi_r18_cbam", "mod_se_c64",
    "moskomule_cifar_r20_se",
    "nam_imagenet_r18_nam", "timm_legacy_seresnet18", "timm_resnet18_cbam", "tv_resnet18", "xmu_cbam_k7",
  ]

  @Test(arguments: wrapped, Wrapping.allCases)
  func `what training code wraps around a network is taken away`(_ name: String, _ wrapping: Wrapping) throws
  {
    let expected = try #require(NetworkTable.all.first { $0.table == name })
    var source = SyntheticSource(try ParameterTable(name))
    wrapping.apply(to: &source)
    let plan = try plan(source)
    #expect(plan.faults == [])
    #expect(plan.architecture.name == expected.architecture)
    #expect(plan.dialect.name == expected.dialect)
    #expect(plan.key == wrapping.key)
    #expect(plan.strippedPrefix == wrapping.prefix)
    #expect(plan.rows.count == expected.entries)
  }
}

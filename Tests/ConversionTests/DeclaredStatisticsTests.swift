import Checkpoint
import JSON
import SourceFormats
import SystemPackage
import TestSupport
import Testing

@testable import Conversion

/// Statistics that a file lacks are missing, unless the user states them.
@Suite struct DeclaredStatisticsTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func importer(_ statistics: [String] = []) throws -> Importer {
    var options = ImportOptions()
    options.statistics = try statistics.map { try #require(DeclaredStatistics($0)) }
    return try Importer(library: DialectLibrary(), options: options)
  }

  private func source(_ name: String) throws -> SourceIndex { try Fixture("keras/modules/\(name).h5").open() }

  @Test(arguments: [
    ("a.norm=0,1", "a.norm", 0, 1), ("*=-0.5,2e-3", "*", -0.5, 0.002), ("a=b=1,0", "a=b", 1, 0),
  ])
  func `a pattern, a mean and a variance are read`(
    _ text: String, _ pattern: String, _ mean: Double, _ variance: Double
  ) throws {
    let statistics = try #require(DeclaredStatistics(text))
    #expect((statistics.pattern, statistics.mean, statistics.variance) == (pattern, mean, variance))
  }

  @Test(arguments: [
    "", "=0,1", "norm", "norm=", "norm=0", "norm=0,", "norm=0,1,2", "norm=a,1", "norm=0,-1", "norm=nan,1",
    "norm=0,inf", "norm=1e39,1",
  ])
  func `anything else is refused`(_ text: String) { #expect(DeclaredStatistics(text) == nil) }

  @Test(arguments: ["nam-without-statistics", "keras3-nam-without-statistics"])
  func `absent statistics are missing, and never made up`(_ name: String) throws {
    let plan = try importer().plan(source(name))
    #expect(plan.isComplete == false)
    #expect(plan.declared == [])
    #expect(
      plan.faults.map(\.canonicalName) == [
        "attention.channel.norm.running_mean", "attention.channel.norm.running_var",
      ])
    #expect(plan.faults.allSatisfy { $0.kind == .missing })
  }

  @Test func `declared statistics are written and recorded`() async throws {
    let importer = try importer(["attention.*.norm=0.25,2"])
    let plan = try importer.plan(source("nam-without-statistics"))
    #expect(plan.faults == [])
    #expect(
      plan.declared == [
        DeclaredParameter(canonicalName: "attention.channel.norm.running_mean", value: 0.25),
        DeclaredParameter(canonicalName: "attention.channel.norm.running_var", value: 2),
      ])
    let path = directory.file("nam.safetensors")
    _ = try await importer.write(plan, to: path, overwrite: false)
    let checkpoint = try Checkpoint(path)
    #expect(
      checkpoint.metadata.source["declared"] == [
        "attention.channel.norm.running_mean": .number(0.25),
        "attention.channel.norm.running_var": .number(2),
      ])
    let bytes = try directory.bytes(of: "nam.safetensors")
    let index = try SourceReader.open(path)
    for (name, value) in [("running_mean", Float(0.25)), ("running_var", 2)] {
      let tensor = try #require(index.tensors.first { $0.path == ["attention.channel.norm.\(name)"] })
      let storage = index.storages[tensor.storage]
      let start = Int(storage.offset) + tensor.storageOffset * 4
      let elements = (0..<8).map { element in
        Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + 4 * element + $1]) << (8 * $1) })
      }
      #expect(elements == [Float](repeating: value, count: 8))
    }
  }

  @Test func `a file keeps the statistics that it has`() throws {
    let plan = try importer(["*=7,7"]).plan(source("own-nam"))
    #expect(plan.declared == [])
    #expect(plan.rows.allSatisfy { $0.sourceName != ImportPlan.declaredName })
  }

  @Test func `a declaration for no norm is refused with the nearest`() throws {
    let expected = ConversionError(
      .unknownName, "statistics are declared for \"attention.chanel.norm\", and no norm is called so",
      hint: "did you mean \"attention.channel.norm\"?")
    #expect(throws: expected) { try importer(["attention.chanel.norm=0,1"]).plan(source("own-nam")) }
  }
}

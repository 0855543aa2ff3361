import Architectures
import Testing

@testable import Conversion

/// Names that Keras made up are read as the canonical ones that took their place.
@Suite struct RenamingTests {
  @Test func `a layout of one module overrides that of the dialect`() throws {
    let cbam = Attention.CBAM(hidden: [4], spatial: Attention.SpatialGate(kernel: 7, hasNorm: false))
    let architecture = Architecture.module(AttentionModule(.cbam(cbam), channels: 8))
    let dialect = try DialectLibrary().dialect(named: "attention-module")
    func layouts(_ given: [String: Layout]) throws -> [[Layout]] {
      try DialectMapping(dialect, architecture, layouts: given).rows.map(\.layouts)
    }
    let usual = try layouts([:])
    var flipped = usual
    let names = try architecture.graph().parameters.map(\.name)
    flipped[try #require(names.firstIndex(of: "attention.spatial.conv.weight"))] = [.flippedInputs]
    #expect(try layouts(["attention.spatial.conv": .flippedInputs]) == flipped)
    #expect(usual != flipped)
  }
}

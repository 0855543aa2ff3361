import Checkpoint
import Testing

@Suite struct NearestNameTests {
  static let names = ["stem.conv.weight", "stem.norm.weight", "stem.norm.bias", "head.weight", "head.bias"]

  @Test(
    arguments: [
      ("stem.conv.weight", "stem.conv.weight"),
      ("stem.conv.wieght", "stem.conv.weight"),
      ("stem.cnv.weight", "stem.conv.weight"),
      ("stem.norms.bias", "stem.norm.bias"),
      ("head.weigth", "head.weight"),
      ("Head.bias", "head.bias"),
      ("fc.weight", nil),
      ("layer1.0.conv1.weight", nil),
      ("x", nil),
      ("", nil),
    ])
  func isNearOrNothing(_ name: String, _ expected: String?) {
    #expect(NearestName.of(name, among: Self.names) == expected)
    #expect(NearestName.of(name, among: Self.names.reversed()) == expected)
  }

  /// Distance 1 to both.
  @Test(arguments: [["conv1", "conv2"], ["conv2", "conv1"]])
  func doesNotDependOnTheOrderOfTheNames(_ names: [String]) {
    #expect(NearestName.of("conv3", among: names) == "conv1")
  }

  @Test func findsNothingAmongNothing() {
    #expect(NearestName.of("a", among: []) == nil)
    #expect(NearestName.of("", among: [""]) == "")
    #expect(NearestName.of("", among: ["ab"]) == nil)
  }
}

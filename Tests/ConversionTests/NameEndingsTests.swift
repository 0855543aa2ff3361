import Testing

@testable import Conversion

@Suite struct NameEndingsTests {
  @Test(arguments: [
    ("conv1.weight", "module.conv1.weight"), ("module.conv1.weight", "module.conv1.weight"),
    ("weight", "weight"), ("1.bias", "layer10.1.bias"), ("bn1.bias", nil), ("xmodule.conv1.weight", nil),
    ("größe", "a.größe"), ("", "layer1.1.bias"),
  ])
  func `finds a name by how it ends`(_ ending: String, _ name: String?) {
    let names = ["module.conv1.weight", "weight", "layer1.1.bias", "layer10.1.bias", "a.größe"]
    let found = NameEndings(names).first(endingWith: ending)
    // An empty ending fits all.
    if ending.isEmpty { #expect(found.map(names.contains) == true) } else { #expect(found == name) }
    #expect(NameEndings([]).first(endingWith: ending) == nil)
  }

  /// Compared one by one these would be 2.5 thousand million names, which takes minutes.
  @Test func `looks for fifty thousand names among as many`() {
    let names = (0..<50_000).map { "module.layer\($0).weight" }
    let endings = NameEndings(names)
    let found = (0..<50_000).count { endings.first(endingWith: "er\($0).weight") == names[$0] }
    #expect(found == 50_000)
    #expect((0..<50_000).allSatisfy { endings.first(endingWith: "layer\($0).bias") == nil })
  }
}

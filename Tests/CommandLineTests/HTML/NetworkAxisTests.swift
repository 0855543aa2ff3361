import Testing
@testable import attnconv

@Suite struct NetworkAxisTests {
  @Test(
    arguments: [
      ("stem.conv", "stem"), ("stages.0.blocks.1.conv2", "stage 0"),
      ("stages.12.attention.scale", "stage 12"),
      ("stages", "stages"), ("head", "head"), ("head.pool", "head"), ("final.conv", "final"),
      ("attention.channel.reduce", "channel"), ("attention.spatial.dilated.0", "spatial"),
      ("attention.scale", "attention"), ("", ""),
    ])
  func `nodes belong to a part of the network`(_ node: String, _ group: String) {
    #expect(NetworkAxis.group(of: node) == group)
  }

  @Test func `layers share the width, and small groups have room for their names`() {
    let titles =
      ["stem"] + Array(repeating: "stage 0", count: 50) + Array(repeating: "stage 1", count: 48) + ["output"]
    let axis = NetworkAxis(titles)
    #expect(axis.groups.map(\.title) == ["stem", "stage 0", "stage 1", "output"])
    #expect(axis.groups.first?.begin == 0)
    #expect(axis.groups.last?.end == 1)
    #expect(zip(axis.groups, axis.groups.dropFirst()).allSatisfy { $0.end == $1.begin })
    #expect(axis.groups.allSatisfy { $0.end - $0.begin > 0.06 })
    #expect(axis.places.count == titles.count)
    #expect(axis.places == axis.places.sorted())
    for (title, place) in zip(titles, axis.places) {
      #expect(axis.groups.contains { $0.title == title && $0.begin < place && place < $0.end })
    }
  }

  @Test func `a single layer stands in the middle`() {
    #expect(NetworkAxis(["output"]).places == [0.5])
    #expect(NetworkAxis([]).groups == [])
  }
}

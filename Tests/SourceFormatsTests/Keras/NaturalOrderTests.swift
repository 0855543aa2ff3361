import Testing

@testable import SourceFormats

@Suite struct NaturalOrderTests {
  @Test func `numbers are compared as numbers`() {
    let names = ["conv2d", "conv2d/vars/0", "conv2d_1/vars/0", "conv2d_2", "conv2d_10", "conv3d", "dense"]
    #expect(names.shuffled().sorted(by: NaturalOrder.precedes) == names)
    #expect(!NaturalOrder.precedes("a1", "a1"))
    #expect(NaturalOrder.precedes("a", "a1"))
  }
}

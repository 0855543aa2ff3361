import Architectures
import Testing

/// Inputs on which the authors' code fails are refused, with the layer and the reason.
@Suite struct ShapeMismatchTests {
  @Test(
    arguments: [
      (
        resnet(18, headPool: .fixed(kernel: 7, stride: 7)), [1, 3, 448, 448],
        "head: found 2048 channels, expected 512"
      ),
      (
        resnet(18, headPool: .fixed(kernel: 7, stride: 7)), [1, 3, 160, 160],
        "head.pool: found a map of 5x5, expected at least the pooling window of 7x7"
      ),
      (
        resnet(18, headPool: .fixed(kernel: 7, stride: 1)), [1, 3, 256, 256],
        "head: found 2048 channels, expected 512"
      ),
      (
        resnet(50, attention: officialBAM), [1, 3, 256, 224],
        "stages.0.attention.channel.pool: found a map of 64x56, higher than wide; the authors' pool uses the height "
          + "for both sides and fails on it"
      ),
      (
        resnet(50, attention: officialBAM), [1, 3, 224, 448],
        "stages.0.attention.channel.pool: found a map of 56x112, at least twice as wide as high; the authors' pool "
          + "uses the height for both sides and leaves 2 values per channel instead of 1"
      ),
      (
        module(
          .bam(
            Attention.BAM(
              hidden: [4], dilatedLayers: 3, dilation: 2, padding: 1, combination: .sum, channelPool: .global)
          )),
        [1, 64, 8, 8],
        "attention.scale: found shapes [1, 64, 8, 8] and [1, 64, 2, 2], which cannot be broadcast"
      ),
      (
        module(.bam(Attention.BAM(hidden: [4], dilation: 2, padding: 0))), [1, 64, 4, 4],
        "attention.spatial.dilated.0: found a map of 4x4 with padding, expected at least the kernel's reach of 5x5"
      ),
      (
        module(.eca(Attention.ECA(kernels: [9], edge: .circular)), channels: nil), [1, 3, 4, 4],
        "attention.conv: found 3 channels, expected at least 4 to wrap around"
      ),
    ] as [(Architecture, [Int], String)])
  func `refuses an input the authors' code fails on`(
    _ architecture: Architecture, _ input: [Int], _ message: String
  )
    throws
  {
    let graph = try architecture.graph()
    let size = input.map(String.init).joined(separator: "x")
    #expect(
      throws: ArchitectureError(
        .shapeMismatch, message, hint: "for an input of \(size); try the size the network was trained with")
    ) { try graph.shapes(input: input) }
  }

  @Test(
    arguments: [
      ([1, 1, 224, 224], "input: found 1 channels, expected 3"),
      ([3, 224, 224], "input: found a shape of 3 sides, expected 4: batch, channels, height, width"),
      ([0, 3, 224, 224], "input: found shape [0, 3, 224, 224], expected sides from 1 to 16777216"),
      ([1, 3, 224, .max], "input: found shape [1, 3, 224, \(Int.max)], expected sides from 1 to 16777216"),
    ] as [([Int], String)])
  func `refuses an input of the wrong shape`(_ input: [Int], _ message: String) throws {
    let graph = try resnet(18).graph()
    #expect(throws: ArchitectureError(.shapeMismatch, message)) { try graph.shapes(input: input) }
  }

  @Test func `accepts 7x7 maps in the shrinking BAM of External-Attention-pytorch`() throws {
    let graph = try module(
      .bam(
        Attention.BAM(
          hidden: [4], channelLayers: 3, dilatedLayers: 3, dilation: 2, padding: 1, combination: .sum))
    ).graph()
    let shapes = try graph.shapes(input: [2, 64, 7, 7])
    let project = try #require(graph.index(of: "attention.spatial.project"))
    #expect(shapes[project] == [2, 1, 1, 1])
    #expect(shapes.last == [2, 64, 7, 7])
  }

  @Test func `refuses sizes whose products do not fit`() throws {
    let side = Limits.inputSide
    #expect(throws: ArchitectureError.self) { try resnet(18).graph().shapes(input: [side, 3, side, side]) }
    #expect(throws: ArchitectureError.self) {
      try resnet(18).graph().summary(input: [side / 64, 3, side / 8, side / 8])
    }
  }
}

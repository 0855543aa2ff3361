import Architectures
import Testing

@testable import Execution

@Suite("Graph fusion")
struct GraphFusionTests {
  private func steps(_ name: String, keeping kept: [String] = []) throws -> [FusedStep] {
    let graph = try ArchitectureCatalog.architecture(named: name).graph()
    let input = [1, 3, 224, 224]
    let indices = Set(kept.compactMap { graph.index(of: $0) })
    return GraphFusion(graph, input: input, shapes: try graph.shapes(input: input), keeping: indices).steps
  }

  @Test("makes ResNet-50 one pass per convolution, two pools, a reshape and the head")
  func resnet() throws {
    let steps = try steps("resnet50")
    #expect(steps.count == 53 + 4)
    let sums = steps.filter { $0.epilogue.contains { if case .add = $0 { true } else { false } } }
    #expect(sums.count == 16)
    #expect(sums.allSatisfy { $0.epilogue.count == 2 && $0.epilogue.last == .relu })
  }

  @Test("splits a pass at a node whose output is wanted")
  func kept() throws {
    let whole = try steps("resnet50")
    #expect(try steps("resnet50", keeping: ["stages.0.blocks.1.conv1"]).count == whole.count + 1)
    #expect(try steps("resnet50", keeping: ["stages.0.blocks.1.norm1"]).count == whole.count + 1)
    #expect(try steps("resnet50", keeping: ["stages.0.blocks.1.relu1"]).count == whole.count)
  }

  @Test("applies both of CBAM's gates, the sum and the activation in one pass")
  func cbam() throws {
    let steps = try steps("resnet50-cbam")
    let last = steps.filter { $0.kind == .pointwise && $0.epilogue.last == .relu }
    #expect(last.count == 16)
    #expect(last.allSatisfy { $0.epilogue.count == 4 })
  }

  @Test("gives values that live at the same time places of their own")
  func arena() {
    let values = (0..<40).map { index in
      Arena.Value(byteCount: 64 * (1 + index * 7 % 11), first: index / 2, last: index / 2 + index * 5 % 7)
    }
    let arena = Arena(values, alignment: 64)
    for left in values.indices {
      for right in values.indices where right > left {
        let areTogether = values[left].first <= values[right].last && values[right].first <= values[left].last
        let isApart =
          arena.offsets[left] + values[left].byteCount <= arena.offsets[right]
          || arena.offsets[right] + values[right].byteCount <= arena.offsets[left]
        #expect(!areTogether || isApart, "\(left) and \(right)")
      }
      #expect(arena.offsets[left].isMultiple(of: 64))
    }
    #expect(arena.byteCount < values.map(\.byteCount).reduce(0, +))
  }
}

import Architectures
import Bytes
import Foundation
import JSON
import Testing

@Suite struct ReferenceNetworkTests {
  @Test(arguments: referenceNetworks)
  func `has as many entries and parameters as the authors' network`(_ network: ReferenceNetwork) throws {
    let graph = try network.architecture.graph()
    #expect(graph.parameters.count == network.entries)
    #expect(graph.parameterCount == network.parameters)
    #expect(Set(graph.parameters.map(\.name)).count == network.entries, "canonical names are unique")
  }

  @Test(arguments: referenceNetworks)
  func `has the shapes of the authors' network`(_ network: ReferenceNetwork) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Fixtures/parameter-tables/\(network.name).json")
    // Some networks are known by their totals only.
    guard let data = try? Data(contentsOf: file) else { return }
    let table = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let tensors = try #require(table["tensors"] as? [[Any]])
    let expected = try tensors.map { tensor in flat(try #require(tensor[1] as? [Int])) }
    let found = try network.architecture.graph().parameters.map { flat($0.shape) }
    #expect(found.sorted(by: precedes) == expected.sorted(by: precedes))
  }

  @Test(arguments: referenceNetworks)
  func `is recognized from its names and shapes`(_ network: ReferenceNetwork) throws {
    let parameters = try network.architecture.graph().parameters
    let shapes = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.shape) })
    let inferred = try ArchitectureInference.infer(
      shapes: shapes, semantics: semantics(of: network.architecture))
    #expect(inferred == network.architecture)
  }

  @Test(arguments: referenceNetworks)
  func `survives its description`(_ network: ReferenceNetwork) throws {
    #expect(try Architecture(json: network.architecture.json) == network.architecture)
  }

  /// 1x1 convolutions and fully connected layers are the same but for two sides of 1.
  private func flat(_ shape: [Int]) -> [Int] {
    shape.count == 4 && shape[2...] == [1, 1] ? Array(shape[..<2]) : shape
  }

  private func precedes(_ left: [Int], _ right: [Int]) -> Bool {
    left.lexicographicallyPrecedes(right)
  }
}

/// What a dialect would say about a network: everything that its shapes do not show.
func semantics(of architecture: Architecture) -> Semantics {
  var semantics = Semantics()
  if case .resnet(let network) = architecture {
    semantics.padding = network.padding
    semantics.stridePosition = network.block == .basic ? .conv2 : network.stridePosition
    semantics.basicBlockActivatesBeforeAttention = network.activatesBeforeAttention
    semantics.headPool = network.headPool
    semantics.cifarHeadPool = network.headPool
    semantics.maxPoolPadding = network.stem.maxPool?.padding ?? 1
    semantics.maxPoolCeilMode = network.stem.maxPool?.ceilMode ?? false
  }
  switch architecture.attention {
  case .bam(let variant):
    semantics.bamPadding = variant.padding
    semantics.bamDilation = variant.dilation
    semantics.bamCombination = variant.combination
    semantics.bamChannelPool = variant.channelPool
  case .cbam(let variant): semantics.cbamAddsInput = variant.addsInput
  case .eca(let variant): semantics.ecaEdge = variant.edge
  default: break
  }
  return semantics
}

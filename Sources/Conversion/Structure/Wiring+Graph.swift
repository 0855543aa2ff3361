import Architectures

extension Wiring {
  /// What a graph of ours computes, for an input of some size where that is known.
  ///
  /// - Throws: ``ArchitectureError`` where the input does not fit.
  init(_ graph: Graph, inputChannels: Int?, inputExtent: Extent?) throws(ArchitectureError) {
    var shapes: [[Int]]?
    if let inputExtent, let channels = graph.inputChannels ?? inputChannels {
      shapes = try graph.shapes(input: [1, channels, inputExtent.height, inputExtent.width])
    }
    var nodes: [Node] = []
    // The node of the wiring that gives what a node of the graph gives.
    var places: [Int] = []
    for node in graph.nodes {
      let inputs = node.inputs.map { source in
        if case .node(let number) = source { places[number] } else { Self.input }
      }
      func append(_ step: Step, _ inputs: [Int], module: String? = nil) -> Int {
        nodes.append(Node(name: node.name, module: module, step: step, inputs: inputs))
        return nodes.count - 1
      }
      var extent: Extent?
      if let shapes, case .node(let number) = node.inputs[0], shapes[number].count == 4 {
        extent = Extent(height: shapes[number][2], width: shapes[number][3])
      } else if node.inputs[0] == .input {
        extent = inputExtent
      }
      switch node.operation {
      case .flatten, .unflatten: places.append(inputs[0])
      case .channelStatistics:
        let maximum = append(.channelMaximum, inputs)
        let mean = append(.channelMean, inputs)
        places.append(append(.concatenation, [maximum, mean]))
      case .convolution(let convolution):
        places.append(
          append(.operation(.convolution(convolution.resolved(extent))), inputs, module: node.module))
      case .maxPool(let pool): places.append(append(.operation(.maxPool(pool.resolved(extent))), inputs))
      case .averagePool(let pool):
        let isGlobal = pool.isGlobal(extent)
        places.append(
          append(.operation(isGlobal ? .globalAveragePool : .averagePool(pool.resolved(extent))), inputs))
      default:
        places.append(
          append(.operation(node.operation), inputs, module: node.parameters.isEmpty ? nil : node.module))
      }
    }
    self.init(nodes: nodes, inputChannels: inputChannels, inputExtent: inputExtent)
  }
}

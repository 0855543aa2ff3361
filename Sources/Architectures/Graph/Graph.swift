/// A network as a list of named operations in execution order. The last node is the output.
///
/// Everything else is read off this list: the names and shapes of a checkpoint, the shapes of activations, the
/// work per layer, the order of execution.
public struct Graph: Hashable, Sendable {
  /// The steps, each using only the network's input and earlier steps.
  public let nodes: [Node]
  /// Channels of the network's input [N, C, H, W]; `nil` where any number will do (ECA with one shared kernel).
  public let inputChannels: Int?
  /// All state-dict entries in the order of first use; a layer that runs twice appears once.
  public let parameters: [Parameter]

  /// Checks a list of nodes: unique names, inputs that come earlier, one meaning per layer.
  public init(nodes: [Node], inputChannels: Int?) throws(ArchitectureError) {
    guard !nodes.isEmpty else {
      throw ArchitectureError(.invalidArchitecture, "found a network without layers")
    }
    var names: Set<String> = []
    var layers: [String: Operation] = [:]
    var parameters: [Parameter] = []
    var elements = 0
    for (index, node) in nodes.enumerated() {
      guard names.insert(node.name).inserted else {
        throw ArchitectureError(.invalidArchitecture, "found two nodes called \"\(node.name)\"")
      }
      let areEarlier = node.inputs.allSatisfy { source in
        if case .node(let earlier) = source { (0..<index).contains(earlier) } else { true }
      }
      guard areEarlier, node.inputs.count == node.operation.inputCount else {
        throw ArchitectureError(
          .invalidArchitecture,
          "found inputs \(node.inputs) at \(node.name), expected \(node.operation.inputCount) "
            + "earlier nodes")
      }
      let own = node.parameters
      guard !own.isEmpty else { continue }
      if let layer = layers[node.module] {
        guard layer == node.operation else {
          throw ArchitectureError(
            .invalidArchitecture, "found two different layers called \"\(node.module)\"")
        }
        continue
      }
      layers[node.module] = node.operation
      parameters += own
      for parameter in own {
        let count = try checkedProduct(parameter.shape)
        guard count <= Limits.parameterElements - elements else {
          throw ArchitectureError(
            .tooLarge, "found more than \(Limits.parameterElements) parameter elements at \(parameter.name)",
            hint: "no published network is that large; the description is wrong")
        }
        elements += count
      }
    }
    self.nodes = nodes
    self.inputChannels = inputChannels
    self.parameters = parameters
  }

  /// The number of trained parameters, buffers left out.
  public var parameterCount: Int {
    parameters.reduce(0) { $0 + ($1.isBuffer ? 0 : $1.elementCount) }
  }

  /// The index of the node of that name.
  public func index(of name: String) -> Int? {
    nodes.firstIndex { $0.name == name }
  }

  /// The index of the node whose output is that of a part of the network: the last node whose name is `path` or
  /// lies below it. `stages.0.blocks.1` gives the block's final activation, `stages.0.blocks` the end of a stage
  /// before an attention that follows it.
  public func outputIndex(of path: String) -> Int? {
    let below = path + "."
    return nodes.lastIndex { $0.name == path || $0.name.hasPrefix(below) }
  }

  /// The output shape of every node for an input [N, C, H, W].
  ///
  /// Fails with the layer's name where the authors' code fails on such an input.
  public func shapes(input: [Int]) throws(ArchitectureError) -> [[Int]] {
    guard input.count == 4 else {
      throw ArchitectureError(
        .shapeMismatch,
        "input: found a shape of \(input.count) sides, expected 4: batch, channels, height, width")
    }
    guard input.allSatisfy({ (1...Limits.inputSide).contains($0) }) else {
      throw ArchitectureError(
        .shapeMismatch, "input: found shape \(input), expected sides from 1 to \(Limits.inputSide)")
    }
    if let inputChannels, input[1] != inputChannels {
      throw ArchitectureError(.shapeMismatch, "input: found \(input[1]) channels, expected \(inputChannels)")
    }
    var shapes: [[Int]] = []
    shapes.reserveCapacity(nodes.count)
    for node in nodes {
      let inputs = node.inputs.map { source in
        if case .node(let index) = source { shapes[index] } else { input }
      }
      do {
        let shape = try node.operation.outputShape(inputs)
        _ = try checkedProduct(shape)
        shapes.append(shape)
      } catch {
        throw ArchitectureError(
          error.code, "\(node.name): \(error.message)",
          hint:
            "for an input of \(input[0])x\(input[1])x\(input[2])x\(input[3]); try the size the network was trained with"
        )
      }
    }
    return shapes
  }
}

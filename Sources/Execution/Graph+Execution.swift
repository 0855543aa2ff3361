public import Architectures

extension Graph {
  /// The most elements that the output of one node may have: 16 GiB in double precision. Far above every real
  /// use, it turns a wrong input shape into an error instead of a process that the system kills.
  static let maximumActivation = 1 << 31

  /// The output shape of every node for an input [N, C, H, W].
  ///
  /// - Throws: ``ExecutionError`` with code `unsuitableInput`, naming the layer and the reason, where the
  ///   authors' code fails on such an input, or `tooLarge`.
  public func activationShapes(input: [Int]) throws(ExecutionError) -> [[Int]] {
    let shapes: [[Int]]
    do {
      shapes = try self.shapes(input: input)
    } catch {
      throw ExecutionError(error)
    }
    for (node, shape) in zip(nodes, shapes) where shape.reduce(1, *) > Self.maximumActivation {
      throw ExecutionError(
        .tooLarge,
        "\(node.name): found an output of shape \(shape), expected at most \(Self.maximumActivation) elements",
        hint: "run smaller batches or smaller images")
    }
    return shapes
  }

  /// Some nodes, in the graph's order, as a network of their own, whose input is the one value that they take from
  /// outside; `nil` where they take none or several.
  ///
  /// With it one block runs on an input recorded elsewhere, on any engine, so that a fault in it is told from one before
  /// it. ``ReferenceExecutor/output(of:input:given:_:)`` runs parts that take several values.
  ///
  /// - Throws: ``ExecutionError`` with code `invalidArchitecture` where the nodes alone break a rule of
  ///   graphs.
  public func part(_ indices: some Collection<Int>) throws(ExecutionError) -> Graph? {
    guard indices.allSatisfy(nodes.indices.contains) else { return nil }
    var positions: [Int: Int] = [:]
    for (position, index) in indices.enumerated() { positions[index] = position }
    var outside: Set<Node.Source> = []
    let part = indices.map { index in
      let node = nodes[index]
      let inputs = node.inputs.map { source -> Node.Source in
        if case .node(let index) = source, let position = positions[index] { return .node(position) }
        outside.insert(source)
        return .input
      }
      return Node(name: node.name, module: node.module, operation: node.operation, inputs: inputs)
    }
    guard outside.count == 1 else { return nil }
    do {
      return try Graph(nodes: part, inputChannels: outside == [.input] ? inputChannels : nil)
    } catch {
      throw ExecutionError(error)
    }
  }

  /// The nodes that a node is computed by where the outputs of others are given: itself, and all that lead to it
  /// without passing through a given one; in the graph's order.
  public func nodes(leadingTo index: Int, from given: Set<Int>) -> [Int] {
    var found: Set<Int> = [index]
    var pending = [index]
    while let next = pending.popLast() {
      for case .node(let input) in nodes[next].inputs
      where !given.contains(input) && found.insert(input).inserted {
        pending.append(input)
      }
    }
    return found.sorted()
  }
}

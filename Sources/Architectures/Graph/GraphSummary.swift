/// What a network costs, layer by layer, for one input shape.
public struct GraphSummary: Hashable, Sendable {
  /// One node of the network.
  public struct Row: Hashable, Sendable {
    /// The node's canonical name.
    public let name: String
    /// What it computes, in words.
    public let kind: String
    /// The shape of its output.
    public let outputShape: [Int]
    /// Its trained parameters; 0 where a layer runs a second time.
    public let parameters: Int
    /// Its multiply-adds for the whole batch.
    public let multiplyAdds: Int
  }

  /// The nodes in execution order.
  public let rows: [Row]
  /// The shape of the input.
  public let inputShape: [Int]
  /// The shape of the network's output.
  public let outputShape: [Int]
  /// State-dict entries, buffers included.
  public let entries: Int
  /// Trained parameters, buffers left out.
  public let parameters: Int
  /// Multiply-adds for the whole batch.
  public let multiplyAdds: Int
}

extension Graph {
  /// What the network costs for an input [N, C, H, W]; fails where the input does not fit.
  public func summary(input: [Int]) throws(ArchitectureError) -> GraphSummary {
    let shapes = try shapes(input: input)
    var seen: Set<String> = []
    var rows: [GraphSummary.Row] = []
    var total = 0
    for (node, shape) in zip(nodes, shapes) {
      let own = node.parameters
      let isFirst = own.isEmpty || seen.insert(node.module).inserted
      let work = try node.operation.multiplyAdds(output: shape)
      let (sum, overflow) = total.addingReportingOverflow(work)
      guard !overflow else {
        throw ArchitectureError(.tooLarge, "\(node.name): found more multiply-adds than fit 64 bits")
      }
      total = sum
      rows.append(
        GraphSummary.Row(
          name: node.name, kind: node.operation.kind, outputShape: shape,
          parameters: isFirst ? own.reduce(0) { $0 + ($1.isBuffer ? 0 : $1.elementCount) } : 0,
          multiplyAdds: work))
    }
    return GraphSummary(
      rows: rows, inputShape: input, outputShape: shapes.last ?? input, entries: parameters.count,
      parameters: parameterCount, multiplyAdds: total)
  }
}

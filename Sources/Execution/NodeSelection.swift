public import Architectures
import Checkpoint

/// Which nodes of a network are observed while it runs.
///
/// A node is named by its canonical name, or by the path of a part of the network, which stands for the
/// part's output: `stages.0.blocks.1` is the last activation of that block
/// (``/Architectures/Graph/outputIndex(of:)``).
public enum NodeSelection: Hashable, Sendable {
  /// No node.
  case none
  /// Every node.
  case all
  /// The nodes of these names or paths.
  case named(Set<String>)

  /// The indices of the nodes in a graph.
  ///
  /// - Throws: ``ExecutionError`` with code `unknownNode`, naming the nearest known name.
  public func indices(in graph: Graph) throws(ExecutionError) -> Set<Int> {
    switch self {
    case .none: return []
    case .all: return Set(graph.nodes.indices)
    case .named(let names):
      var indices: Set<Int> = []
      for name in names.sorted() {
        indices.insert(try Self.index(of: name, in: graph))
      }
      return indices
    }
  }

  /// The index of the node that a name or path stands for.
  ///
  /// - Throws: ``ExecutionError`` with code `unknownNode`, naming the nearest known name.
  public static func index(of name: String, in graph: Graph) throws(ExecutionError) -> Int {
    if let index = graph.index(of: name) ?? graph.outputIndex(of: name) { return index }
    throw ExecutionError(
      .unknownNode, "the network has no node \"\(name)\"",
      hint: NearestName.of(name, among: graph.nodes.map(\.name)).map { "did you mean \"\($0)\"?" })
  }
}

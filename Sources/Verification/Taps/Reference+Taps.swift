public import Architectures
public import Checkpoint

extension Reference {
  /// Finds the canonical name of the node, or the path of the part, whose output a module of a code base gives.
  ///
  /// This module knows no code bases; what does is given to ``reading(_:)``.
  ///
  /// - Throws: ``ReferenceFault`` where the module's place in the network is not certain. Its names are those of modules,
  ///   without ``tapPrefix``.
  public typealias ModuleNames = @Sendable (_ module: String) throws(ReferenceFault) -> String

  /// Prepares a reference to be compared with a checkpoint: gives it the ``ModuleNames`` of its code base where it
  /// needs them.
  public typealias Translation =
    @Sendable (_ reference: Reference, _ checkpoint: Checkpoint) throws(VerificationError) -> Reference

  /// The same reference, whose taps may be named by modules of a code base.
  public func reading(_ names: @escaping ModuleNames) -> Reference {
    var reference = self
    reference.moduleNames = names
    return reference
  }

  /// Whether taps cannot be read without the names of a code base: they are, or one of them may be, the name of a module.
  public func needsModuleNames(in graph: Graph) -> Bool {
    switch provenance?.tapNames {
    case .canonical: false
    case .source: !taps.isEmpty
    case nil: taps.contains { Self.index(of: Self.name(of: $0), in: graph) == nil }
    }
  }

  /// The node that a tap stands for.
  func index(of tap: TensorRecord, in graph: Graph) throws(ReferenceFault) -> Int {
    let name = Self.name(of: tap)
    let isSource = provenance?.tapNames == .source
    if !isSource, let index = Self.index(of: name, in: graph) { return index }
    guard let moduleNames, provenance?.tapNames != .canonical else {
      throw ReferenceFault(
        tap.name, found: isSource ? "the name of a source module" : "no such node in the network",
        expected: "a canonical name",
        suggestion: NearestName.of(name, among: Set(Self.paths(of: graph))).map { Self.tapPrefix + $0 })
    }
    let node: String
    do throws(ReferenceFault) {
      node = try moduleNames(name)
    } catch {
      throw ReferenceFault(
        tap.name, found: error.found, expected: error.expected,
        suggestion: error.suggestion.map { Self.tapPrefix + $0 })
    }
    guard let index = Self.index(of: node, in: graph) else {
      preconditionFailure("the names of modules were made for another network")
    }
    return index
  }

  /// The name of a tap without its prefix.
  private static func name(of tap: TensorRecord) -> String { String(tap.name.dropFirst(tapPrefix.count)) }

  private static func index(of name: String, in graph: Graph) -> Int? {
    graph.index(of: name) ?? graph.outputIndex(of: name)
  }

  /// The names of all nodes and the paths of all parts.
  private static func paths(of graph: Graph) -> [String] {
    graph.nodes.flatMap { node in
      let parts = node.name.split(separator: ".")
      return parts.indices.map { parts[...$0].joined(separator: ".") }
    }
  }
}

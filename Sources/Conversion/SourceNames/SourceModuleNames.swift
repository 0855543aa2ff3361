import Architectures
public import Checkpoint
import JSON

/// What a code base calls the modules of one network, and whose output each of them gives.
///
/// A name is translated where its place is certain, by the dialect alone and never by order or shape:
///
/// - a module that holds parameters is the node of that layer, if the layer runs once;
/// - a line of the dialect on an output says so;
/// - a module around others is the stage, the block, the shortcut or the attention module whose layers are exactly those
///   inside it. Of modules around the same layers that is the outermost; what an inner one gives only the dialect
///   can say, as for the parts of attention modules, which some code bases multiply with their input and some do not.
///
///     let names = try SourceModuleNames(of: checkpoint, in: DialectLibrary())
///     try names.node(of: "layer1.0.cbam")     // stages.0.blocks.0.attention.spatial.scale
public struct SourceModuleNames: Sendable {
  /// The dialect that translates.
  let dialect: Dialect
  private let features: [String: String]
  private let graph: Graph
  /// What was stripped from the names of the state dict, in which the modules may be recorded too.
  private let prefixes: [String]
  /// The canonical layer of each source module with parameters.
  private let layers: [String: String]
  /// The layers inside each source module that has others inside.
  let containers: [String: Set<String>]
  /// The outermost stage, block, shortcut or attention module by its layers.
  private let parts: [Set<String>: String]
  /// Whether numbers are all that tells one layer from another (`conv2d_17`).
  private let hasNumbers: Bool

  /// Prepares to translate the names that were recorded beside the code a checkpoint came from.
  ///
  /// - Parameters:
  ///   - checkpoint: the checkpoint, which records its dialect.
  ///   - library: the dialects that are known.
  ///   - dialect: the dialect of the names; `nil` for the one that the checkpoint came in.
  /// - Throws: ``ConversionError`` with code `unknownName` where the dialect is not known, or `unrepresentable` where it
  ///   has no such network.
  public init(
    of checkpoint: Checkpoint, in library: DialectLibrary, dialect: String? = nil
  ) throws(ConversionError) {
    let architecture: Architecture
    do {
      architecture = try Architecture(json: checkpoint.metadata.architecture)
    } catch {
      throw ConversionError(error)
    }
    let dialect = try library.dialect(dialect, of: checkpoint)
    try self.init(
      dialect, architecture, strippedPrefix: checkpoint.metadata.source["prefix"]?.stringValue ?? "",
      recorded: CheckpointOrigin(checkpoint, dialect).moduleNames)
  }

  /// Prepares to translate names of a dialect; `recorded` are those that Keras made up for canonical modules, where the
  /// dialect does not have them.
  init(
    _ dialect: Dialect, _ architecture: Architecture, strippedPrefix: String = "",
    recorded: [String: String] = [:]
  ) throws(ConversionError) {
    self.dialect = dialect
    hasNumbers = !recorded.isEmpty
    features = ArchitectureFeatures.of(architecture)
    do {
      graph = try architecture.graph()
    } catch {
      throw ConversionError(error)
    }
    let separator = dialect.framework.separator
    prefixes = PrefixStripping.modules(ofPrefix: strippedPrefix, separator)
    var layers: [String: String] = [:]
    var containers: [String: Set<String>] = [:]
    var parts: [String: Set<String>] = [:]
    // Made for its checks: every layer has one name, and no two have the same.
    let mapping = try DialectMapping(dialect, architecture)
    for layer in Set(mapping.rows.map(\.parameter.module)) {
      guard let source = recorded[layer] ?? dialect.sourceModule(canonical: layer, features: features)?.name
      else { continue }
      layers[source] = layer
      for module in Self.modules(around: source, separator) { containers[module, default: []].insert(layer) }
      for part in Self.modules(around: layer, ".") where Self.isCertain(part) {
        parts[part, default: []].insert(layer)
      }
    }
    self.layers = layers
    self.containers = containers
    // Of paths with the same layers the shortest is the outermost.
    self.parts = Dictionary(parts.map { ($0.value, $0.key) }) { $0.utf8.count < $1.utf8.count ? $0 : $1 }
  }

  /// The canonical name of the node whose output a source module gives.
  ///
  /// - Throws: ``SourceNameFault`` where that is not certain.
  public func node(of module: String) throws(SourceNameFault) -> String {
    do throws(SourceNameFault) {
      return try node(readAs: module)
    } catch {
      // Keras numbers layers that nobody named, in another way whenever a program builds more than one model.
      let plain = PrefixStripping.withoutNumbers(module)
      guard dialect.framework == .keras, !hasNumbers, plain != module, let node = try? node(readAs: plain)
      else {
        throw error
      }
      return node
    }
  }

  private func node(readAs module: String) throws(SourceNameFault) -> String {
    var nodes: [String] = []
    var fault: SourceNameFault?
    for reading in PrefixStripping.readings(of: module, prefixes, dialect.framework.separator) {
      do throws(SourceNameFault) {
        let node = try node(named: reading)
        if !nodes.contains(node) { nodes.append(node) }
      } catch {
        fault = error
      }
    }
    guard let node = nodes.first else { throw fault ?? unknown(module) }
    guard nodes.count == 1 else {
      throw SourceNameFault(
        found: "a module that may be \(nodes.joined(separator: " or "))", expected: "one that is certain")
    }
    return node
  }

  private func node(named module: String) throws(SourceNameFault) -> String {
    if let layer = layers[module] {
      let nodes = graph.nodes.filter { $0.module == layer && !$0.parameters.isEmpty }
      guard nodes.count == 1 else {
        throw SourceNameFault(
          found: "a layer that runs \(nodes.count) times, as \(nodes.map(\.name).joined(separator: " and "))",
          expected: "one that runs once")
      }
      return nodes[0].name
    }
    for path in dialect.outputs(source: module, features: features) {
      if let index = graph.index(of: path) ?? graph.outputIndex(of: path) { return graph.nodes[index].name }
    }
    guard let inside = containers[module] else { throw unknown(module) }
    if let outer = modules(around: module).first, containers[outer] == inside {
      throw SourceNameFault(
        found: "a module inside \(outer.isEmpty ? "the network" : "\"\(outer)\"") with the same layers",
        expected: "the outermost of them, whose output is certain",
        suggestion: outer.isEmpty ? nil : outermost(outer, inside))
    }
    guard let part = parts[inside], let index = graph.outputIndex(of: part) else {
      throw SourceNameFault(
        found: "a module around \(inside.count == 1 ? "one layer" : "\(inside.count) layers")",
        expected: "a stage, a block, a shortcut or an attention module")
    }
    return graph.nodes[index].name
  }

  private func outermost(_ module: String, _ inside: Set<String>) -> String {
    modules(around: module).last { !$0.isEmpty && containers[$0] == inside } ?? module
  }

  private func unknown(_ module: String) -> SourceNameFault {
    SourceNameFault(
      found: "no such module in the names of \(dialect.name)",
      expected: "a layer or a part of the network",
      suggestion: NearestName.of(module, among: Set(layers.keys).union(containers.keys)))
  }

  private func modules(around module: String) -> [String] {
    Self.modules(around: module, dialect.framework.separator)
  }

  /// The paths of all modules around one, innermost first; the network itself, "", is the last.
  private static func modules(around path: String, _ separator: Character) -> [String] {
    let segments = path.split(separator: separator, omittingEmptySubsequences: false)
    return segments.indices.reversed().map { segments[..<$0].joined(separator: String(separator)) }
  }

  /// Whether a code base's module with exactly the layers of a part gives the part's output. Not so in a stem, which may
  /// end before or behind its pool, or inside an attention module, where a gate may be applied or not.
  private static func isCertain(_ part: String) -> Bool {
    part.hasPrefix("stages") && !part.contains(".attention.")
  }
}

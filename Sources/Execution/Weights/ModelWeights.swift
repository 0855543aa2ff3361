public import Architectures
import Bytes
public import Checkpoint
import SystemPackage

/// A network and the numbers of all its parameters: names, shapes and element types are known to fit.
///
/// Bound to a checkpoint, nothing is copied: the numbers stay in the mapped file until an executor reads
/// them.
public struct ModelWeights: Sendable {
  /// The network.
  public let graph: Graph
  /// What the checkpoint says about the network; `nil` where the weights did not come from one.
  public let architecture: Architecture?
  /// The path of the checkpoint, for messages.
  public let file: String?

  /// Where the numbers of a parameter lie.
  private enum Source: Sendable {
    case mapped(TensorView)
    case inMemory(Tensor<Float>)

    var shape: [Int] {
      switch self {
      case .mapped(let view): view.shape
      case .inMemory(let tensor): tensor.shape
      }
    }

    /// `nil` for numbers in memory, which are always `Float`.
    var elementType: ElementType? {
      if case .mapped(let view) = self { view.elementType } else { nil }
    }
  }

  private var sources: [String: Source]

  /// Binds the tensors of a checkpoint to the network that its metadata describes.
  ///
  /// `checkingDigests` also reads every byte and compares it with the recorded SHA-256 (about 2 GB/s).
  ///
  /// - Throws: ``ExecutionError`` with code `invalidArchitecture`, `mismatchedWeights` (all differences at
  ///   once) or `digestMismatch`.
  public init(_ checkpoint: Checkpoint, checkingDigests: Bool = true) throws(ExecutionError) {
    let file = checkpoint.path.string
    do {
      let architecture = try Architecture(json: checkpoint.metadata.architecture)
      var sources: [String: Source] = [:]
      for name in checkpoint.names {
        sources[name] = .mapped(try checkpoint.tensor(name))
      }
      try self.init(architecture.graph(), architecture: architecture, file: file, sources: sources)
      if checkingDigests { try checkpoint.checkIntegrity() }
    } catch let error as ArchitectureError {
      var translated = ExecutionError(error)
      translated.code = .invalidArchitecture
      translated.message = "attnconv.architecture: " + translated.message
      translated.file = file
      translated.hint =
        error.hint ?? "the checkpoint was written by another program or version; import the source again"
      throw translated
    } catch let error as CheckpointError {
      throw ExecutionError(error)
    } catch var error as ExecutionError {
      error.hint = error.hint ?? "the checkpoint was changed after it was written; import the source again"
      throw error
    } catch {
      throw ExecutionError(.unreadableCheckpoint, "\(error)", file: file)
    }
  }

  /// Binds numbers in memory, by canonical name, to a network. Batch counts may be left out.
  ///
  /// - Throws: ``ExecutionError`` with code `mismatchedWeights`, listing all differences at once.
  public init(_ graph: Graph, tensors: [String: Tensor<Float>]) throws(ExecutionError) {
    try self.init(graph, architecture: nil, file: nil, sources: tensors.mapValues(Source.inMemory))
  }

  private init(
    _ graph: Graph, architecture: Architecture?, file: String?, sources: [String: Source]
  ) throws(ExecutionError) {
    self.graph = graph
    self.architecture = architecture
    self.file = file
    self.sources = sources
    let faults = self.faults()
    guard faults.isEmpty else { throw Self.mismatch(faults, architecture: architecture, file: file) }
  }

  /// The numbers of a parameter in single precision, row-major; doubles are rounded to nearest.
  ///
  /// - Throws: ``ExecutionError`` with code `unreadableCheckpoint` for a name that the network does not have.
  public func floats(_ name: String) throws(ExecutionError) -> [Float] {
    switch try source(name) {
    case .inMemory(let tensor): return tensor.values
    case .mapped(let view):
      do {
        return try view.floats()
      } catch {
        throw ExecutionError(error)
      }
    }
  }

  /// The numbers of a parameter in double precision, row-major; exact for every element type.
  ///
  /// - Throws: ``ExecutionError`` with code `unreadableCheckpoint` for a name that the network does not have.
  public func doubles(_ name: String) throws(ExecutionError) -> [Double] {
    if case .mapped(let view) = try source(name), view.elementType == .float64 {
      let bytes = view.bytes
      return (0..<view.elementCount).map {
        Double(bitPattern: bytes.littleEndian(at: 8 * $0, as: UInt64.self))
      }
    }
    return Double.converting(try floats(name))
  }

  /// The mapped bytes of a parameter, for engines that read them in place; `nil` where the numbers are in
  /// memory or the network has no such parameter.
  public func mapped(_ name: String) -> TensorView? {
    if case .mapped(let view)? = sources[name] { view } else { nil }
  }

  /// The same weights with the numbers of some parameters replaced.
  ///
  /// - Throws: ``ExecutionError`` with code `mismatchedWeights` for unknown names and other shapes.
  public func replacing(_ tensors: [String: Tensor<Float>]) throws(ExecutionError) -> ModelWeights {
    try ModelWeights(
      graph, architecture: architecture, file: file,
      sources: sources.merging(tensors.mapValues(Source.inMemory)) { $1 })
  }

  /// The same weights in another network with parameters of the same names and shapes, for example with
  /// another epsilon, or in a part of the network; parameters that `graph` does not have are left out.
  ///
  /// - Throws: ``ExecutionError`` with code `mismatchedWeights` where parameters are missing or have other
  ///   shapes.
  public func rebound(to graph: Graph) throws(ExecutionError) -> ModelWeights {
    let names = Set(graph.parameters.map(\.name)).union(Self.borrowedNames(of: graph).keys)
    return try ModelWeights(
      graph, architecture: nil, file: file, sources: sources.filter { names.contains($0.key) })
  }

  private func source(_ name: String) throws(ExecutionError) -> Source {
    guard let source = sources[name] else {
      throw ExecutionError(.unreadableCheckpoint, "the weights have no \"\(name)\"", file: file)
    }
    return source
  }

  /// Weights that a node reads without owning them (NAM's norm weight), with their shapes. In a part of a
  /// network the owner may be left out.
  private static func borrowedNames(of graph: Graph) -> [String: [Int]] {
    var names: [String: [Int]] = [:]
    for case .normWeightScale(let scale) in graph.nodes.lazy.map(\.operation) {
      names[scale.weightName] = [scale.channels]
    }
    return names
  }

  /// Every difference between the tensors and the network's parameters, sorted by name.
  private func faults() -> [WeightFault] {
    var faults: [WeightFault] = []
    var expected = Self.borrowedNames(of: graph).mapValues { (shape: $0, isCount: false, isOptional: false) }
    for parameter in graph.parameters {
      expected[parameter.name] = (parameter.shape, parameter.role == .batchCount, parameter.isOptional)
    }
    for (name, parameter) in expected {
      guard let source = sources[name] else {
        if !parameter.isOptional { faults.append(WeightFault(name, .missing(expected: parameter.shape))) }
        continue
      }
      if source.shape != parameter.shape {
        faults.append(WeightFault(name, .misshaped(found: source.shape, expected: parameter.shape)))
      } else if !parameter.isCount, let type = source.elementType, !type.isConvertibleFloat {
        faults.append(WeightFault(name, .mistyped(found: type)))
      }
    }
    for (name, source) in sources where expected[name] == nil {
      faults.append(WeightFault(name, .unexpected(found: source.shape)))
    }
    return WeightFault.sortedWithSuggestions(faults)
  }

  private static func mismatch(
    _ faults: [WeightFault], architecture: Architecture?, file: String?
  ) -> ExecutionError {
    /// More would not fit a message; `faults` has them all.
    let shown = 4
    var text = faults.prefix(shown).map(\.text).joined(separator: "; ")
    if faults.count > shown { text += "; and \(faults.count - shown) more" }
    return ExecutionError(
      .mismatchedWeights, "the tensors are not those of \(architecture?.name ?? "the network"): \(text)",
      file: file,
      faults: faults)
  }
}

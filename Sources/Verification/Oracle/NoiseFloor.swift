import Architectures
public import Execution

/// How much single precision alone changes what a network computes: the fast engine against the reference engine, in
/// double precision, on the same input.
///
/// A recorded tensor that differs by a few times this differs by rounding; a wrong weight differs by far more.
///
///     let floor = try NoiseFloor(measuring: weights, input: images, observing: .all)
///     for row in floor.rows { print(row.node, row.relativeDifference ?? .nan) }
public struct NoiseFloor: Hashable, Sendable {
  /// The noise of the output of one node.
  public struct Row: Hashable, Sendable {
    /// The canonical name of the node.
    public let node: String
    /// max|fast - double| / max|double|; 0 where both are 0 everywhere, `nil` where numbers are not finite or where it
    /// is a difference from nothing but 0.
    public let relativeDifference: Double?
  }

  /// The largest relative error of rounding to single precision (IEEE 754-2019, binary32): what every recorded number
  /// carries, even where both engines happen to agree.
  public static let unitRoundoff = 0x1p-24

  /// The engine that was measured.
  public let engine: Engine
  /// The observed nodes in the order of the network, and the output of the network last.
  public let rows: [Row]

  init(engine: Engine, rows: [Row]) {
    self.engine = engine
    self.rows = rows
  }

  /// Runs both engines on an input.
  ///
  /// The engines run side by side and are compared node by node, so that memory stays bounded even where all nodes are
  /// observed. To be observed keeps a node from being fused with those after it, so the output is measured in a run of its
  /// own, as networks usually run. Takes as long as the reference engine: seconds for an image of 224 x 224.
  ///
  /// - Parameters:
  ///   - weights: the network.
  ///   - input: a batch [N, C, H, W].
  ///   - selection: the nodes to measure besides the output.
  ///   - engine: the engine to measure.
  ///   - threads: how many threads each engine may use; `nil` for one per core.
  /// - Throws: ``VerificationError`` with code `executionFailed`, also where the engine is not part of this build.
  public init(
    measuring weights: ModelWeights, input: Tensor<Float>, observing selection: NodeSelection = .none,
    engine: Engine = .oneDNN, threads: Int? = nil
  ) throws(VerificationError) {
    self.engine = engine
    do throws(ExecutionError) {
      let measured = try engine.executor(weights, threads: threads)
      let oracle = try ReferenceExecutor(weights, threads: threads)
      rows = try Self.rows(measured, oracle, input, selection)
    } catch {
      throw VerificationError(error)
    }
  }

  /// The noise of a node's output; `nil` where it was not observed or has none that is a number.
  public subscript(node: String) -> Double? {
    rows.last { $0.node == node }?.relativeDifference
  }

  /// How many times the noise a difference is. The noise counts as ``unitRoundoff`` at least. `nil` where one of the
  /// two is unknown.
  public func multiple(of comparison: Comparison) -> Double? {
    guard let noise = self[comparison.node], let difference = comparison.relativeDifference else {
      return nil
    }
    return difference / max(noise, Self.unitRoundoff)
  }

  private static func rows(
    _ measured: some Executor, _ oracle: ReferenceExecutor, _ input: Tensor<Float>, _ selection: NodeSelection
  ) throws(ExecutionError) -> [Row] {
    let last = measured.weights.graph.nodes[measured.weights.graph.nodes.count - 1].name
    let expected = SideBySide(oracle, input, selection)
    var rows: [Row] = []
    do throws(ExecutionError) {
      if selection != .none {
        _ = try measured.run(input, observing: selection) { node, actual in
          expected.next { rows.append(Row(node, actual, $0)) }
        }
      }
    } catch {
      expected.abandon()
      throw error
    }
    let output = try expected.output()
    return rows.filter { $0.node != last } + [Row(last, try measured.run(input), output)]
  }
}

extension NoiseFloor.Row {
  fileprivate init(_ node: Node, _ actual: Tensor<some TensorElement>, _ expected: Tensor<Double>) {
    self.init(node.name, actual, expected)
  }

  fileprivate init(_ node: String, _ actual: Tensor<some TensorElement>, _ expected: Tensor<Double>) {
    self.node = node
    var (difference, magnitude, isFinite) = (0.0, 0.0, true)
    for (found, wanted) in zip(actual.doubles, expected.values) {
      difference = max(difference, abs(found - wanted))
      magnitude = max(magnitude, abs(wanted))
      isFinite = isFinite && found.isFinite && wanted.isFinite
    }
    relativeDifference =
      !isFinite ? nil : difference == 0 ? 0 : magnitude == 0 ? nil : difference / magnitude
  }
}

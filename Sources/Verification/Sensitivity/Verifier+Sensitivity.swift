import Architectures
public import Checkpoint
public import Execution

extension Verifier {
  /// Which parameters of a checkpoint a reference checks: see ``Sensitivity``.
  ///
  /// Runs a part of the network for every parameter, on the engine and with the tolerance of this verifier. Meant for
  /// networks that pass; a recorded tensor that is not finite shows nothing. `progress` is called after every parameter
  /// with how many are done, of how many, by one thread at a time.
  ///
  /// - Throws: ``VerificationError`` with code `executionFailed` or `unsuitableReference`.
  public func sensitivity(
    of checkpoint: Checkpoint, against reference: Reference,
    progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(VerificationError) -> Sensitivity {
    try sensitivity(of: Self.weights(of: checkpoint), against: reference, progress: progress)
  }

  /// Which parameters of a network a reference checks: see ``Sensitivity``.
  ///
  /// `progress` is called after every parameter with how many are done, of how many, by one thread at a time.
  ///
  /// - Throws: ``VerificationError`` with code `executionFailed` or `unsuitableReference`.
  public func sensitivity(
    of weights: ModelWeights, against reference: Reference,
    progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(VerificationError) -> Sensitivity {
    let graph = weights.graph
    var tensors = try RecordedTensors(reference, in: graph).taps.compactMapValues { $0.first?.name }
    tensors[graph.nodes[graph.nodes.count - 1].name] = reference.output.name
    do throws(ExecutionError) {
      let measurement = try SensitivityMeasurement(
        weights, input: reference.input, tensors: tensors, engine: engine, threads: threads)
      var responses = try measurement.responses(progress)
      if responses.contains(where: { $0.change <= tolerance }) {
        let search = try ObstacleSearch(
          weights, input: reference.input, recorded: Set(tensors.keys), tolerance: tolerance, engine: engine,
          threads: threads)
        let parameters = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.name, $0) })
        responses = responses.map { response in
          guard response.change <= tolerance, let parameter = parameters[response.parameter] else {
            return response
          }
          return Sensitivity.Response(
            parameter: response.parameter, tensor: response.tensor, change: response.change,
            obstacles: search.obstacles(of: parameter))
        }
      }
      return Sensitivity(
        tolerance: tolerance, responses: responses,
        leftOut: graph.parameters.count { $0.role == .batchCount })
    } catch {
      throw VerificationError(error)
    }
  }
}

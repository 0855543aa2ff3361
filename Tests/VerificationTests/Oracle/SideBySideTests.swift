import Architectures
import Checkpoint
import Execution
import Testing

@testable import Verification

/// A run whose values are taken one by one.
@Suite struct SideBySideTests {
  private let executor: ReferenceExecutor
  private let input: Tensor<Float>

  init() throws {
    let row = ReferenceCase("module-nam")
    executor = try ReferenceExecutor(ModelWeights(row.checkpoint()))
    input = try row.reference().input
  }

  @Test func `values come in order, then the output`() throws {
    let expected = try executor.trace(input)
    let run = SideBySide(executor, input, .all)
    var values: [Tensor<Double>] = []
    for _ in executor.weights.graph.nodes { run.next { values.append($0) } }
    #expect(values == executor.weights.graph.nodes.compactMap { expected.outputs[$0.name] })
    #expect(try run.output() == expected.output)
    run.next { _ in Issue.record("a value after the last") }
  }

  @Test(arguments: [0, 1, 2])
  func `a run that is abandoned ends`(_ taken: Int) throws {
    let run = SideBySide(executor, input, .all)
    for _ in 0..<taken { run.next { _ in } }
    run.abandon()
    #expect(try run.output() == executor.run(input))
  }

  @Test func `a run that fails gives no values`() throws {
    let run = SideBySide(executor, input, .named(["nowhere"]))
    for _ in 0..<2 { run.next { _ in Issue.record("a value of a run that failed") } }
    #expect(throws: ExecutionError.self) { try run.output() }
  }
}

import Architectures
import Checkpoint
import Execution
import Testing

struct AttentionModelTests {
  private let reference = ReferenceCase(testDescription: "module-nam")

  @Test(arguments: Engine.allCases.filter(\.isAvailable))
  func `a checkpoint becomes a model that is called`(_ engine: Engine) throws {
    let expected = try reference.tensors()
    let input = try #require(expected["input"])
    let model = try AttentionModel(reference.checkpoint(), engine: engine)
    #expect(model.architecture?.name == "nam-module")
    let output: Tensor<Float> = try model(input)
    let trace = try model.trace(input, .named(["attention.channel.norm"]))
    #expect(trace.output == output)
    #expect(trace.outputs.keys.sorted() == ["attention.channel.norm"])
    let largest = try #require(expected["output"]).values.reduce(0) { max($0, abs($1)) }
    for (actual, expected) in zip(output.values, try #require(expected["output"]).values) {
      #expect(abs(actual - expected) <= 1e-6 * largest)
    }
  }

  @Test(arguments: Engine.allCases.filter(\.isAvailable))
  func `what a run would refuse is refused before it`(_ engine: Engine) throws {
    let model = try AttentionModel(reference.checkpoint(), engine: engine)
    try model.prepare(input: [3, 64, 4, 5])
    #expect(
      throws: ExecutionError(.unsuitableInput, "input: found 3 channels, expected 64")
    ) {
      try model.prepare(input: [1, 3, 4, 5])
    }
  }

  @Test func `the reference engine is always there`() {
    #expect(Engine.reference.isAvailable)
    #expect(Engine.fastest.isAvailable)
  }

  @Test(arguments: Engine.allCases.filter { !$0.isAvailable })
  func `an engine that is not part of the build is refused with the package to install`(_ engine: Engine)
    throws
  {
    let weights = try ModelWeights(reference.checkpoint())
    #expect(
      throws: ExecutionError(
        .engineUnavailable, "found no engine \"onednn\", this build has \"reference\"",
        hint: "install oneDNN (libdnnl-dev) and build the package again")
    ) {
      try AttentionModel(weights, engine: engine)
    }
  }
}

import Architectures
import Execution
import Testing

/// One operation, what it reads, and what PyTorch 2.15 computes in float64.
struct OperationCase: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var operation: Architectures.Operation
  var input: Tensor<Float>
  /// By leaf name: `weight`, `bias`, `running_mean`, `running_var`.
  var parameters: [String: Tensor<Float>] = [:]
  var shape: [Int]
  var expected: [Double]

  /// A network of this one operation called `layer`; vectors are read through a flatten before it.
  func executor() throws -> ReferenceExecutor {
    let isVector = input.shape.count == 2
    var nodes = [Node(name: "layer", operation: operation, inputs: [.input])]
    if isVector {
      nodes = [
        Node(name: "vector", operation: .flatten, inputs: [.input]),
        Node(name: "layer", operation: operation, inputs: [.node(0)]),
      ]
    }
    let tensors = Dictionary(uniqueKeysWithValues: parameters.map { ("layer." + $0.key, $0.value) })
    return try ReferenceExecutor(ModelWeights(Graph(nodes: nodes, inputChannels: nil), tensors: tensors))
  }

  /// The input as the map that the network takes.
  func map() throws -> Tensor<Float> {
    try Tensor(shape: input.shape + Array(repeating: 1, count: 4 - input.shape.count), values: input.values)
  }
}

extension Convolution {
  /// A convolution whose numbers are changed after it is created.
  func with(_ change: (inout Convolution) -> Void) -> Convolution {
    var copy = self
    change(&copy)
    return copy
  }
}

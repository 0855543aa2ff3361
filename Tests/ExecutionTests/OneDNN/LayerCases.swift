import Architectures

/// Layers, each in its smallest network.
enum LayerCases {
  static let convolutions: [Convolution] = {
    var cases: [Convolution] = []
    for (inputs, outputs) in [(1, 1), (2, 1), (3, 8), (5, 7), (16, 16), (17, 33), (64, 32)] {
      for (kernel, stride, padding, dilation) in [
        (1, 1, 0, 1), (1, 2, 0, 1), (3, 1, 1, 1), (3, 2, 1, 1), (3, 1, 4, 4), (7, 2, 3, 1),
      ] {
        cases.append(
          Convolution(
            inputs, outputs, kernel: kernel, stride: stride, padding: Padding(padding), dilation: dilation,
            hasBias: (inputs + kernel).isMultiple(of: 2)))
      }
    }
    for channels in [4, 16, 24] {
      for stride in [1, 2] {
        cases.append(Convolution(channels, channels, kernel: 3, stride: stride, padding: 1, groups: channels))
      }
    }
    cases.append(Convolution(8, 12, kernel: 3, padding: 1, groups: 4, hasBias: true))
    var uneven = Convolution(6, 10, kernel: 3, stride: 2)
    uneven.padding = Padding(top: 0, left: 1, bottom: 2, right: 1)
    cases.append(uneven)
    for (kernel, stride) in [(1, 2), (2, 2), (3, 2), (4, 2), (7, 2), (4, 3), (4, 1)] {
      cases.append(Convolution(6, 10, kernel: kernel, stride: stride, padding: .same, hasBias: true))
      cases.append(Convolution(16, 16, kernel: kernel, stride: stride, padding: .same, groups: 16))
    }
    // A gate, computed by loops of our own.
    cases.append(Convolution(2, 1, kernel: 4, padding: .same))
    return cases
  }()

  static let pools: [Pool] = [
    Pool(kernel: 3, stride: 2, padding: 1), Pool(kernel: 3, stride: 2, ceilMode: true),
    Pool(kernel: 3, stride: 2, padding: 1, ceilMode: true),
    Pool(kernel: 2, stride: 2, ceilMode: true, countsPadding: false),
    Pool(kernel: 3, stride: 2, padding: 1, ceilMode: true, countsPadding: false), Pool(kernel: 7, stride: 1),
    Pool(kernel: 7, stride: 7), Pool(kernel: 2, stride: 3, ceilMode: true),
  ]

  static let simple: [Architectures.Operation] = [
    .relu, .relu6, .sigmoid, .addScalar(1), .globalAveragePool, .globalMaxPool, .squareAveragePool,
    .channelStatistics, .flatten,
  ]

  static let modules = ["bam-module", "cbam-module", "eca-module", "nam-module", "se-module"]

  /// A network of one operation.
  static func graph(_ operation: Architectures.Operation, channels: Int) throws(ArchitectureError) -> Graph {
    try Graph(nodes: [Node(name: "node", operation: operation, inputs: [.input])], inputChannels: channels)
  }

  /// Operations one after the other behind a convolution from 3 channels.
  static func behindConvolution(
    _ operations: [Architectures.Operation], channels: Int
  ) throws(ArchitectureError) -> Graph {
    var nodes = [
      Node(
        name: "conv", operation: .convolution(Convolution(3, channels, kernel: 3, padding: 1)),
        inputs: [.input])
    ]
    for (index, operation) in operations.enumerated() {
      nodes.append(Node(name: "node.\(index + 1)", operation: operation, inputs: [.node(index)]))
    }
    return try Graph(nodes: nodes, inputChannels: 3)
  }
}

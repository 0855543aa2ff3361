public import Architectures

extension KnownFault {
  /// What conversions and re-implementations do wrong. A value with a direction says what the faulty network does.
  public enum Mistake: Hashable, Sendable {
    /// The two input channels of CBAM's spatial convolution, maximum and mean, change places (timm, luuuyi).
    case swappedPoolOrder
    /// Norms add this number to the variance: 1e-5 in PyTorch, 1e-3 in Keras, 1.001e-5 in keras-applications, 2e-5 in
    /// qubvel's Keras networks.
    case epsilon(Double)
    /// Bottlenecks halve the map in this convolution: the first as in Caffe, the second as in torchvision.
    case stride(ResNet.StridePosition)
    /// Windows of stride 2 are padded in this way.
    case padding(PaddingStyle)
    /// BAM combines its branches in this way: the product as in the authors' code, the sum as in the paper.
    case combination(Attention.BAM.Combination)
    /// The channel branch of BAM pools this region: a square as in the authors' code, or the whole map.
    case channelPool(Attention.BAM.ChannelPool)
    /// The pool before the head: windows of fixed size as in the first ResNets, or the whole map.
    case headPool(ResNet.HeadPool)
    /// Running mean and running variance change places.
    case swappedStatistics
    /// Weight and bias of a norm change places.
    case swappedScaleAndShift
    /// Rows and columns of kernels change places.
    case transposedKernel
    /// Inputs and outputs of a weight that has as many of each change places.
    case swappedChannels
    /// Kernels are reversed: turned by 180 degrees, as a true convolution reads them; ECA's kernel end to end.
    case flippedKernel
    /// Whether a ReLU stands between the last norm of a block and its attention (timm's `legacy_seresnet18`).
    case activationBeforeAttention(Bool)
    /// The 3x3 convolutions of BAM's spatial branch have this dilation, and padding to match: 4 in the authors' code.
    case dilation(Int)
    /// NAM weighs channels by gamma / sum gamma, without the absolute values.
    case signedNormWeights
    /// The norm of CBAM's spatial gate (luuuyi) or of NAM is left out.
    case missingNorm
    /// Whether CBAM adds its input to its output (External-Attention).
    case attentionResidual(Bool)
    /// What ECA's convolution reads beyond the first and the last channel.
    case channelEdge(ChannelConvolution.Edge)
    /// Two layers of a block whose parameters have the same shapes change places: weights mapped by order. The names
    /// are relative to the block.
    case swappedLayers(String, String)
    /// Whether activations end at 6 (ReLU6) or not.
    case limitedActivation(Bool)
    /// Norms keep the statistics they are created with: mean 0, variance 1.
    case freshStatistics
  }

  /// How windows of stride 2 reach beyond a map.
  public enum PaddingStyle: String, Hashable, Sendable, CaseIterable {
    /// Alike on all sides, as in PyTorch.
    case symmetric
    /// On maps of even sides one less before than behind, as TensorFlow's `same` and Caffe's ceil mode have it.
    case asymmetric
  }
}

extension KnownFault.Mistake {
  /// The mistakes, the most likely first.
  static let all: [KnownFault.Mistake] =
    [.swappedPoolOrder]
    + [1e-3, 1e-5, 1.001e-5, 2e-5].map(Self.epsilon)
    + ResNet.StridePosition.allCases.map(Self.stride)
    + KnownFault.PaddingStyle.allCases.map(Self.padding)
    + Attention.BAM.Combination.allCases.map(Self.combination)
    + Attention.BAM.ChannelPool.allCases.map(Self.channelPool)
    + [.adaptive, .fixed(kernel: 7, stride: 7), .fixed(kernel: 4, stride: 4)].map(Self.headPool)
    + [.swappedStatistics, .swappedScaleAndShift, .transposedKernel, .swappedChannels, .flippedKernel]
    + [true, false].map(Self.activationBeforeAttention)
    + [1, 2, 4].map(Self.dilation)
    + [.signedNormWeights, .missingNorm]
    + [true, false].map(Self.attentionResidual)
    + ChannelConvolution.Edge.allCases.map(Self.channelEdge)
    + exchangeable.map { .swappedLayers($0.0, $0.1) }
    + [true, false].map(Self.limitedActivation)
    + [.freshStatistics]

  /// The mistake as a stable word for programs.
  var identifier: String {
    switch self {
    case .swappedPoolOrder: "swapped-pool-order"
    case .epsilon: "norm-epsilon"
    case .stride: "stride-position"
    case .padding(let style): "\(style.rawValue)-padding"
    case .combination(let combination): combination == .sum ? "added-branches" : "multiplied-branches"
    case .channelPool(let pool): "\(pool.rawValue)-channel-pool"
    case .headPool(let pool): pool == .adaptive ? "adaptive-head-pool" : "fixed-head-pool"
    case .swappedStatistics: "swapped-statistics"
    case .swappedScaleAndShift: "swapped-scale-and-shift"
    case .transposedKernel: "transposed-kernel"
    case .swappedChannels: "swapped-channels"
    case .flippedKernel: "flipped-kernel"
    case .activationBeforeAttention(let isThere): isThere ? "added-activation" : "missing-activation"
    case .dilation: "dilation"
    case .signedNormWeights: "signed-norm-weights"
    case .missingNorm: "missing-norm"
    case .attentionResidual(let isThere): isThere ? "added-residual" : "missing-residual"
    case .channelEdge(let edge): "\(edge.rawValue)-channel-edge"
    case .swappedLayers: "swapped-layers"
    case .limitedActivation(let isLimited): isLimited ? "limited-activation" : "unlimited-activation"
    case .freshStatistics: "fresh-statistics"
    }
  }

  /// What tells apart mistakes of the same word: a number, a size, the names of layers; `nil` where nothing does.
  var variant: String? {
    switch self {
    case .epsilon(let epsilon): "\(epsilon)"
    case .stride(let position): position.rawValue
    case .headPool(.fixed(let kernel, _)): "\(kernel)"
    case .dilation(let dilation): "\(dilation)"
    case .swappedLayers(let first, let second): "\(first) and \(second)"
    default: nil
    }
  }

  /// What is wrong with a part of a network that agrees with its reference once the mistake is injected, in words.
  func explanation(of part: String) -> String {
    switch self {
    case .swappedPoolOrder: "the inputs maximum and mean of \(part) are swapped"
    case .epsilon(let epsilon): "the norm epsilon of \(part) is \(epsilon) in the reference"
    case .stride(let position): "the stride of \(part) is on \(position.rawValue) in the reference"
    case .padding(.asymmetric):
      "strided windows of \(part) are padded behind more than before in the reference, as by TensorFlow"
    case .padding(.symmetric):
      "strided windows of \(part) are padded alike on all sides in the reference, as by PyTorch"
    case .combination(.sum): "the branches of \(part) are added in the reference"
    case .combination(.product): "the branches of \(part) are multiplied in the reference"
    case .channelPool(.square):
      "the channel pool of \(part) covers only the square at the left in the reference"
    case .channelPool(.global): "the channel pool of \(part) covers the whole map in the reference"
    case .headPool(.adaptive): "\(part) covers the whole map in the reference"
    case .headPool(.fixed(let kernel, _)): "\(part) covers only \(kernel)x\(kernel) in the reference"
    case .swappedStatistics: "running mean and variance of \(part) are swapped"
    case .swappedScaleAndShift: "weight and bias of the norm of \(part) are swapped"
    case .transposedKernel: "rows and columns of the kernel of \(part) are transposed"
    case .swappedChannels: "inputs and outputs of the weight of \(part) are transposed"
    case .flippedKernel: "the kernel of \(part) is reversed"
    case .activationBeforeAttention(true): "a ReLU precedes the attention of \(part) in the reference"
    case .activationBeforeAttention(false): "no ReLU precedes the attention of \(part) in the reference"
    case .dilation(let dilation): "the dilation of \(part) is \(dilation) in the reference"
    case .signedNormWeights: "the norm weights of \(part) are used with their signs in the reference"
    case .missingNorm: "the norm of \(part) is left out in the reference"
    case .attentionResidual(true): "the input of \(part) is added to its output in the reference"
    case .attentionResidual(false): "the input of \(part) is not added to its output in the reference"
    case .channelEdge(.circular): "the channels of \(part) wrap around in the reference"
    case .channelEdge(.zero): "the channels of \(part) are padded with zeros in the reference"
    case .swappedLayers(let first, let second): "\(first) and \(second) of \(part) are swapped"
    case .limitedActivation(true): "activations of \(part) end at 6 in the reference"
    case .limitedActivation(false): "activations of \(part) have no upper end in the reference"
    case .freshStatistics: "the statistics of \(part) are fresh in the reference: mean 0, variance 1"
    }
  }

  /// The places of a network where the mistake can be made, in its order.
  func sites(in graph: Graph) -> [FaultSite] {
    switch self {
    case .swappedPoolOrder: Self.poolOrder(graph)
    case .epsilon(let epsilon): Self.epsilon(epsilon, graph)
    case .stride(let position): Self.stride(position, graph)
    case .padding(let style): Self.padding(style, graph)
    case .combination(let combination): Self.combination(combination, graph)
    case .channelPool(let pool): Self.channelPool(pool, graph)
    case .headPool(let pool): Self.headPool(pool, graph)
    case .swappedStatistics: Self.exchange("running_mean", "running_var", graph)
    case .swappedScaleAndShift: Self.exchange("weight", "bias", graph)
    case .transposedKernel: Self.transposedKernels(graph)
    case .swappedChannels: Self.swappedChannels(graph)
    case .flippedKernel: Self.flippedKernels(graph)
    case .activationBeforeAttention(let isThere): Self.activationBeforeAttention(isThere, graph)
    case .dilation(let dilation): Self.dilation(dilation, graph)
    case .signedNormWeights: Self.signedNormWeights(graph)
    case .missingNorm: Self.missingNorm(graph)
    case .attentionResidual(let isThere): Self.attentionResidual(isThere, graph)
    case .channelEdge(let edge): Self.channelEdge(edge, graph)
    case .swappedLayers(let first, let second): Self.layers(first, second, graph)
    case .limitedActivation(let isLimited): Self.limitedActivation(isLimited, graph)
    case .freshStatistics: Self.freshStatistics(graph)
    }
  }

  /// The sites of all nodes for which there is one; of a layer that runs twice, the first.
  static func sites(_ graph: Graph, _ site: (Int, Node) -> FaultSite?) -> [FaultSite] {
    var modules: Set<String> = []
    return graph.nodes.enumerated().compactMap { index, node in
      guard modules.insert(node.module).inserted else { return nil }
      return site(index, node)
    }
  }
}

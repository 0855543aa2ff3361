import Architectures

/// One pass over memory that computes one or several nodes of a graph.
struct FusedStep: Hashable, Sendable {
  /// What begins the pass.
  enum Kind: Hashable, Sendable {
    /// A convolution, with the batch norm of a later node folded into its weights.
    case convolution(Convolution, norm: Int?)
    /// A fully connected layer, with the batch norm of a later node folded into its weights.
    case linear(Linear, norm: Int?)
    /// A chain of element-wise operations.
    case pointwise
    /// A pool by windows.
    case windowPool(Pool, isMaximum: Bool)
    /// The mean and the maximum of each channel, where the nodes are given; of the square at the left only where
    /// `isSquare`.
    case channelPool(mean: Int?, maximum: Int?, isSquare: Bool)
    /// Maximum and mean over the channels, after a product with `factor`, one number per image and channel.
    case channelStatistics(factor: Node.Source?)
    /// ECA's convolution along the channels.
    case channelConvolution(ChannelConvolution)
    /// The same numbers under another shape.
    case reshape
  }

  /// An element-wise operation with what is in hand.
  enum Pointwise: Hashable, Sendable {
    /// The scale and the shift of the batch norm at a node.
    case norm(Int)
    /// NAM's weighting at a node.
    case normWeightScale(Int)
    /// The product with another value, broadcast.
    case multiply(Node.Source)
    /// The sum with another value, broadcast.
    case add(Node.Source)
    /// The sum with a constant.
    case addScalar(Double)
    case relu
    case relu6
    case sigmoid

    /// The other value of a sum or product.
    var operand: Node.Source? {
      switch self {
      case .multiply(let source), .add(let source): source
      default: nil
      }
    }
  }

  /// What begins the pass.
  var kind: Kind
  /// The node whose layer begins the pass.
  var anchor: Int
  /// The value that is read.
  var source: Node.Source
  /// What is done with the result before it is stored.
  var epilogue: [Pointwise] = []
  /// The node whose output is stored; the first of two for ``Kind/channelPool(mean:maximum:isSquare:)``.
  var output: Int

  /// All values that are read.
  var inputs: [Node.Source] {
    var inputs = [source] + epilogue.compactMap(\.operand)
    if case .channelStatistics(let factor?) = kind { inputs.append(factor) }
    return inputs
  }

  /// All nodes whose outputs are stored.
  var outputs: [Int] {
    if case .channelPool(let mean, let maximum, _) = kind { return [mean, maximum].compactMap(\.self) }
    return [output]
  }
}

import Architectures

/// What a network computes and in which order, without names: the form in which a description by Keras and a graph of
/// ours are compared.
///
/// Steps that change the arrangement of values and nothing else (flatten, reshape) are left out, paddings are what they
/// are for the size of the input, and CBAM's statistics are a maximum, a mean and their concatenation. Equal wirings
/// compute the same from the same weights.
struct Wiring: Sendable {
  /// One computation.
  enum Step: Hashable, Sendable {
    /// One that networks of ours have.
    case operation(Operation)
    /// The mean over the channels: a map of one channel.
    case channelMean
    /// The maximum over the channels.
    case channelMaximum
    /// Two maps behind each other.
    case concatenation
    /// exp(x) / sum exp(x).
    case softmax
    /// Anything else, in words.
    case other(String)
  }

  /// A step, what it takes, and where it comes from.
  struct Node: Hashable, Sendable {
    /// The name for reports: a node of ours, or a layer of the file.
    var name: String
    /// The layer whose weights are used; `nil` for steps without any.
    var module: String?
    /// What is computed.
    var step: Step
    /// The nodes whose outputs it takes; ``Wiring/input`` for the input of the network.
    var inputs: [Int]
    /// A pool as its layer states it, whatever it comes to for the size of the input.
    var pool: Pool?
    /// A convolution as its layer states it.
    var convolution: Convolution?
  }

  /// The number that stands for the input of the network.
  static let input = -1

  /// The steps, each behind those it takes; the last one is the output.
  var nodes: [Node]

  /// Channels, height and width of the network's input, as far as they are known.
  var inputChannels: Int?
  var inputExtent: Extent?

  /// The wiring without what the output does not depend on.
  func pruned(to output: Int) -> Wiring {
    guard nodes.indices.contains(output) else { return self }
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    isNeeded[output] = true
    for number in (0...output).reversed() where isNeeded[number] {
      for source in nodes[number].inputs where source >= 0 { isNeeded[source] = true }
    }
    var places = [Int](repeating: Self.input, count: nodes.count)
    var kept: [Node] = []
    for number in 0...output where isNeeded[number] {
      places[number] = kept.count
      var node = nodes[number]
      node.inputs = node.inputs.map { $0 < 0 ? $0 : places[$0] }
      kept.append(node)
    }
    return Wiring(nodes: kept, inputChannels: inputChannels, inputExtent: inputExtent)
  }

  /// The nodes through which everything passes, in their order: no connection leads from before one to behind it.
  func trunk() -> [Int] { trunk(from: Self.input, to: nodes.count - 1) }

  /// The nodes through which everything passes that leads from one node to another; the last one is `end`.
  func trunk(from start: Int, to end: Int) -> [Int] {
    guard start < end else { return [] }
    var isInside = [Bool](repeating: false, count: end - start)
    isInside[end - start - 1] = true
    // The farthest node that takes the output of any node so far.
    var farthest = [Int](repeating: start, count: end - start)
    var farthestOfStart = start
    for number in ((start + 1)...end).reversed() where isInside[number - start - 1] {
      for source in nodes[number].inputs {
        if source == start {
          farthestOfStart = max(farthestOfStart, number)
        } else if source > start {
          isInside[source - start - 1] = true
          farthest[source - start - 1] = max(farthest[source - start - 1], number)
        }
      }
    }
    var trunk: [Int] = []
    var reach = farthestOfStart
    for number in (start + 1)...end where isInside[number - start - 1] {
      if reach <= number { trunk.append(number) }
      reach = max(reach, farthest[number - start - 1])
    }
    return trunk
  }
}

extension Convolution {
  /// The same convolution with the zeros that it adds to an input of some size; where the size is not known, those that
  /// are the same for any size.
  func resolved(_ extent: Extent?) -> Convolution {
    var resolved = self
    if let extent {
      resolved.padding = .fixed(margins(input: extent))
    } else if padding == .same, stride == Extent(1), dilation.height * (kernel.height - 1) % 2 == 0,
      dilation.width * (kernel.width - 1) % 2 == 0
    {
      let (rows, columns) = (
        dilation.height * (kernel.height - 1) / 2, dilation.width * (kernel.width - 1) / 2
      )
      resolved.padding = Padding(top: rows, left: columns, bottom: rows, right: columns)
    }
    return resolved
  }
}

extension Pool {
  /// The same pool in the one form that all pools have which compute the same from maps of some size.
  func resolved(_ extent: Extent?) -> Pool {
    var resolved = self
    if let extent {
      var floor = self
      floor.ceilMode = false
      resolved.ceilMode =
        outputSize(extent.height) != floor.outputSize(extent.height)
        || outputSize(extent.width) != floor.outputSize(extent.width)
    }
    if padding == 0 { resolved.countsPadding = true }
    return resolved
  }

  /// Whether its only window is the whole map.
  func isGlobal(_ extent: Extent?) -> Bool {
    guard let extent else { return false }
    return padding == 0 && extent == Extent(kernel) && outputSize(kernel) == 1
  }
}

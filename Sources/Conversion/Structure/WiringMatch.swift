import Architectures

/// A proof that two wirings compute the same, and which of their layers correspond.
///
/// Equal computations get equal numbers: a step with the numbers of what it takes. Two networks are equal if their
/// outputs have the same number. The order of layers, their names, and the order of what is added or multiplied have
/// no part in it.
struct WiringMatch: Sendable {
  /// The layer of the file for each of our modules.
  var layers: [String: String] = [:]

  /// Our convolutions whose two input channels the file has in the other order.
  var flipped: Set<String> = []

  /// Where two networks part.
  struct Difference: Error, Hashable {
    /// The layer of the file that differs first; `nil` where the file has none in its place.
    var layer: String?
    /// What the file computes there, in words.
    var found: String
    /// What was expected there, in words.
    var expected: String
    /// Our node.
    var node: String
  }

  /// Compares our wiring of a network with that of a file.
  ///
  /// - Throws: ``Difference``, the first in the order of our network.
  init(ours: Wiring, theirs: Wiring) throws(Difference) {
    var numbers: [Key: Int] = [:]
    let their = Self.numbered(theirs, &numbers)
    var places: [Int: Int] = [:]
    for (place, number) in their.numbers.enumerated() where places[number] == nil { places[number] = place }
    let our = Self.numbered(ours, &numbers)
    var owners: [String: String] = [:]
    for (place, number) in our.numbers.enumerated() {
      let node = ours.nodes[place]
      guard let partner = places[number] else { throw Self.difference(node, our, theirs, their, places) }
      guard let module = node.module, let layer = theirs.nodes[partner].module else { continue }
      // A layer that runs twice here runs twice there.
      if let known = layers[module], known != layer {
        throw Difference(
          layer: layer, found: "a layer of its own", expected: "\"\(known)\" a second time", node: node.name)
      }
      if let known = owners[layer], known != module {
        throw Difference(
          layer: layer, found: "a layer that runs as \(known) too", expected: "a layer of its own",
          node: node.name)
      }
      layers[module] = layer
      owners[layer] = module
      if their.isFlipped[partner] { flipped.insert(module) }
    }
    guard let last = our.numbers.last, let theirLast = their.numbers.last, last != theirLast else { return }
    let end = theirs.nodes[theirs.nodes.count - 1]
    throw Difference(
      layer: end.name, found: end.step.words, expected: "the end of the network",
      node: ours.nodes[ours.nodes.count - 1].name)
  }

  // MARK: Numbers

  private struct Key: Hashable {
    var step: Wiring.Step
    var inputs: [Int]
  }

  private struct Numbered {
    /// For each node the number of what it computes.
    var numbers: [Int] = []
    /// For each node whether the channels that it takes are the mean before the maximum.
    var isFlipped: [Bool] = []
  }

  private static func numbered(_ wiring: Wiring, _ known: inout [Key: Int]) -> Numbered {
    var result = Numbered()
    var flips: [Bool] = []
    for node in wiring.nodes {
      var inputs = node.inputs.map { $0 < 0 ? $0 : result.numbers[$0] }
      var isFlip = false
      switch node.step {
      case .operation(.add), .operation(.multiply): inputs.sort()
      case .concatenation:
        // Maximum before mean, as in our networks; what reads it then has its weights in the other order.
        let steps = node.inputs.map { $0 < 0 ? nil : wiring.nodes[$0].step }
        if steps == [.channelMean, .channelMaximum] {
          inputs.reverse()
          isFlip = true
        }
      default: break
      }
      let key = Key(step: node.step, inputs: inputs)
      let number = known[key] ?? known.count
      known[key] = number
      result.isFlipped.append(node.inputs.contains { $0 >= 0 && flips[$0] })
      flips.append(isFlip)
      result.numbers.append(number)
    }
    return result
  }

  /// What stands in the file where a node of ours was expected: a step of the same kind on the same input, or any
  /// other that no part of our network explains.
  private static func difference(
    _ node: Wiring.Node, _ our: Numbered, _ theirs: Wiring, _ their: Numbered, _ places: [Int: Int]
  ) -> Difference {
    let explained = Set(our.numbers)
    let sources = Set(node.inputs.map { $0 < 0 ? $0 : places[our.numbers[$0]] ?? Wiring.input })
    let followers = theirs.nodes.indices.filter { place in
      !explained.contains(their.numbers[place])
        && theirs.nodes[place].inputs.contains(where: sources.contains)
    }
    let candidate =
      followers.first { theirs.nodes[$0].step.kind == node.step.kind } ?? followers.first
    return Difference(
      layer: candidate.map { theirs.nodes[$0].name },
      found: candidate.map { theirs.nodes[$0].step.words(unlike: node.step) } ?? "nothing",
      expected: node.step.words(unlike: candidate.map { theirs.nodes[$0].step }), node: node.name)
  }
}

extension WiringMatch.Difference {
  /// What differs, for messages.
  var words: String {
    let place = layer.map { "the layer \"\($0)\" is \(found)" } ?? "the file has \(found)"
    return "\(place), expected \(expected) (\(node))"
  }
}

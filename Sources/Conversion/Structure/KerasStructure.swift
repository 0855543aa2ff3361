import Architectures
import SourceFormats

/// What a Keras file says about its network, read as one of ours: the architecture, and the layer of the file for each of
/// our modules.
///
/// Names and the order of layers have no part in it. The architecture is guessed and then proved: its graph and the
/// file's description compute the same, step by step, or the first difference is told.
struct KerasStructure {
  /// The network of the file.
  let reduction: KerasReduction
  /// The architecture.
  let architecture: Architecture
  /// Which layer of the file each module of ours is.
  let match: WiringMatch

  /// Why a file's description is not read as a network of ours.
  enum Refusal: Error {
    /// It cannot be followed.
    case obstacle(String)
    /// It resembles no network of ours.
    case unknown(KerasReduction)
    /// It resembles one and differs from it.
    case difference(WiringMatch.Difference, Architecture, KerasReduction)
  }

  /// The dialect of networks whose names are known from their structure alone.
  static let dialect = "keras-functional"

  /// Reads the network of a file, or the model inside of it that a key leads to.
  init(_ model: KerasModel, _ index: SourceIndex, key: [String] = []) throws(Refusal) {
    do throws(KerasReduction.Obstacle) { reduction = try KerasReduction(model, index, key: key) } catch {
      throw .obstacle(error.words)
    }
    guard let guess = ArchitectureGuess(reduction.wiring).architecture() else { throw .unknown(reduction) }
    architecture = guess
    do throws(WiringMatch.Difference) { match = try Self.compare(guess, reduction) } catch {
      throw .difference(error, guess, reduction)
    }
  }

  /// Compares an architecture with the network of a file.
  static func compare(
    _ architecture: Architecture, _ reduction: KerasReduction
  ) throws(WiringMatch.Difference) -> WiringMatch {
    let theirs = reduction.wiring
    let ours: Wiring
    do throws(ArchitectureError) {
      ours = try Wiring(
        architecture.graph(), inputChannels: theirs.inputChannels, inputExtent: theirs.inputExtent)
    } catch {
      throw WiringMatch.Difference(
        layer: nil, found: error.message, expected: "a network like \(architecture.name)", node: "network")
    }
    return try WiringMatch(ours: ours, theirs: theirs)
  }

  /// The state dict of a file under canonical names; tensors of layers that the network does not use keep their own.
  func reading(of stateDict: StateDict) -> StateDict {
    var names: [Int: String] = [:]
    for (module, layer) in match.layers {
      let path = module.split(separator: ".").joined(separator: "/")
      for (leaf, tensor) in reduction.places[layer]?.tensors ?? [:] { names[tensor] = "\(path)/\(leaf)" }
    }
    var reading = stateDict
    reading.names = zip(stateDict.names, stateDict.tensors).map { name, tensor in names[tensor] ?? name }
    reading.renaming = Renaming(
      dialect: Self.dialect, layouts: layouts())
    return reading
  }

  /// How the file arranges the weights of single modules, where that is not as usual.
  func layouts() -> [String: Layout] {
    var layouts: [String: Layout] = [:]
    for parameter in (try? architecture.graph().parameters) ?? [] {
      guard let layer = match.layers[parameter.module], let place = reduction.places[layer] else { continue }
      let rank = place.tensors["kernel"].map { reduction.index.tensors[$0].shape.count }
      switch (parameter.role, rank) {
      case (.linearWeight, 4): layouts[parameter.module] = .pointwiseConvolution
      case (.convolutionWeight, 2): layouts[parameter.module] = .linear
      case (.convolutionWeight, _) where place.layer.className == "DepthwiseConv2D":
        layouts[parameter.module] = .depthwise
      default: break
      }
    }
    for module in match.flipped { layouts[module] = .flippedInputs }
    return layouts
  }
}

extension KerasStructure.Refusal {
  /// Why, in words.
  var words: String {
    switch self {
    case .obstacle(let words): words
    case .unknown(let reduction):
      reduction.wiring.nodes.first { if case .other = $0.step { true } else { false } }.map {
        "the layer \"\($0.name)\" is \($0.step.words)"
      } ?? "it is neither a ResNet nor a MobileNetV2 nor a single attention module"
    case .difference(let difference, let architecture, _):
      "it resembles \(architecture.name), but \(difference.words)"
    }
  }
}

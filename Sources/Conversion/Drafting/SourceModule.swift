import SourceFormats

/// The tensors of a file that have one name but for their last part: a layer of an unknown code base.
struct SourceModule {
  /// One tensor of a module.
  struct Leaf {
    /// What stands behind the module's name, separator included: `.weight`.
    var suffix: String
    /// The number of the tensor in ``SourceIndex/tensors``.
    var tensor: Int
    var shape: [Int]
  }

  /// What a layer is by the tensors that it has.
  enum Kind: Hashable {
    case norm
    /// A weight of so many dimensions.
    case weight(rank: Int)
  }

  /// The name of the module.
  let path: String

  /// The name with its numbers taken out.
  let name: NumberedName

  /// The tensors by the canonical leaf that they stand for.
  private(set) var leaves: [String: Leaf] = [:]

  /// The kind of layer; `nil` where the tensors are those of no layer.
  var kind: Kind? {
    guard let weight = leaves["weight"] else { return nil }
    if weight.shape.count == 1 {
      return leaves["running_mean"] == nil || leaves["running_var"] == nil ? nil : .norm
    }
    return leaves["running_mean"] == nil ? .weight(rank: weight.shape.count) : nil
  }

  /// Modules beyond this number are not looked at; ResNet-152 with CBAM has 522, and every layer is compared with each.
  static let maximumModules = 4096

  /// The modules of a state dict in the order of their first tensor. Names that are no known part of any are left out.
  static func modules(of stateDict: StateDict, _ index: SourceIndex) -> [SourceModule] {
    var modules: [SourceModule] = []
    var numbers: [Substring: Int] = [:]
    for (name, tensor) in zip(stateDict.names, stateDict.tensors) {
      // Templates have no way to write braces.
      guard let (path, leaf) = split(name), !path.contains("{"), !path.contains("}") else { continue }
      let number = numbers[path] ?? modules.count
      if number == modules.count {
        guard number < Self.maximumModules else { continue }
        numbers[path] = number
        modules.append(SourceModule(path: String(path), name: NumberedName(path)))
      }
      guard modules[number].leaves[leaf] == nil else { continue }
      modules[number].leaves[leaf] = Leaf(
        suffix: String(name[path.endIndex...]), tensor: tensor, shape: index.tensors[tensor].shape)
    }
    return modules
  }

  /// What code bases call the parameters of a layer, by their canonical names. PyTorch's and Keras' own words, those of
  /// other frameworks (JAX' Haiku and Flax, MXNet, Caffe) and plain abbreviations.
  private static let words: [(leaf: String, words: [String])] = [
    ("num_batches_tracked", ["num_batches_tracked"]),
    ("running_mean", ["running_mean", "moving_mean", "mean", "rm", "mu"]),
    (
      "running_var",
      ["running_variance", "moving_variance", "running_var", "moving_var", "variance", "var", "rv"]
    ),
    (
      "weight",
      ["depthwise_kernel", "weights", "weight", "kernel", "gamma", "scale", "filters", "filter", "w", "g"]
    ),
    ("bias", ["offset", "biases", "bias", "shift", "beta", "b"]),
  ]

  /// A name without its last part, and the canonical leaf that this stands for.
  private static func split(_ name: String) -> (module: Substring, leaf: String)? {
    for (leaf, words) in words {
      for word in words where name.utf8.count > word.utf8.count + 1 && name.lowercased().hasSuffix(word) {
        let path = name.dropLast(word.count)
        if let separator = path.last, "./_:-".contains(separator), path.count > 1 {
          return (path.dropLast(), leaf)
        }
      }
    }
    return nil
  }
}

import Architectures
import SourceFormats

/// The layers of a Keras model and the weights of each, in the orders in which Keras keeps and expects them.
///
/// Keras loads weights by these orders: layers by their depth in the graph, those of one depth by creation; within a
/// layer all that is trained before all that is not, each in the order in which it was created.
/// Source: `keras/src/engine/functional.py` (`_map_graph_network`, 2.15) and `keras/src/ops/function.py` (3);
/// `keras/src/saving/legacy/hdf5_format.py` (`_legacy_weights`).
struct KerasLayers {
  /// A tensor to write, and what it is.
  struct Weight {
    /// The parameter, with its name and shape in the source.
    var row: DialectMapping.Row
    /// The tensor.
    var output: TensorOutput
  }

  /// A layer of the model itself. Layers inside of a layer belong to it.
  struct Layer {
    /// The name.
    var name: String
    /// Its weights; their names begin with that of the layer.
    var tensors: [TensorOutput]
    /// The class of Keras as it stands in paths (`batch_normalization`); of a layer that holds others, that of the first.
    var className: String

    /// Whether the weights are those of layers inside of this one.
    var isNested: Bool { tensors.contains { $0.name.split(separator: "/").count > 2 } }
  }

  /// The layers that have weights.
  let layers: [Layer]

  /// Sorts the weights of a network into layers.
  ///
  /// - Parameters:
  ///   - weights: the weights, named as the mapping does.
  ///   - mapping: the dialect and the architecture.
  ///   - recorded: what the source called each module, where Keras had made up the names and the checkpoint says it.
  /// - Throws: ``ConversionError`` with code `unrepresentable` where a weight has no layer, and `invalidDialect` where
  ///   the dialect does not say where a layer stands.
  init(
    _ weights: [Weight], _ mapping: DialectMapping, recorded: [String: String]
  ) throws(ConversionError) {
    let modules = weights.map(\.row.parameter.module).uniqued()
    let order = try Self.creationOrder(of: modules, mapping)
    let nodes = try Self.nodes(of: mapping.architecture)
    let depths = LayerDepth.of(nodes)
    let classes = Self.classNames(mapping, nodes)
    var names = recorded
    if mapping.dialect.hasAutomaticNames, names.isEmpty { names = Self.automaticNames(order, classes) }
    var layers: [String: (layer: Layer, depth: Int, place: Int)] = [:]
    for weight in weights.sorted(by: { Self.precedes($0, $1, order) }) {
      let parameter = weight.row.parameter
      let module = parameter.module
      var output = weight.output
      if let name = names[module] { output.name = name + "/" + mapping.dialect.framework.leaf(of: parameter) }
      guard let slash = output.name.firstIndex(of: "/") else {
        throw ConversionError(
          .unrepresentable, "\"\(output.name)\" belongs to no layer of dialect \(mapping.dialect.name)",
          hint: "choose another dialect with --dialect")
      }
      let name = String(output.name[..<slash])
      var entry =
        layers[name] ?? (Layer(name: name, tensors: [], className: classes[module] ?? ""), 0, .max)
      entry.layer.tensors.append(output)
      entry.depth = max(entry.depth, depths[module] ?? 0)
      entry.place = min(entry.place, order[module] ?? 0)
      layers[name] = entry
    }
    self.layers = layers.values.sorted { ($1.depth, $0.place) < ($0.depth, $1.place) }.map(\.layer)
  }

  /// The class of each module's layer in the form that paths and automatic names have.
  /// Source: `keras/src/utils/naming.py` (`to_snake_case`).
  private static func classNames(_ mapping: DialectMapping, _ nodes: [Node]) -> [String: String] {
    var depthwise: Set<String> = []
    for node in nodes {
      if case .convolution(let convolution) = node.operation, convolution.isDepthwise {
        depthwise.insert(node.module)
      }
    }
    var names: [String: String] = [:]
    for row in mapping.rows {
      let module = row.parameter.module
      switch row.parameter.role {
      case .bias: continue
      case .normWeight, .normBias, .runningMean, .runningVariance, .batchCount:
        names[module] = "batch_normalization"
      case .channelConvolutionWeight, .convolutionWeight, .linearWeight:
        names[module] =
          switch row.sourceShape.count {
          case 4: depthwise.contains(module) ? "depthwise_conv2d" : "conv2d"
          case 3: "conv1d"
          default: "dense"
          }
      }
    }
    return names
  }

  private static func nodes(of architecture: Architecture) throws(ConversionError) -> [Node] {
    do {
      return try architecture.graph().nodes
    } catch {
      throw ConversionError(error)
    }
  }

  /// The place of each module among all: that of its creation or, where the dialect does not say, of its use.
  private static func creationOrder(
    of modules: [String], _ mapping: DialectMapping
  ) throws(ConversionError) -> [String: Int] {
    var sorted = modules
    if let order = mapping.dialect.creationOrder {
      let present = Set(modules)
      sorted = try order.modules(of: mapping.architecture).filter(present.contains)
    }
    return Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
  }

  /// What is trained comes first, then the order of creation; weights of one module keep theirs.
  private static func precedes(_ left: Weight, _ right: Weight, _ order: [String: Int]) -> Bool {
    func key(_ weight: Weight) -> (Int, Int, Int) {
      let parameter = weight.row.parameter
      // Keras creates gamma, beta, mean and variance, and a kernel before its bias, as the canonical form lists them.
      let leaf = Parameter.Role.kerasOrder.firstIndex(of: parameter.role) ?? 0
      return (parameter.isBuffer ? 1 : 0, order[parameter.module] ?? 0, leaf)
    }
    return key(left) < key(right)
  }

  /// The names that Keras gives to layers without one in a new session: the class, and from the second on a number.
  private static func automaticNames(_ order: [String: Int], _ classes: [String: String]) -> [String: String]
  {
    var names: [String: String] = [:]
    var counts: [String: Int] = [:]
    for (module, _) in order.sorted(by: { $0.value < $1.value }) {
      let className = classes[module] ?? ""
      let number = counts[className, default: 0]
      names[module] = number == 0 ? className : "\(className)_\(number)"
      counts[className] = number + 1
    }
    return names
  }
}

extension Parameter.Role {
  /// The order in which the layers of Keras create their weights (`keras/src/layers/normalization`,
  /// `keras/src/layers/convolutional/base_conv.py`, `keras/src/layers/core/dense.py`).
  fileprivate static let kerasOrder: [Self] = [
    .convolutionWeight, .linearWeight, .channelConvolutionWeight, .bias, .normWeight, .normBias, .runningMean,
    .runningVariance,
  ]
}

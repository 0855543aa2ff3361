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
    /// The class of Keras; of a layer that holds others, that of the first.
    var kind: KerasLayerClass

    /// Whether the weights may be those of layers inside of this one.
    var isNested: Bool
  }

  /// What the layer of an attention module alone is called where nothing else is known.
  private static let moduleName = "attention"

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
    let depths = try Self.depths(in: mapping.architecture)
    var names = recorded
    if names.isEmpty {
      let isAutomatic = mapping.dialect.hasAutomaticNames
      let unnamed = Set(
        weights.map(\.row).filter { isAutomatic || $0.isNumberedAttention }.map(\.parameter.module))
      names = Self.automaticNames(mapping, order.filter { unnamed.contains($0.key) })
    }
    // An attention module alone is one layer of its model, whatever is inside.
    var isModule = false
    if case .module = mapping.architecture { isModule = recorded.isEmpty }
    var layers: [String: (layer: Layer, depth: Int, place: Int)] = [:]
    for weight in weights.sorted(by: { Self.precedes($0, $1, order) }) {
      let parameter = weight.row.parameter
      let module = parameter.module
      let kind = KerasLayerClass(weight.row)
      var output = weight.output
      // The name that a depthwise kernel has in Keras 2, whose version the files state.
      if kind == .depthwiseConvolution, let name = weight.row.otherName { output.name = name }
      if let name = names[module], let slash = output.name.lastIndex(of: "/") {
        output.name.replaceSubrange(..<slash, with: name)
      }
      if isModule { output.name = Self.moduleName + "/" + output.name }
      guard let slash = output.name.firstIndex(of: "/") else {
        throw ConversionError(
          .unrepresentable, "\"\(output.name)\" belongs to no layer of dialect \(mapping.dialect.name)",
          hint: "choose another dialect with --dialect")
      }
      let name = String(output.name[..<slash])
      var entry = layers[name] ?? (Layer(name: name, tensors: [], kind: kind, isNested: isModule), 0, .max)
      entry.layer.tensors.append(output)
      // A layer that holds its weights itself gives them its name and theirs.
      if output.name[slash...].dropFirst().contains("/") { entry.layer.isNested = true }
      entry.depth = max(entry.depth, depths[module] ?? 0)
      entry.place = min(entry.place, order[module] ?? 0)
      layers[name] = entry
    }
    self.layers = layers.values.sorted { ($1.depth, $0.place) < ($0.depth, $1.place) }.map(\.layer)
  }

  /// The place of each module among all: that of its creation or, where the dialect does not say, of its use.
  private static func creationOrder(
    of modules: [String], _ mapping: DialectMapping
  ) throws(ConversionError) -> [String: Int] {
    var sorted = modules
    // Of modules alone, the order inside of a network does not tell which kind a line is of.
    if let order = mapping.dialect.creationOrder,
      mapping.dialect.hasAutomaticNames
        || ArchitectureFeatures.of(mapping.architecture)["family"] != "module"
    {
      let present = Set(modules)
      sorted = try order.modules(of: mapping.architecture).filter(present.contains)
    }
    return Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
  }

  private static func depths(in architecture: Architecture) throws(ConversionError) -> [String: Int] {
    do {
      return LayerDepth.of(try architecture.graph().nodes)
    } catch {
      throw ConversionError(error)
    }
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

  /// What Keras calls layers that nobody names in a new session, in which it creates these and no others.
  private static func automaticNames(_ mapping: DialectMapping, _ order: [String: Int]) -> [String: String] {
    var kinds: [String: KerasLayerClass] = [:]
    // The first parameter of a module is its weight, which tells the class.
    for row in mapping.rows where kinds[row.parameter.module] == nil {
      kinds[row.parameter.module] = KerasLayerClass(row)
    }
    var counts: [KerasLayerClass: Int] = [:]
    var names: [String: String] = [:]
    for (module, _) in order.sorted(by: { $0.value < $1.value }) {
      guard let kind = kinds[module] else { continue }
      names[module] = kind.name(number: counts[kind, default: 0])
      counts[kind, default: 0] += 1
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

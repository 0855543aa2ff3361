import Architectures
import SourceFormats

/// Names that Keras makes up for layers that nobody named: a class and a number that counts its layers.
enum AutomaticNames {
  /// A file of this many layers is no network that is known; the deepest published ones have about 500.
  private static let maximumLayers = 10_000

  /// A reading with canonical names for every way in which numbered layers can be those of a network, of readings with
  /// the names of the file. Of the dialects only those with automatic names count.
  static func readings(
    of stateDicts: [StateDict], dialects: [Dialect], _ index: SourceIndex
  ) -> [StateDict] {
    var readings: [StateDict] = []
    for stateDict in stateDicts where stateDict.framework == .keras && stateDict.renaming == nil {
      guard let layers = NumberedLayers(stateDict, index), layers.count <= maximumLayers else { continue }
      for dialect in dialects where dialect.hasAutomaticNames {
        for block in ResNet.Block.allCases {
          for kind in [nil] + Attention.Kind.allCases.map(Optional.some) {
            guard
              let skeleton = LayerSkeleton(dialect, block: block, attention: kind, byDepth: layers.isByDepth)
            else { continue }
            for cut in NumberingSearch(skeleton, in: layers, framework: dialect.framework).cuts() {
              readings.append(renamed(stateDict, layers, cut, dialect))
            }
          }
        }
      }
      // What was stripped further leads to the same layers.
      if !readings.isEmpty { break }
    }
    return readings.uniqued()
  }

  /// What Keras calls each canonical module of a network that is created alone, in TensorFlow's way of counting.
  ///
  /// - Throws: ``ConversionError`` with code `invalidDialect` where the dialect does not state the order of a module.
  static func names(for mapping: DialectMapping) throws(ConversionError) -> [String: String] {
    guard let order = mapping.dialect.creationOrder else {
      throw ConversionError(
        .invalidDialect,
        "dialect \(mapping.dialect.name) does not state the order in which layers are created")
    }
    var kinds: [String: KerasLayerClass] = [:]
    // The first parameter of a module is its weight, which tells the class.
    for row in mapping.rows where kinds[row.parameter.module] == nil {
      kinds[row.parameter.module] = KerasLayerClass(row)
    }
    var counts: [KerasLayerClass: Int] = [:]
    var names: [String: String] = [:]
    for module in try order.modules(of: mapping.architecture) {
      guard let kind = kinds[module] else { continue }
      names[module] = kind.name(number: counts[kind, default: 0])
      counts[kind, default: 0] += 1
    }
    return names
  }

  private static func renamed(
    _ stateDict: StateDict, _ layers: NumberedLayers, _ cut: NumberingSearch.Cut, _ dialect: Dialect
  ) -> StateDict {
    var reading = stateDict
    reading.renaming = Renaming(dialect: dialect.name)
    reading.changes += 1
    for (kind, own) in layers.layers {
      for (layer, module) in zip(own, cut[kind] ?? []) {
        let path = module.split(separator: ".").joined(separator: "/")
        for (leaf, position) in layer.leaves { reading.names[position] = "\(path)/\(leaf)" }
      }
    }
    return reading
  }
}

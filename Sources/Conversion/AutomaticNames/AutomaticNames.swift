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
        for skeleton in LayerSkeleton.all(of: dialect, byDepth: layers.isByDepth) {
          // Layers that nothing holds are a network, not a module: two dense ones alone are no squeeze-and-excitation.
          guard skeleton.block != nil || isInsideLayer(stateDict) else { continue }
          for cut in NumberingSearch(skeleton, in: layers, framework: dialect.framework).cuts() {
            readings.append(renamed(stateDict, layers, cut, dialect))
          }
        }
      }
      // What was stripped further leads to the same layers.
      if !readings.isEmpty { break }
    }
    return readings.uniqued()
  }

  /// Whether a layer, or the key that the user gave, holds all weights.
  private static func isInsideLayer(_ stateDict: StateDict) -> Bool {
    !stateDict.key.isEmpty || stateDict.strippedPrefix.split(separator: "/").contains { $0 != "layers" }
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

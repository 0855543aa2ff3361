import Architectures

/// Networks whose layers have names but for those of their attention modules, which Keras numbers (qubvel's SE-ResNets).
extension AutomaticNames {
  /// A reading in which numbered layers are those of attention modules, block by block in the order of their numbers, for
  /// every dialect that leaves them to Keras and of whose blocks each would get all of its layers.
  static func attentionReadings(of stateDicts: [StateDict], dialects: [Dialect]) -> [StateDict] {
    let stateDicts = stateDicts.filter { $0.framework == .keras && $0.renaming == nil }
    guard !stateDicts.isEmpty else { return [] }
    var readings: [StateDict] = []
    for dialect in dialects where dialect.framework == .keras && !dialect.hasAutomaticNames {
      for modules in numberedModules(of: dialect) {
        for stateDict in stateDicts {
          if let reading = reading(of: stateDict, modules, dialect) { readings.append(reading) }
        }
      }
    }
    return readings
  }

  /// The layers of attention modules within their block, in the order of their creation, for each kind that the dialect
  /// leaves to Keras.
  private static func numberedModules(of dialect: Dialect) -> [[LayerSkeleton.Layer]] {
    let modules = LayerSkeleton.all(of: dialect, byDepth: false).map { skeleton in
      skeleton.plain.filter { $0.module.hasPrefix("attention.") }
    }
    return modules.filter { !$0.isEmpty && $0.allSatisfy { isNumbered($0.module, in: dialect) } }.uniqued()
  }

  private static func isNumbered(_ module: String, in dialect: Dialect) -> Bool {
    let module = "stages.0.blocks.0." + module
    return Attention.Kind.allCases.contains { kind in
      let features = ["family": "resnet", "attention": kind.rawValue]
      return dialect.sourceModule(canonical: module, features: features)?.name == path(of: module)
    }
  }

  /// What stands for a canonical module until a number is found for it.
  static func path(of module: String) -> String { module.replacing(".", with: "/") }

  private static func reading(
    of stateDict: StateDict, _ modules: [LayerSkeleton.Layer], _ dialect: Dialect
  ) -> StateDict? {
    var blocks: Set<Block> = []
    var layers: [KerasLayerClass: [Int: [(leaf: Substring, position: Int)]]] = [:]
    for (position, name) in stateDict.names.enumerated() {
      guard let slash = name.lastIndex(of: "/") else { return nil }
      let module = name[..<slash]
      if let read = KerasLayerClass.read(module) {
        layers[read.kind, default: [:]][read.number, default: []].append(
          (name[name.index(after: slash)...], position))
      } else if let canonical = dialect.canonicalModule(source: Array(module.utf8), assuming: [:])?.name,
        let block = Block(canonical)
      {
        blocks.insert(block)
      }
    }
    let kinds = Set(modules.map(\.kind))
    guard !blocks.isEmpty, Set(layers.keys) == kinds else { return nil }
    var reading = stateDict
    reading.renaming = Renaming(dialect: dialect.name)
    reading.changes += 1
    for (kind, own) in layers {
      let places = blocks.sorted().flatMap { block in
        modules.filter { $0.kind == kind }.map { "stages.\(block.stage).blocks.\(block.index).\($0.module)" }
      }
      guard own.count == places.count else { return nil }
      for (place, layer) in zip(places, own.sorted(by: { $0.key < $1.key })) {
        for (leaf, position) in layer.value { reading.names[position] = "\(path(of: place))/\(leaf)" }
      }
    }
    return reading
  }

  /// A block's place.
  private struct Block: Hashable, Comparable {
    var stage: Int
    var index: Int

    /// The block that a canonical module is in.
    init?(_ module: String) {
      let parts = module.split(separator: ".")
      guard parts.count > 4, parts[0] == "stages", let stage = Int(parts[1]), let index = Int(parts[3]) else {
        return nil
      }
      self.stage = stage
      self.index = index
    }

    static func < (left: Block, right: Block) -> Bool {
      (left.stage, left.index) < (right.stage, right.index)
    }
  }
}

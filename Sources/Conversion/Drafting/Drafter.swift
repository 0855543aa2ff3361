import Architectures
public import SourceFormats

/// Drafts a dialect for a file whose names no dialect knows.
///
/// Nothing is mapped by it: what it finds is written down as a dialect file, in which a person can read and change each
/// line, and an import goes by that file alone.
public struct Drafter {
  /// What is known of the file beside its tensors.
  public struct Options: Sendable {
    /// The name of an architecture of the catalog.
    public var architecture: String
    /// The number of classes; `nil` for that of the file.
    public var classes: Int?
    /// The key path of the state dict.
    public var key: [String]?
    /// The name that the dialect gets.
    public var name: String

    /// Creates options.
    public init(architecture: String, classes: Int? = nil, key: [String]? = nil, name: String = "draft") {
      self.architecture = architecture
      self.classes = classes
      self.key = key
      self.name = name
    }
  }

  private let options: Options
  private let library: DialectLibrary

  /// Creates a drafter; the dialects of a library need no draft.
  public init(library: DialectLibrary, options: Options) {
    self.library = library
    self.options = options
  }

  /// At most so many parts of a file are tried; the most promising come first.
  private static let maximumPlaces = 3

  /// Drafts a dialect for a source.
  ///
  /// - Throws: ``ConversionError`` with code `noStateDict` where the source holds no tensors, at the key asked for or at
  ///   all, or `unknownName` where the architecture is not known.
  public func draft(_ index: SourceIndex) throws(ConversionError) -> DialectDraft {
    let preset = try RecognitionOptions.architecture(named: options.architecture)
    let recognizer = Recognizer(library: library, options: recognitionOptions(architecture: nil))
    guard !index.tensors.isEmpty else { throw recognizer.noTensors(index) }
    let places = StateDict.candidates(in: index, key: options.key).prefix(Self.maximumPlaces)
    var best: Trial?
    for place in places {
      let stateDict = PrefixStripping.withoutSharedPrefix(place)
      for reading in [stateDict, PrefixStripping.withoutNumbers(stateDict)].compactMap(\.self) {
        let trial = try self.trial(reading, preset, index)
        if best.map({ trial.isBetter(than: $0) }) ?? true { best = trial }
      }
    }
    guard let best else {
      throw ConversionError(
        .noStateDict, "no tensors at key \"\(options.key?.joined(separator: ".") ?? "")\"",
        hint: "'attnconv inspect' lists all tensors with their keys")
    }
    let known = try? recognizer.recognize(index)
    return try DraftWriter(name: options.name, index: index, known: known?.fit).draft(best)
  }

  private func recognitionOptions(architecture: String?) -> RecognitionOptions {
    var options = RecognitionOptions()
    options.key = self.options.key
    options.architecture = architecture
    return options
  }

  /// What was found in one part of a source.
  struct Trial {
    var stateDict: StateDict
    var architecture: Architecture
    var layers: [CanonicalModule]
    var modules: [SourceModule]
    var matches: [Int: ModuleMatch]

    /// More layers, and of as many more that are certain.
    func isBetter(than other: Trial) -> Bool {
      func certain(_ trial: Trial) -> Int { trial.matches.values.count { $0.uncertainty == nil } }
      return (matches.count, certain(self)) > (other.matches.count, certain(other))
    }
  }

  /// Matches twice: first with the sizes of the catalog's network, of which some may be others, then with those that the
  /// first match shows.
  private func trial(
    _ stateDict: StateDict, _ preset: Architecture, _ index: SourceIndex
  ) throws(ConversionError) -> Trial {
    let modules = SourceModule.modules(of: stateDict, index)
    let framework = stateDict.framework
    let scaled = NetworkScale(modules: modules, framework: framework).applied(to: preset)
    let first = try match(scaled, modules, framework, sizesVary: true)
    var shapes = first.shapes(modules, framework)
    if let classes = options.classes {
      shapes["head.bias"] = [classes]
      if let weight = shapes["head.weight"], weight.count == 2 {
        shapes["head.weight"] = [classes, weight[1]]
      }
    }
    let inferred = try? ArchitectureInference.infer(shapes: shapes, following: scaled)
    let architecture = inferred ?? scaled
    let second = try match(architecture, modules, framework, sizesVary: false)
    return Trial(
      stateDict: stateDict, architecture: architecture, layers: second.layers, modules: modules,
      matches: second.matches)
  }

  private struct Match {
    var layers: [CanonicalModule]
    var matches: [Int: ModuleMatch]

    /// The canonical shapes of what was matched, by canonical name.
    func shapes(_ modules: [SourceModule], _ framework: Framework) -> [String: [Int]] {
      var shapes: [String: [Int]] = [:]
      for (layer, match) in matches {
        for (leaf, tensor) in modules[match.module].leaves {
          let shape =
            framework.layout(rank: tensor.shape.count)?.canonicalShape(source: tensor.shape) ?? tensor.shape
          shapes["\(layers[layer].path).\(leaf)"] = match.layout?.canonicalShape(source: shape) ?? shape
        }
      }
      return shapes
    }
  }

  private func match(
    _ architecture: Architecture, _ modules: [SourceModule], _ framework: Framework, sizesVary: Bool
  ) throws(ConversionError) -> Match {
    let graph: Graph
    do {
      graph = try architecture.graph()
    } catch {
      throw ConversionError(error)
    }
    let layers = CanonicalModule.modules(of: graph, flatBlocks: architecture.blocksPerStage)
    let fits = FitTable(layers, modules, framework, sizesVary: sizesVary)
    var matches = LineAssignment(layers, modules, fits).matches()
    if matches.count < layers.count {
      // A layer that occurs once is told by its place among the others, which the order shows.
      for layer in layers.indices where matches[layer]?.uncertainty != nil && matches[layer]?.isAlone == true
      {
        matches[layer] = nil
      }
      let used = Set(matches.values.map(\.module))
      let open = Set(layers.indices.filter { matches[$0] == nil })
      let alignment = SequenceAlignment(layers: layers, modules: modules, fits: fits)
      matches.merge(alignment.matches(open, modules.indices.filter { !used.contains($0) })) { line, _ in line
      }
    }
    return Match(layers: layers, matches: matches)
  }
}

extension Architecture {
  /// The number of blocks of each stage; none for a module.
  var blocksPerStage: [Int] {
    switch self {
    case .resnet(let network): network.blocksPerStage
    case .mobilenetV2: MobileNetV2.blocksPerStage
    case .module: []
    }
  }
}

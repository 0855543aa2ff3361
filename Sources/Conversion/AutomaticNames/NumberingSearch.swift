import Architectures

/// Cuts numbered layers into stem, blocks, stages and head, in all ways that the shapes of the backbone allow.
///
/// Convolutions must continue each other, norms must have their width, and a block has a shortcut where it changes the
/// map. What the attention modules hold is compared later, with everything else.
struct NumberingSearch {
  /// One way to cut: for each layer, by class, its canonical module.
  typealias Cut = [KerasLayerClass: [String]]

  /// Blocks looked at; the deepest published network has 66, and its shapes allow one way only.
  private static let maximumSteps = 4096

  /// More ways than these are no better known than one more than one.
  private static let maximumCuts = 8

  private let skeleton: LayerSkeleton
  private let layers: [KerasLayerClass: [NumberedLayers.Layer]]
  private let framework: Framework

  /// How far a way has come.
  private struct State {
    var used: [KerasLayerClass: Int] = [:]
    var channels = 0
    /// For each block whether it has a shortcut of its own.
    var blocks: [Bool] = []
  }

  /// Prepares a search.
  init(_ skeleton: LayerSkeleton, in layers: NumberedLayers, framework: Framework) {
    self.skeleton = skeleton
    self.layers = layers.layers
    self.framework = framework
  }

  /// All ways, those with a head or, where there are none, those without.
  func cuts() -> [Cut] {
    var open: [State] = []
    var whole: [State] = []
    var headless: [State] = []
    var start = State()
    guard let stem = take(skeleton.stem, &start) else { return [] }
    guard let block = skeleton.block else { return isAtEnd(start) ? [cut(start)] : [] }
    let kernels = block == .basic ? [3, 3] : [1, 3, 1]
    let convolution = stem.last { $0.layer.kind == .convolution }
    start.channels = convolution.flatMap { shape($0)?.first } ?? 0
    open.append(start)
    var steps = 0
    while let state = open.popLast(), steps < Self.maximumSteps, whole.count < Self.maximumCuts {
      steps += 1
      if !state.blocks.isEmpty {
        if isAtEnd(state) { headless.append(state) }
        var end = state
        if take(skeleton.head, &end) != nil, isAtEnd(end) { whole.append(end) }
      }
      if let next = self.block(skeleton.plain, kernels, behind: state, hasShortcut: false) {
        open.append(next)
      }
      var between = state
      if state.blocks.isEmpty || take(skeleton.behindStage, &between) != nil,
        let next = self.block(skeleton.first, kernels, behind: between, hasShortcut: true)
      {
        open.append(next)
      }
    }
    return (whole.isEmpty ? Array(headless.prefix(Self.maximumCuts)) : whole).map(cut)
  }

  private func isAtEnd(_ state: State) -> Bool {
    layers.allSatisfy { state.used[$0.key, default: 0] == $0.value.count }
  }

  /// The next layers of each class, for some modules; `nil` where there are not so many.
  private func take(
    _ modules: [LayerSkeleton.Layer], _ state: inout State
  ) -> [(layer: LayerSkeleton.Layer, found: NumberedLayers.Layer)]? {
    var taken: [(layer: LayerSkeleton.Layer, found: NumberedLayers.Layer)] = []
    for module in modules {
      let number = state.used[module.kind, default: 0]
      guard let own = layers[module.kind], number < own.count else { return nil }
      state.used[module.kind] = number + 1
      taken.append((module, own[number]))
    }
    return taken
  }

  /// The shape of a layer's weight as the canonical form has it.
  private func shape(_ taken: (layer: LayerSkeleton.Layer, found: NumberedLayers.Layer)) -> [Int]? {
    let stored = taken.found.shape
    let shape = framework.layout(rank: stored.count)?.canonicalShape(source: stored) ?? stored
    return taken.layer.layout.map { $0.canonicalShape(source: shape) } ?? shape
  }

  /// The state behind one more block whose convolutions have some kernels; `nil` where the next layers are none.
  private func block(
    _ modules: [LayerSkeleton.Layer], _ kernels: [Int], behind state: State, hasShortcut: Bool
  ) -> State? {
    var next = state
    guard let taken = take(modules, &next) else { return nil }
    let shapes = Dictionary(uniqueKeysWithValues: taken.map { ($0.layer.module, shape($0) ?? []) })
    var width = state.channels
    for (number, kernel) in kernels.enumerated() {
      let convolution = shapes["conv\(number + 1)"] ?? []
      guard convolution.count == 4, convolution[1...] == [width, kernel, kernel] else { return nil }
      // Behind its convolution or, in networks that activate first, before it.
      if let norm = shapes["norm\(number + 1)"], norm != [convolution[0]], norm != [width] { return nil }
      width = convolution[0]
    }
    if hasShortcut {
      guard shapes["shortcut.conv"] == [width, state.channels, 1, 1] else { return nil }
      if let norm = shapes["shortcut.norm"], norm != [width] { return nil }
    } else if width != state.channels {
      return nil
    }
    next.channels = width
    next.blocks.append(hasShortcut)
    return next
  }

  /// Names the layers of a way that has come to the end.
  private func cut(_ state: State) -> Cut {
    var cut: Cut = [:]
    func add(_ modules: [LayerSkeleton.Layer], _ prefix: String = "") {
      for module in modules { cut[module.kind, default: []].append(prefix + module.module) }
    }
    add(skeleton.stem)
    var (stage, block) = (0, 0)
    for (number, hasShortcut) in state.blocks.enumerated() {
      if hasShortcut, number > 0 {
        add(skeleton.behindStage, "stages.\(stage).")
        (stage, block) = (stage + 1, 0)
      }
      add(hasShortcut ? skeleton.first : skeleton.plain, "stages.\(stage).blocks.\(block).")
      block += 1
    }
    add(skeleton.head)
    return cut
  }
}

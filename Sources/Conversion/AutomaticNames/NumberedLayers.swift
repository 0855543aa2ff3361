import SourceFormats

/// The layers of a state dict whose names Keras made up, class by class in the order in which they were created.
struct NumberedLayers: Sendable {
  /// One layer.
  struct Layer: Hashable, Sendable {
    /// The number in its name.
    var number: Int
    /// Its weights: the leaf and the position among the names of the state dict.
    var leaves: [String: Int] = [:]
    /// The shape of its weight or scale in the source.
    var shape: [Int] = []
  }

  /// The layers of each class by number. Numbers may begin anywhere and leave some out.
  let layers: [KerasLayerClass: [Layer]]

  /// Whether the numbers are those of the file, which counts the layers of a network by their depth; otherwise they
  /// are those of the names that Keras made up when the layers were created.
  let isByDepth: Bool

  /// The number of all layers.
  var count: Int { layers.values.reduce(0) { $0 + $1.count } }

  /// Sorts the names of a state dict; `nil` where Keras did not make up all of them.
  init?(_ stateDict: StateDict, _ index: SourceIndex) {
    var found: [KerasLayerClass: [Int: Layer]] = [:]
    // A `.weights.h5` has a group `layers`, and may say nothing of the names inside of it.
    isByDepth = index.tensors.first?.path.first?.hasPrefix("layers/") == true
    for (position, name) in stateDict.names.enumerated() {
      let tensor = index.tensors[stateDict.tensors[position]]
      let segments = name.split(separator: "/", omittingEmptySubsequences: false)
      guard let leaf = segments.last, let first = segments.first else { return nil }
      // The group of a layer has its name; what TensorFlow put before the leaf may have further numbers.
      let group = tensor.path.count == 2 ? tensor.path[0] : ""
      guard
        let read = KerasLayerClass.read(group) ?? (segments.count == 2 ? KerasLayerClass.read(first) : nil)
      else { return nil }
      var layer = found[read.kind]?[read.number] ?? Layer(number: read.number)
      guard layer.leaves.updateValue(position, forKey: String(leaf)) == nil else { return nil }
      if leaf == "kernel" || leaf == "gamma" { layer.shape = tensor.shape }
      found[read.kind, default: [:]][read.number] = layer
    }
    layers = found.mapValues { $0.values.sorted { $0.number < $1.number } }
  }
}

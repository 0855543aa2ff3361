/// The objects of an HDF5 file, read as what Keras writes.
struct KerasTree {
  private let objects: [HDF5Object]
  private let byPath: [String: Int]

  init(_ objects: [HDF5Object]) {
    self.objects = objects
    byPath = Dictionary(objects.enumerated().map { ($1.path, $0) }) { first, _ in first }
  }

  /// Where the bytes of the HDF5 file lie in the file that the user named.
  struct Place {
    /// The number of bytes of the HDF5 file.
    var fileSize: UInt64
    /// The offset of its first byte.
    var offset: UInt64 = 0
    /// The storage that holds all of it, where it has to be decoded first.
    var storage: Int?
    /// The number of that file in ``SourceIndex/files``.
    var file = 0
  }

  /// Adds all tensors to an index, and what the file says about the network to its extras.
  func fill(_ index: inout SourceIndex, place: Place) throws(SourceError) {
    let legacy = weightsGroup
    guard legacy != nil || holdsVariables else { throw ForeignHDF5(objects).error }
    try refuseLinks()
    index.extras += texts(of: "")
    if let legacy {
      try addLayers(of: legacy, to: &index, place)
    } else {
      if index.container == .kerasHDF5 { index.container = .kerasWeights }
      try KerasVariables([.init(objects: objects, place: place)]).fill(&index)
    }
  }

  /// The group of a file in the format of Keras 1 and 2: the root of a file of weights, `model_weights` of a whole
  /// model.
  private var weightsGroup: String? {
    ["model_weights", ""].first { path in
      byPath[path].map {
        objects[$0].attributes.keys.contains { $0 == "layer_names" || $0 == "layer_names0" }
      } ?? false
    }
  }

  /// Whether the file has the format of `.weights.h5`.
  var holdsVariables: Bool { objects.contains { KerasVariables.owner(of: $0) != nil } }

  /// Keras writes groups and datasets only, and refuses the rest itself.
  func refuseLinks() throws(SourceError) {
    for object in objects {
      if case .other(let words) = object.kind {
        throw SourceError(
          .unsupported, "\"\(object.path)\" is \(words), which no Keras file has",
          hint: "in Python, load the weights and save them again")
      }
    }
  }

  private func addLayers(
    of root: String, to index: inout SourceIndex, _ place: Place
  ) throws(SourceError) {
    let prefix = root.isEmpty ? "" : root + "/"
    if !root.isEmpty {
      let known = Set(index.extras)
      index.extras += texts(of: root).filter { !known.contains($0) }
    }
    var layers = try names("layer_names", of: root)
    // Weights that belong to the model and to none of its layers.
    let topLevel = "top_level_model_weights"
    if byPath[prefix + topLevel] != nil, !layers.contains(topLevel) { layers.append(topLevel) }
    var used: Set<String> = []
    for layer in layers {
      guard let group = byPath[prefix + layer], case .group = objects[group].kind else {
        throw SourceError(.malformed, "the file lists the layer \"\(layer)\", which it does not hold")
      }
      for weight in try names("weight_names", of: prefix + layer) {
        let path = "\(prefix)\(layer)/\(weight)"
        guard let number = byPath[path], case .dataset(let dataset) = objects[number].kind else {
          throw SourceError(
            .malformed, "the layer \"\(layer)\" lists the weight \"\(weight)\", which the file does not hold")
        }
        guard used.insert(path).inserted else {
          throw SourceError(.malformed, "the weight \"\(path)\" is listed twice")
        }
        try add(dataset, [layer, weight], to: &index, place)
      }
    }
    var unlisted = 0
    var ofOptimizer = 0
    for case let object in objects where !used.contains(object.path) {
      guard case .dataset = object.kind else { continue }
      if object.path.hasPrefix("optimizer_weights/") {
        ofOptimizer += 1
      } else if object.path.hasPrefix(prefix) {
        unlisted += 1
      }
    }
    if ofOptimizer > 0 { index.notes.append("variables left out: \(ofOptimizer) of the optimizer") }
    if unlisted > 0 {
      index.notes.append("\(unlisted) datasets are no weights of any layer and are left out")
    }
  }

  private func add(
    _ dataset: HDF5Object.Dataset, _ path: [String], to index: inout SourceIndex, _ place: Place
  ) throws(SourceError) {
    try index.add(dataset, path, named: path.joined(separator: "/"), place)
  }

  /// The texts of a list that Keras splits over several attributes where it is long (`HDF5_OBJECT_HEADER_LIMIT`).
  private func names(_ attribute: String, of path: String) throws(SourceError) -> [String] {
    guard let attributes = byPath[path].map({ objects[$0].attributes }) else { return [] }
    var names: [String] = []
    if let whole = attributes[attribute] {
      guard let whole else { throw notText(attribute, path) }
      return whole
    }
    var part = 0
    while let found = attributes["\(attribute)\(part)"] {
      guard let found else { throw notText("\(attribute)\(part)", path) }
      names += found
      part += 1
    }
    guard part > 0 else {
      throw SourceError(.malformed, "\(Self.group(path)) has no attribute \"\(attribute)\"")
    }
    return names
  }

  private func notText(_ attribute: String, _ path: String) -> SourceError {
    SourceError(.malformed, "the attribute \"\(attribute)\" of \(Self.group(path)) holds no texts")
  }

  private static func group(_ path: String) -> String {
    path.isEmpty ? "the root group" : "the group \"\(path)\""
  }

  /// The attributes of a group that hold one text each, but for the lists of names.
  private func texts(of path: String) -> [SourceExtra] {
    guard let object = byPath[path].map({ objects[$0] }) else { return [] }
    let own = path.isEmpty || path == "model_weights" ? [] : [path]
    return object.attributes.sorted { $0.key < $1.key }.compactMap { name, texts in
      guard let text = texts?.first, texts?.count == 1, !name.hasPrefix("layer_names"),
        !name.hasPrefix("weight_names")
      else { return nil }
      return SourceExtra(path: own + [name], value: .text(text))
    }
  }
}

extension SourceIndex {
  /// Adds a dataset as a tensor, or as an extra where it holds no numbers; messages call it by its name in the file.
  mutating func add(
    _ dataset: HDF5Object.Dataset, _ path: [String], named name: String, _ place: KerasTree.Place
  ) throws(SourceError) {
    switch dataset.type {
    case .other(let words):
      extras.append(SourceExtra(path: path, value: .unreadableTensor(reason: words)))
    case .numbers, .twoBytes:
      let storage = try KerasStorage(dataset, name, place)
      tensors.append(storage.tensor(path, nextStorage: storages.count))
      if let own = storage.storage { storages.append(own) }
    }
  }
}

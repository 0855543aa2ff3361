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
  }

  /// Adds all tensors to an index, and what the file says about the network to its extras.
  func fill(_ index: inout SourceIndex, place: Place) throws(SourceError) {
    let legacy = weightsGroup
    guard legacy != nil || objects.contains(where: isVariable) else { throw ForeignHDF5(objects).error }
    try refuseLinks()
    index.extras += texts(of: "")
    if let legacy {
      try addLayers(of: legacy, to: &index, place)
    } else {
      if index.container == .kerasHDF5 { index.container = .kerasWeights }
      try addVariables(to: &index, place)
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

  /// Keras numbers the variables of an object in a group `vars`.
  private func isVariable(_ object: HDF5Object) -> Bool {
    let parts = object.path.split(separator: "/")
    guard case .dataset = object.kind, parts.count >= 2 else { return false }
    return parts[parts.count - 2] == "vars" && parts[parts.count - 1].allSatisfy(\.isNumber)
  }

  /// Keras writes groups and datasets only, and refuses the rest itself.
  private func refuseLinks() throws(SourceError) {
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
    if !root.isEmpty { index.extras += texts(of: root).filter { extra in !index.extras.contains(extra) } }
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
    for object in objects where object.path.hasPrefix(prefix) && !object.path.hasPrefix("optimizer_weights/")
    {
      if case .dataset = object.kind, !used.contains(object.path) { unlisted += 1 }
    }
    if unlisted > 0 {
      index.notes.append("\(unlisted) datasets are no weights of any layer and are left out")
    }
  }

  private func addVariables(to index: inout SourceIndex, _ place: Place) throws(SourceError) {
    let variables = objects.filter { isVariable($0) && !$0.path.hasPrefix("optimizer/") }
      .sorted { NaturalOrder.precedes($0.path, $1.path) }
    for object in variables {
      guard case .dataset(let dataset) = object.kind else { continue }
      try add(dataset, [object.path], to: &index, place)
    }
    // Since Keras 3.10 or so the group of an object's variables says what the layer is called.
    for object in objects.sorted(by: { NaturalOrder.precedes($0.path, $1.path) }) {
      if case .group = object.kind, object.path.hasSuffix("vars") { index.extras += texts(of: object.path) }
    }
  }

  private func add(
    _ dataset: HDF5Object.Dataset, _ path: [String], to index: inout SourceIndex,
    _ place: Place
  ) throws(SourceError) {
    let name = path.joined(separator: "/")
    switch dataset.type {
    case .other(let words):
      index.extras.append(SourceExtra(path: path, value: .unreadableTensor(reason: words)))
    case .numbers, .twoBytes:
      let storage = try KerasStorage(dataset, name, place)
      index.tensors.append(storage.tensor(path, nextStorage: index.storages.count))
      if let own = storage.storage { index.storages.append(own) }
    }
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
      throw SourceError(.malformed, "the group \"\(path)\" has no attribute \"\(attribute)\"")
    }
    return names
  }

  private func notText(_ attribute: String, _ path: String) -> SourceError {
    SourceError(.malformed, "the attribute \"\(attribute)\" of \"\(path)\" holds no texts")
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

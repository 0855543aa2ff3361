import SourceFormats

/// Keras files have no dictionaries: the keys are models and layers that hold others.
extension StateDict {
  /// The weights of a Keras file, or those of one model or layer in it.
  ///
  /// All names are unique without the layers that hold them, except where two models inside of a model have equal
  /// names.
  static func keras(_ index: SourceIndex, at key: [String]) -> StateDict? {
    let tensors = Array(index.tensors.indices)
    guard !key.isEmpty else {
      let short = index.tensors.map { plainName($0.path.last ?? "") }
      let names =
        Set(short).count == short.count ? short : index.tensors.map { plainName(index.name(of: $0)) }
      return StateDict(
        framework: .keras, key: [], strippedPrefix: "", changes: 0, names: names, tensors: tensors)
    }
    // The command line splits keys at dots, which names of Keras may have; its own paths have slashes.
    let written = key.joined(separator: ".").split(separator: "/").map(String.init)
    for key in [written, written.flatMap { $0.split(separator: ".").map(String.init) }] {
      var found = StateDict(
        framework: .keras, key: key, strippedPrefix: "", changes: 0, names: [], tensors: [])
      for number in tensors {
        let path = modulePath(of: index.tensors[number])
        guard path.count > key.count, path.starts(with: key) else { continue }
        found.names.append(path.dropFirst(key.count).joined(separator: "/"))
        found.tensors.append(number)
      }
      if !found.names.isEmpty, Set(found.names).count == found.names.count { return found }
    }
    return nil
  }

  /// The top of a Keras file and all that hold several modules, those of fewer levels first.
  static func kerasKeys(in index: SourceIndex) -> [[String]] {
    var keys: [[String]] = [[]]
    var members: [[String]: Set<String>] = [:]
    for tensor in index.tensors {
      let path = modulePath(of: tensor).dropLast()
      for length in 1..<max(1, path.count) {
        let key = Array(path.prefix(length))
        if members[key] == nil { keys.append(key) }
        members[key, default: []].insert(path[length])
      }
    }
    let holders = keys.enumerated().filter { $0.element.isEmpty || (members[$0.element]?.count ?? 0) > 1 }
    return holders.sorted { ($0.element.count, $0.offset) < ($1.element.count, $1.offset) }.map(\.element)
  }

  /// The modules that lead to a weight, and what it is called there.
  private static func modulePath(of tensor: SourceTensor) -> [String] {
    func segments(_ text: String) -> [String] { text.split(separator: "/").map(String.init) }
    let path = segments(plainName(tensor.path.last ?? ""))
    let layer = tensor.path.dropLast().flatMap(segments)
    return path.starts(with: layer) && path.count > layer.count ? path : layer + path
  }

  /// TensorFlow adds the number of an operation's output, which is 0.
  private static func plainName(_ name: String) -> String {
    name.hasSuffix(":0") ? String(name.dropLast(2)) : name
  }
}

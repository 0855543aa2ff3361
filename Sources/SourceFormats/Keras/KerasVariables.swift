import JSON

/// The weights of Keras' own format (`.weights.h5`, `.keras`): numbered variables (`layers/conv2d/vars/0`) in a tree of
/// objects, named here as in an `.h5` file of the same model.
///
/// Source: `keras/src/saving/saving_lib.py`.
struct KerasVariables {
  /// One HDF5 file: all of the weights, or a shard of them.
  struct Part {
    var objects: [HDF5Object]
    var place: KerasTree.Place
  }

  /// An object of the model with variables of its own.
  private struct Owner {
    var path: String
    /// By number; those of one object may be spread over several parts.
    var variables: [Int: (dataset: HDF5Object.Dataset, place: KerasTree.Place)] = [:]
  }

  /// Variables that are no weights of any layer.
  private enum State: String, CaseIterable {
    case optimizer = "of the optimizer"
    case metrics = "of metrics"
    case generators = "of random generators"

    init?(owner path: String) {
      let segments = path.split(separator: "/")
      if segments.first == "optimizer" {
        self = .optimizer
      } else if segments.first == "metrics" {
        self = .metrics
      } else if let last = segments.last, KerasClass(segment: last).name == "seed_generator" {
        self = .generators
      } else {
        return nil
      }
    }
  }

  private let parts: [Part]

  init(_ parts: [Part]) { self.parts = parts }

  /// The path of the object whose variable a dataset is: what stands before `vars/<number>`.
  static func owner(of object: HDF5Object) -> String? {
    guard case .dataset = object.kind, let bar = object.path.lastIndex(of: "/"),
      object.path[bar...].dropFirst().utf8.allSatisfy({ 0x30...0x39 ~= $0 })
    else { return nil }
    return holder(ofGroup: object.path[..<bar])
  }

  /// The path of the object whose group of variables this is.
  private static func holder(ofGroup path: Substring) -> String? {
    if path == "vars" { return "" }
    return path.hasSuffix("/vars") ? String(path.dropLast(5)) : nil
  }

  /// Adds all weights to an index, and notes what is left out or has no name.
  func fill(_ index: inout SourceIndex) throws(SourceError) {
    let objects = objects
    if parts.count == 1, let name = KerasShardedReader.indexName(besides: index.files[0]) {
      // Keras begins with the group of the model itself, which then stands in the first file.
      guard objects[""] != nil || !objects.values.contains(where: { $0 != nil }) else {
        throw SourceError(
          .unsupported, "the file is one of several that hold the weights together",
          hint: "name their index, \(name)")
      }
      index.notes.append("by its name the file may be one of several; their index would be \(name)")
    }
    var leftOut: [State: Int] = [:]
    var owners: [Owner] = []
    for owner in try sorted() {
      if let state = State(owner: owner.path) {
        leftOut[state, default: 0] += owner.variables.count
      } else {
        owners.append(owner)
      }
    }
    let version = index.kerasVersion
    var names = KerasModuleNames(objects, index.kerasModel, isKeras2: version == 2)
    var modules: [KerasModuleNames.Module] = []
    for owner in owners { modules.append(names.module(at: owner.path)) }
    keepPathsOfTwins(&modules, owners, &index)
    let order = owners.indices.sorted { left, right in
      modules[left].order == modules[right].order
        ? left < right : modules[left].order.lexicographicallyPrecedes(modules[right].order)
    }
    var unknown: [String] = []
    for number in order {
      try add(owners[number], modules[number], isKeras2: version == 2, to: &index, unknown: &unknown)
    }
    if let first = modules.first(where: { !$0.isNamed }) {
      index.notes.append(
        "the file does not name its layers: they keep their numbers, as in \"\(first.layer)\"")
    }
    if let first = unknown.first {
      index.notes.append(
        "variables without a certain name keep their numbers: \(unknown.count), the first is \"\(first)\"")
    }
    let states = State.allCases.compactMap { state in leftOut[state].map { "\($0) \(state.rawValue)" } }
    if !states.isEmpty { index.notes.append("variables left out: " + states.joined(separator: ", ")) }
    let strays = parts.reduce(0) { count, part in
      count + part.objects.count { if case .dataset = $0.kind { Self.owner(of: $0) == nil } else { false } }
    }
    if strays > 0 { index.notes.append("\(strays) datasets are no weights of any layer and are left out") }
  }

  private func add(
    _ owner: Owner, _ module: KerasModuleNames.Module, isKeras2: Bool, to index: inout SourceIndex,
    unknown: inout [String]
  ) throws(SourceError) {
    let count = owner.variables.count
    let found = (0..<count).compactMap { owner.variables[$0] }
    let group = owner.path.isEmpty ? "vars" : owner.path + "/vars"
    guard found.count == count else {
      let numbers = owner.variables.keys.sorted().map(String.init).joined(separator: ", ")
      throw SourceError(
        .malformed, "\"\(group)\" has the variables \(numbers), expected 0...\(count - 1)",
        hint: "fetch or save the file again")
    }
    let names = KerasVariableNames(kind: module.kind, config: module.config, isKeras2: isKeras2)
      .names(found.map(\.dataset.shape))
    let layer = module.layer.isEmpty ? "vars" : module.layer
    for (number, variable) in found.enumerated() {
      let leaf = names?[number] ?? (module.path.isEmpty ? "\(number)" : "vars/\(number)")
      let path = [layer, (module.path + [leaf]).joined(separator: "/")]
      if names == nil { unknown.append(path[1]) }
      try index.add(variable.dataset, path, named: "\(group)/\(number)", variable.place)
    }
  }

  /// Objects that would have the same names keep their paths.
  private func keepPathsOfTwins(
    _ modules: inout [KerasModuleNames.Module], _ owners: [Owner], _ index: inout SourceIndex
  ) {
    let counts = modules.reduce(into: [:]) { counts, module in
      counts[[module.layer] + module.path, default: 0] += 1
    }
    var twins: Set<String> = []
    for (number, owner) in owners.enumerated() {
      guard counts[[modules[number].layer] + modules[number].path, default: 0] > 1 else { continue }
      twins.insert(modules[number].path.joined(separator: "/"))
      modules[number].path = [owner.path]
      modules[number].layer = owner.path
    }
    if let first = twins.sorted().first {
      index.notes.append("several layers are called \"\(first)\"; they keep their paths in the file")
    }
  }

  /// What has a group of variables, with the name that the group states.
  private var objects: [String: String?] {
    var objects: [String: String?] = [:]
    for object in parts.lazy.flatMap(\.objects) {
      guard case .group = object.kind, let holder = Self.holder(ofGroup: object.path[...]) else { continue }
      let texts = object.attributes["name"] ?? nil
      let name = texts?.count == 1 ? texts?.first : nil
      objects.updateValue(name ?? objects[holder] ?? nil, forKey: holder)
    }
    return objects
  }

  /// Everything with variables, in the order in which people number things.
  private func sorted() throws(SourceError) -> [Owner] {
    var owners: [String: Owner] = [:]
    for part in parts {
      for object in part.objects {
        guard case .dataset(let dataset) = object.kind, let path = Self.owner(of: object) else { continue }
        let text = object.path.split(separator: "/").last ?? ""
        guard let number = Int(text), String(number) == text else {
          throw SourceError(.malformed, "\"\(object.path)\" has no number of a variable")
        }
        guard
          owners[path, default: Owner(path: path)].variables.updateValue(
            (dataset, part.place), forKey: number) == nil
        else { throw SourceError(.malformed, "two shards hold the variable \"\(object.path)\"") }
      }
    }
    return owners.values.sorted { NaturalOrder.precedes($0.path, $1.path) }
  }
}

extension SourceIndex {
  /// The first number of the version of Keras that wrote the file, where it says so.
  var kerasVersion: Int? {
    for extra in extras {
      if extra.path == ["keras_version"], case .text(let text) = extra.value {
        return text.split(separator: ".").first.flatMap { Int($0) }
      }
      if extra.path == ["metadata.json"], case .text(let text) = extra.value {
        return (try? JSONParser.parse(text))?["keras_version"]?.stringValue
          .flatMap { $0.split(separator: ".").first }.flatMap { Int($0) }
      }
    }
    return nil
  }
}

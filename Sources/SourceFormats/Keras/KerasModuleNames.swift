import JSON

/// The names of layers in a file that knows them by class and number (`layers/conv2d_3`).
///
/// Since Keras 3.10 or so the group of an object's variables states its name. Before, the name is that of the layer
/// with this number among those of its class in the network's description. Weights alone of older versions have no
/// names: there the path stays as it is.
///
/// The result is what Keras writes into an `.h5` file: the layer that holds a weight, and the names of the modules
/// around it. A `Functional` inside of a model begins anew, because its layers were built before it.
///
/// Source: `keras/src/saving/saving_lib.py` (`_save_container_state`, `_get_unique_name`).
struct KerasModuleNames {
  /// The module that holds some variables.
  struct Module: Hashable {
    /// The layer of the network.
    var layer = ""
    /// The modules as the weights of an `.h5` file name them.
    var path: [String] = []
    /// The class, as far as the path or the description tells.
    var kind: KerasClass?
    /// The arguments of the layer where the description has them.
    var config: JSONValue?
    /// The places of its layers in the description; the end for those that it does not name.
    var order: [Int] = []
    /// Whether each layer of a model on its way has a name.
    var isNamed = true
  }

  /// Lists of layers, as Keras and, before 2.14, TensorFlow call them (`H5IOStore.get`).
  private static let layerLists: Set<Substring> = ["layers", "_layer_checkpoint_dependencies"]

  /// The layer of a model that each segment of a path stands for.
  private typealias Numbering = [String: (layer: KerasModel.Layer, place: Int)]

  private let names: [String: String]
  private let objects: Set<String>
  private let isKeras2: Bool
  private var numberings: [String: Numbering] = [:]
  private let root: KerasModel.Layer?

  /// Whether the file itself says what its layers are called.
  private var statesNames: Bool { !names.isEmpty }

  /// Prepares for the modules of a file: the path of everything that has a group of variables with the name that this
  /// group states, and what the file says about its network.
  init(_ objects: [String: String?], _ model: KerasModel?, isKeras2: Bool) {
    self.objects = Set(objects.keys)
    names = objects.compactMapValues { name in
      name.flatMap { $0.isEmpty || $0.contains("/") ? nil : $0 }
    }
    root = model?.root
    self.isKeras2 = isKeras2
  }

  /// The module at a path.
  mutating func module(at path: String) -> Module {
    let segments = path.split(separator: "/")
    var module = Module()
    var here = ""
    var model = root
    var isInList = false
    var index = 0
    func step() {
      here += (here.isEmpty ? "" : "/") + segments[index]
      index += 1
    }
    func append(_ name: String) {
      if module.layer.isEmpty { module.layer = name }
      module.path.append(name)
    }
    while index < segments.count {
      if Self.layerLists.contains(segments[index]), index + 1 < segments.count {
        let list = segments[index]
        let holder = here
        step()
        let segment = segments[index]
        step()
        let known = model.flatMap { layer(segment, of: $0, at: holder, stated: names[here]) }
        let kind = KerasClass(segment: segment)
        let name = names[here] ?? known?.layer.name
        append(name ?? "\(list)/\(segment)")
        if name == nil { module.isNamed = false }
        module.order.append(known?.place ?? .max)
        module.kind = kind
        module.config = known?.layer.config
        model = known.flatMap { $0.layer.isModel ? $0.layer : nil }
        if index < segments.count, kind.isFunctional || (isKeras2 && kind.isSequential) { module.path = [] }
        isInList = false
      } else {
        let segment = segments[index]
        step()
        model = nil
        module.config = nil
        // Among objects with names, one without variables is a list of objects, which has a place in no name.
        if names[here] == nil, statesNames, !objects.contains(here), index < segments.count {
          isInList = true
          continue
        }
        append(names[here] ?? String(segment))
        module.kind = isInList ? KerasClass(segment: segment) : nil
        isInList = false
      }
    }
    return module
  }

  /// The layer of a model that a segment stands for: the one with the stated name, else the one with the number.
  private mutating func layer(
    _ segment: Substring, of model: KerasModel.Layer, at holder: String, stated: String?
  ) -> (layer: KerasModel.Layer, place: Int)? {
    let numbering = numberings[holder] ?? Self.numbering(of: model)
    numberings[holder] = numbering
    guard let found = numbering[String(segment)], let stated, found.layer.name != stated else {
      return numbering[String(segment)]
    }
    // The description is that of another network, or numbers in another way: only a layer of this name is taken.
    return numbering.values.first {
      $0.layer.name == stated && KerasClass(configured: $0.layer.className) == KerasClass(segment: segment)
    }
  }

  private static func numbering(of model: KerasModel.Layer) -> Numbering {
    var numbering: Numbering = [:]
    var counts: [KerasClass: Int] = [:]
    for (place, layer) in model.layers.enumerated() {
      let kind = KerasClass(configured: layer.className)
      let count = counts[kind, default: 0]
      counts[kind] = count + 1
      numbering[count == 0 ? kind.name : "\(kind.name)_\(count)"] = (layer, place)
    }
    return numbering
  }
}

import Architectures

/// One layer of a network, as far as a draft looks at it.
struct CanonicalModule {
  /// The canonical path.
  let path: String
  /// Its parameters, in the order of the graph.
  let parameters: [Parameter]
  /// The block it stands in, or the stage behind which it stands; `nil` outside of stages.
  let place: Place?

  /// Where a module stands.
  struct Place: Hashable {
    var stage: Int
    /// 0 for attention behind a stage.
    var block: Int
    /// The block counted through all stages.
    var flatBlock: Int
  }

  /// The weight, or the scale of a norm; every layer of every network has one.
  var weight: Parameter? { parameters.first { $0.name == path + ".weight" } }
  var isNorm: Bool { weight?.role == .normWeight }

  /// The layers of a network in the order of the graph.
  static func modules(of graph: Graph, flatBlocks: [Int]) -> [CanonicalModule] {
    var order: [String] = []
    var parameters: [String: [Parameter]] = [:]
    for parameter in graph.parameters {
      if parameters[parameter.module] == nil { order.append(parameter.module) }
      parameters[parameter.module, default: []].append(parameter)
    }
    return order.map { path in
      let segments = path.split(separator: ".")
      var place: Place?
      if segments.count > 3, segments[0] == "stages", let stage = Int(segments[1]) {
        let block = segments[2] == "blocks" ? Int(segments[3]) ?? 0 : 0
        place = Place(
          stage: stage, block: block, flatBlock: flatBlocks.prefix(stage).reduce(block, +))
      }
      return CanonicalModule(path: path, parameters: parameters[path] ?? [], place: place)
    }
  }

  /// The path without its place: `conv1` in a block, `attention.conv`, `stem.conv`.
  var part: String {
    guard place != nil else { return path }
    let segments = path.split(separator: ".")
    return segments[(segments[2] == "blocks" ? 4 : 2)...].joined(separator: ".")
  }

  /// The layer whose output a norm takes, as code bases name both alike; `nil` for other layers.
  var companion: String? {
    guard isNorm else { return nil }
    if path.hasSuffix("channel.norm") { return String(path.dropLast(4)) + "reduce" }
    if path.contains("_norm") { return path.replacing("_norm", with: "") }
    guard let range = path.ranges(of: "norm").last else { return nil }
    return path[..<range.lowerBound] + "conv" + path[range.upperBound...]
  }
}

/// A layer that occurs in several blocks or behind several stages: what one line of a dialect may name.
struct CanonicalLine {
  /// What the layers are called in their places; for layers outside of stages the path.
  var part: String
  /// The numbers of the layers, in the order of the graph.
  var modules: [Int]
  /// Whether the layers stand inside of blocks.
  var isInBlocks: Bool

  /// The lines of a network, in the order of the graph.
  static func lines(of modules: [CanonicalModule]) -> [CanonicalLine] {
    var lines: [CanonicalLine] = []
    var numbers: [String: Int] = [:]
    for (index, module) in modules.enumerated() {
      let isInBlocks = module.path.contains(".blocks.")
      let key = (module.place == nil ? "" : isInBlocks ? "b:" : "s:") + module.part
      if let line = numbers[key] {
        lines[line].modules.append(index)
      } else {
        numbers[key] = lines.count
        lines.append(CanonicalLine(part: module.part, modules: [index], isInBlocks: isInBlocks))
      }
    }
    return lines
  }
}

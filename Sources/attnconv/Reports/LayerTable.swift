import Architectures
import JSON

/// The layers of a network: output shape, parameters and multiply-adds.
struct LayerTable {
  private struct Row {
    var name: String
    var kind: String
    var outputShape: [Int]
    var parameters: Int
    var multiplyAdds: Int
  }

  private let summary: GraphSummary
  private let rows: [Row]

  /// Makes a table of every layer, or of one line for each block.
  init(_ summary: GraphSummary, everyLayer: Bool) {
    self.summary = summary
    var rows: [Row] = []
    for layer in summary.rows {
      let row = Row(
        name: layer.name, kind: layer.kind, outputShape: layer.outputShape, parameters: layer.parameters,
        multiplyAdds: layer.multiplyAdds)
      guard !everyLayer, let group = Self.group(of: layer.name) else {
        rows.append(row)
        continue
      }
      if let last = rows.indices.last, rows[last].name == group.name {
        rows[last].outputShape = layer.outputShape
        rows[last].parameters += layer.parameters
        rows[last].multiplyAdds += layer.multiplyAdds
      } else {
        rows.append(
          Row(
            name: group.name, kind: group.kind, outputShape: layer.outputShape, parameters: layer.parameters,
            multiplyAdds: layer.multiplyAdds))
      }
    }
    self.rows = rows
  }

  /// The input that an architecture is usually given.
  static func defaultInput(for architecture: Architecture) -> [Int] {
    switch architecture {
    case .resnet(let network):
      switch network.headPool {
      case .adaptive: [1, network.inputChannels] + (network.stem.maxPool == nil ? [32, 32] : [224, 224])
      // The one window must cover the map, whatever the number of stages.
      case .fixed(let kernel, _):
        [1, network.inputChannels, kernel * network.totalStride, kernel * network.totalStride]
      }
    case .mobilenetV2(let network): [1, network.inputChannels, 224, 224]
    // The map behind the last stage of an ImageNet network; ECA's weights do not tell the channels.
    case .module(let module): [1, module.channels ?? 64, 7, 7]
    }
  }

  /// The table and its totals.
  var lines: [String] {
    var table = TextTable([
      ("layer", .left), ("kind", .left), ("output", .left), ("parameters", .right), ("multiply-adds", .right),
    ])
    for row in rows {
      table.append([
        row.name, row.kind, row.outputShape.map(String.init).joined(separator: "x"),
        row.parameters == 0 ? "-" : row.parameters.grouped,
        row.multiplyAdds == 0 ? "-" : row.multiplyAdds.grouped,
      ])
    }
    let input = summary.inputShape.map(String.init).joined(separator: "x")
    return table.lines + [
      "",
      "total for input \(input): \(summary.parameters.grouped) parameters in \(summary.entries.grouped) entries, "
        + "\(summary.multiplyAdds.grouped) multiply-adds",
    ]
  }

  /// The table for programs.
  var json: JSONValue {
    .array(
      rows.map { row in
        [
          "name": .string(row.name), "kind": .string(row.kind),
          "outputShape": .array(row.outputShape.map(JSONValue.integer)),
          "parameters": .integer(row.parameters),
          "multiplyAdds": .integer(row.multiplyAdds),
        ]
      })
  }

  /// The totals for programs.
  var totals: JSONValue {
    [
      "entries": .integer(summary.entries), "parameters": .integer(summary.parameters),
      "multiplyAdds": .integer(summary.multiplyAdds),
      "inputShape": .array(summary.inputShape.map(JSONValue.integer)),
      "outputShape": .array(summary.outputShape.map(JSONValue.integer)),
    ]
  }

  /// The block that a layer belongs to; `nil` for layers outside of blocks.
  private static func group(of name: String) -> (name: String, kind: String)? {
    let parts = name.split(separator: ".")
    if parts.count > 4, parts[0] == "stages", parts[2] == "blocks" {
      return (parts.prefix(4).joined(separator: "."), "block")
    }
    if parts.count > 3, parts[0] == "stages", parts[2] == "attention" {
      return (parts.prefix(3).joined(separator: "."), "attention")
    }
    if parts.first == "stem" { return ("stem", "stem") }
    return nil
  }
}

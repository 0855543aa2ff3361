import Architectures
import Checkpoint

/// The numbers in the parameters of a checkpoint's attention modules, by what they are for.
struct AttentionWeights {
  /// Parameters of one name in all modules: `channel.expand.weight`.
  struct Role {
    /// The name below the module.
    let name: String
    /// Whether these are weights, and no biases or parts of a norm.
    let isWeight: Bool
    /// The modules, together where they are of one stage, in the order of the network.
    let stages: [Stage]
  }

  /// The modules of one stage.
  struct Stage {
    /// `stage 0`, or `module` for a module on its own.
    let title: String
    /// The parameters that are counted together.
    let parameters: [Parameter]
    /// What all their numbers amount to.
    let statistics: WeightStatistics
    /// All their numbers, each on its own; `nil` for more than a picture can show.
    let values: [Float]?
    /// How the numbers are distributed; over the same range in all stages. `nil` where no number is finite.
    let histogram: Histogram?
  }

  /// One parameter.
  struct Parameter {
    /// The canonical name.
    let name: String
    /// The shape.
    let shape: [Int]
    /// What its numbers amount to.
    let statistics: WeightStatistics
  }

  /// The kind of attention: `bam`; `nil` for a network without.
  let kind: Attention.Kind?
  /// All roles, weights first; otherwise in the order of the network.
  let roles: [Role]

  /// The parts of a histogram: enough for its shape, few enough for a small picture.
  private static let parts = 48
  /// So few numbers are shown one by one.
  private static let maximumSingles = 48

  /// Reads the parameters of all attention modules.
  init(_ checkpoint: Checkpoint) throws {
    let architecture = try Architecture(json: checkpoint.metadata.architecture)
    kind = architecture.attention?.kind
    var roles: [Role] = []
    for (name, members) in Self.grouped(try architecture.graph()) {
      roles.append(try Self.role(name, members, checkpoint))
    }
    let hasWeights = roles.contains(where: \.isWeight)
    self.roles = hasWeights ? roles.filter(\.isWeight) + roles.filter { !$0.isWeight } : roles
  }

  /// A parameter and the stage it is counted with.
  private typealias Member = (stage: String, parameter: Architectures.Parameter)

  /// The parameters of attention modules by their names below the module, in the order of the network.
  private static func grouped(_ graph: Graph) -> [(name: String, members: [Member])] {
    var groups: [(name: String, members: [Member])] = []
    for parameter in graph.parameters where parameter.role != .batchCount {
      let parts = parameter.name.split(separator: ".")
      guard let place = parts.firstIndex(of: "attention") else { continue }
      let stage = parts.first == "stages" && place > 1 ? "stage \(parts[1])" : "module"
      let name = parts[(place + 1)...].joined(separator: ".")
      if let index = groups.firstIndex(where: { $0.name == name }) {
        groups[index].members.append((stage, parameter))
      } else {
        groups.append((name, [(stage, parameter)]))
      }
    }
    return groups
  }

  private static func role(_ name: String, _ members: [Member], _ checkpoint: Checkpoint) throws -> Role {
    var stages: [(title: String, parameters: [Parameter], values: [Float])] = []
    for (stage, parameter) in members {
      let values = try checkpoint.tensor(parameter.name).floats()
      let described = Parameter(
        name: parameter.name, shape: parameter.shape, statistics: WeightStatistics(values))
      if stages.last?.title == stage {
        stages[stages.count - 1].parameters.append(described)
        stages[stages.count - 1].values += values
      } else {
        stages.append((stage, [described], values))
      }
    }
    let ranges = stages.flatMap { $0.parameters.compactMap(\.statistics.range) }
    let lowest = ranges.map(\.lowerBound).min()
    let highest = ranges.map(\.upperBound).max()
    return Role(
      name: name, isWeight: members.allSatisfy { isWeight($0.parameter.role) },
      stages: stages.map { stage in
        let range = lowest.flatMap { lowest in highest.map { lowest...$0 } }
        return Stage(
          title: stage.title, parameters: stage.parameters, statistics: WeightStatistics(stage.values),
          values: stage.values.count <= maximumSingles ? stage.values : nil,
          histogram: range.map { Histogram(stage.values, in: $0, parts: parts) })
      })
  }

  private static func isWeight(_ role: Architectures.Parameter.Role) -> Bool {
    switch role {
    case .convolutionWeight, .linearWeight, .channelConvolutionWeight: true
    default: false
    }
  }
}

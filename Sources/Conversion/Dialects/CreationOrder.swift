import Architectures

/// The order in which a code base creates the layers of its networks.
///
/// Keras numbers the layers that nobody named in the order in which they are created, and keeps the weights of
/// a subclassed model in the order in which its layers are. The lines are canonical modules in that order,
/// repeated for each block and each stage.
struct CreationOrder: Sendable {
  /// Where a module stands; smaller places are created first.
  struct Place: Hashable, Comparable, Sendable {
    /// The stage; -1 before all stages and `Int.max` behind them.
    var stage: Int
    /// The block in its stage; -1 before all blocks and `Int.max` behind them.
    var block: Int
    /// The line.
    var line: Int
    /// The index of the module where a line stands for several.
    var index: Int

    static func < (left: Place, right: Place) -> Bool {
      (left.stage, left.block, left.line, left.index) < (right.stage, right.block, right.line, right.index)
    }
  }

  /// What attention modules inside a network and alone in their file have in common.
  private static let attention = "attention."

  /// The canonical modules, in order.
  private let lines: [NameTemplate]

  /// The lines of attention modules as they are called where the module stands alone, by their number.
  private let standalone: [(line: Int, name: NameTemplate)]

  /// Compiles the lines.
  ///
  /// - Throws: ``ConversionError`` with code `invalidDialect` where a line is there twice, counts blocks without
  ///   stages, or stands between those of stages and is of none.
  init(_ texts: [String]) throws(ConversionError) {
    var lines: [NameTemplate] = []
    var standalone: [(line: Int, name: NameTemplate)] = []
    for (number, text) in texts.enumerated() {
      let line = try NameTemplate(text)
      guard !lines.contains(line) else { throw Self.fault("\"\(text)\" is there twice") }
      guard line.variables.isSubset(of: [.stage, .block, .index]),
        line.variables.contains(.stage) || !line.variables.contains(.block)
      else { throw Self.fault("\"\(text)\" must count stages {s}, or blocks {b} in stages, or neither") }
      lines.append(line)
      if let range = text.ranges(of: Self.attention).last, line.variables.contains(.stage) {
        standalone.append((number, try NameTemplate(Self.attention + text[range.upperBound...])))
      }
    }
    for variable: NameVariable in [.stage, .block] {
      let counted = lines.indices.filter { lines[$0].variables.contains(variable) }
      guard let first = counted.first, let last = counted.last else { continue }
      if let stray = (first...last).first(where: { !lines[$0].variables.contains(variable) }) {
        throw Self.fault("\"\(lines[stray].text)\" stands between lines with {\(variable.rawValue)}")
      }
    }
    self.lines = lines
    self.standalone = standalone
  }

  /// Where a canonical module stands; `nil` where no line names it.
  func place(of module: String) -> Place? {
    let name = Array(module.utf8)
    for (number, line) in lines.enumerated() {
      guard let values = line.match(name) else { continue }
      return Place(
        stage: values[.stage] ?? outside(.stage, number), block: values[.block] ?? outside(.block, number),
        line: number, index: values[.index] ?? 0)
    }
    for entry in standalone {
      guard let values = entry.name.match(name) else { continue }
      return Place(stage: 0, block: 0, line: entry.line, index: values[.index] ?? 0)
    }
    return nil
  }

  /// The modules of an architecture in the order in which the code base creates them.
  ///
  /// - Throws: ``ConversionError`` with code `invalidDialect` where the lines leave one out.
  func modules(of architecture: Architecture) throws(ConversionError) -> [String] {
    let parameters: [Parameter]
    do {
      parameters = try architecture.graph().parameters
    } catch {
      throw ConversionError(error)
    }
    var places: [(place: Place, module: String)] = []
    for module in parameters.map(\.module).uniqued() {
      guard let place = place(of: module) else {
        throw Self.fault("the place of \"\(module)\" is missing")
      }
      places.append((place, module))
    }
    return places.sorted { $0.place < $1.place }.map(\.module)
  }

  /// The place of what has no stage, or no block, among those that have: before or behind them.
  private func outside(_ variable: NameVariable, _ line: Int) -> Int {
    guard let first = lines.firstIndex(where: { $0.variables.contains(variable) }) else { return -1 }
    return line < first ? -1 : .max
  }

  private static func fault(_ message: String) -> ConversionError {
    ConversionError(.invalidDialect, "\"creationOrder\": " + message)
  }
}

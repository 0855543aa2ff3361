import Architectures

/// The complete mapping between an architecture's canonical names and the names of a dialect.
///
/// It is enumerated from the canonical side, so no parameter can be forgotten, and it is checked to be a
/// bijection, so that export is import read backwards.
struct DialectMapping: Sendable {
  /// One parameter and how the source calls and arranges it.
  struct Row: Hashable, Sendable {
    /// The canonical parameter.
    var parameter: Parameter
    /// The name in the source.
    var sourceName: String
    /// What other versions of the framework call it.
    var otherName: String?
    /// The shape in the source.
    var sourceShape: [Int]
    /// How the source arranges the elements, one change after the other; empty for as in the canonical form.
    var layouts: [Layout] = []

    /// Whether it is of an attention module whose name is the canonical one with slashes, which stands for a name that
    /// Keras makes up.
    var isNumberedAttention: Bool {
      parameter.module.contains(".attention.")
        && sourceName.hasPrefix(AutomaticNames.path(of: parameter.module) + "/")
    }
  }

  /// The dialect.
  let dialect: Dialect

  /// The architecture.
  let architecture: Architecture

  /// Layouts of single modules, which override those of the dialect.
  let layouts: [String: Layout]

  /// One row for every parameter, in the order of the graph.
  let rows: [Row]

  /// Maps every parameter of an architecture; `layouts` of single modules override those of the dialect.
  ///
  /// - Throws: ``ConversionError`` with code `unrepresentable` where the dialect has no name for a
  ///   parameter, and `invalidDialect` where two parameters get one name.
  init(
    _ dialect: Dialect, _ architecture: Architecture, layouts: [String: Layout] = [:]
  ) throws(ConversionError) {
    let parameters: [Parameter]
    do {
      parameters = try architecture.graph().parameters
    } catch {
      throw ConversionError(error)
    }
    try self.init(dialect, architecture, parameters: parameters, layouts: layouts)
  }

  /// Maps the parameters of an architecture, which are known already.
  init(
    _ dialect: Dialect, _ architecture: Architecture, parameters: [Parameter], layouts: [String: Layout]
  ) throws(ConversionError) {
    let features = ArchitectureFeatures.of(architecture)
    guard dialect.accepts(features) else {
      throw ConversionError(
        .unrepresentable, "dialect \(dialect.name) has no networks like \(architecture.name)",
        hint: "choose another dialect with --dialect")
    }
    self.dialect = dialect
    self.architecture = architecture
    self.layouts = layouts
    var rows: [Row] = []
    var owners: [String: String] = [:]
    var modules: [String: (name: String, layout: Layout?)] = [:]
    for parameter in parameters {
      let module: (name: String, layout: Layout?)
      if let known = modules[parameter.module] {
        module = known
      } else if var found = dialect.sourceModule(canonical: parameter.module, features: features) {
        if let layout = layouts[parameter.module] { found.layout = layout }
        modules[parameter.module] = found
        module = found
      } else {
        throw ConversionError(
          .unrepresentable, "dialect \(dialect.name) has no name for \"\(parameter.name)\"",
          hint: "choose another dialect with --dialect")
      }
      let row = Self.row(parameter, module, dialect)
      if let other = owners.updateValue(parameter.name, forKey: row.sourceName) {
        throw ConversionError(
          .invalidDialect,
          "dialect \(dialect.name) gives both \"\(other)\" and \"\(parameter.name)\" the name \"\(row.sourceName)\""
        )
      }
      rows.append(row)
    }
    self.rows = rows
  }

  /// The mapping of another architecture in the same names and layouts.
  func with(_ architecture: Architecture) throws(ConversionError) -> DialectMapping {
    try DialectMapping(dialect, architecture, layouts: layouts)
  }

  /// Modules whose line is marked as uncertain, with the reason in a sentence.
  var doubts: [(module: String, text: String)] {
    let features = ArchitectureFeatures.of(architecture)
    return rows.map(\.parameter.module).uniqued().compactMap { module in
      dialect.uncertainty(canonical: module, features: features).map { reason in
        let name = dialect.sourceModule(canonical: module, features: features)?.name ?? ""
        return (module, "it is not certain that \(name) is \(module): \(reason)")
      }
    }
  }

  /// How the source calls and arranges one parameter of a module.
  static func row(
    _ parameter: Parameter, _ module: (name: String, layout: Layout?), _ dialect: Dialect
  ) -> Row {
    // A layout concerns the weight of a module; biases and norms are vectors either way.
    let source = arrangement(of: parameter, layout: module.layout, dialect.framework)
    return Row(
      parameter: parameter, sourceName: dialect.name(of: parameter, in: module.name),
      otherName: dialect.otherName(of: parameter, in: module.name), sourceShape: source.shape,
      layouts: source.layouts)
  }

  /// How a framework arranges a parameter whose module has a layout of its own, and the shape that it has there.
  static func arrangement(
    of parameter: Parameter, layout: Layout?, _ framework: Framework
  ) -> (layouts: [Layout], shape: [Int]) {
    let own = [layout].compactMap(\.self).applied(canonical: parameter.shape)
    let whole = [framework.layout(rank: own.shape.count)].compactMap(\.self).applied(canonical: own.shape)
    return (own.layouts + whole.layouts, whole.shape)
  }
}

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
    let features = ArchitectureFeatures.of(architecture)
    guard dialect.accepts(features) else {
      throw ConversionError(
        .unrepresentable, "dialect \(dialect.name) has no networks like \(architecture.name)",
        hint: "choose another dialect with --dialect")
    }
    self.dialect = dialect
    self.architecture = architecture
    self.layouts = layouts
    let parameters: [Parameter]
    do {
      parameters = try architecture.graph().parameters
    } catch {
      throw ConversionError(error)
    }
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
      let row = Self.row(parameter, module, dialect.framework)
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

  /// How the source calls and arranges one parameter of a module.
  static func row(
    _ parameter: Parameter, _ module: (name: String, layout: Layout?), _ framework: Framework
  ) -> Row {
    func name(_ leaf: String) -> String {
      module.name.isEmpty ? leaf : module.name + String(framework.separator) + leaf
    }
    // A layout concerns the weight of a module; biases and norms are vectors either way.
    let own = [module.layout].compactMap(\.self).applied(canonical: parameter.shape)
    let whole = [framework.layout(rank: own.shape.count)].compactMap(\.self).applied(canonical: own.shape)
    return Row(
      parameter: parameter, sourceName: name(framework.leaf(of: parameter)),
      otherName: framework.otherLeaf(of: parameter).map(name), sourceShape: whole.shape,
      layouts: own.layouts + whole.layouts)
  }
}

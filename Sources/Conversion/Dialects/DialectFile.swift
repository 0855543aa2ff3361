import Architectures
import JSON

/// Reads the text of a dialect file; its format is in `Schemas/dialect.schema.json`.
///
/// Reading is strict: unknown members are refused, so that a misspelt one does not go unnoticed.
struct DialectFile {
  /// The version of the format that this program reads.
  static let currentVersion = 1

  /// The most lines accepted after attention modules are put in place; real dialects have under a hundred.
  static let maximumRules = 4096

  private var rules: [ModuleRule] = []
  private var outputs: [OutputRule] = []
  private var framework = Framework.pytorch

  /// Reads a dialect.
  ///
  /// - Throws: ``ConversionError`` with code `invalidDialect`, naming the member at fault.
  static func parse(_ text: [UInt8]) throws(ConversionError) -> Dialect {
    let root: JSONValue
    do {
      root = try JSONParser.parse(text)
    } catch {
      throw ConversionError(
        .invalidDialect, "the dialect is not valid JSON: \(error.message)", offset: error.offset)
    }
    var file = DialectFile()
    return try file.dialect(root)
  }

  private mutating func dialect(_ root: JSONValue) throws(ConversionError) -> Dialect {
    try check(
      root, "the dialect",
      allowed: [
        "$schema", "schemaVersion", "name", "title", "source", "framework", "accepts", "flatBlocks",
        "semantics", "modules", "outputs", "attention", "creationOrder", "names", "suffixes",
      ])
    guard root["schemaVersion"]?.integerValue == Self.currentVersion else {
      throw fault("\"schemaVersion\" must be \(Self.currentVersion)")
    }
    if let value = root["framework"] {
      guard let known = value.stringValue.flatMap(Framework.init(rawValue:)) else {
        let frameworks = Framework.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        throw fault("unknown \"framework\" \(value.text()), expected one of \(frameworks)")
      }
      framework = known
    }
    for part in try array(root, "attention") { try addAttention(part, standalone: false) }
    for row in try array(root, "modules") { rules.append(try rule(row)) }
    for row in try array(root, "outputs") { outputs.append(try output(row)) }
    for part in try array(root, "attention") where try isStandalone(part) {
      try addAttention(part, standalone: true)
    }
    try checkLineCount()
    let accepts = try accepted(root)
    var semantics: [(condition: [String: String], values: JSONValue)] = []
    for entry in try array(root, "semantics") {
      try check(entry, "\"semantics\"", allowed: ["when", "set"])
      guard let values = entry["set"], values.objectValue != nil else {
        throw fault("an entry of \"semantics\" lacks \"set\"")
      }
      do {
        _ = try Semantics(json: values)
      } catch {
        throw fault(error.message)
      }
      semantics.append((try condition(entry), values))
    }
    var flatBlocks: [Int] = []
    for count in try array(root, "flatBlocks") {
      guard let number = count.integerValue, 1...1000 ~= number else {
        throw fault("\"flatBlocks\" must hold numbers from 1 to 1000")
      }
      flatBlocks.append(number)
    }
    let creationOrder = try creationOrder(root)
    return Dialect(
      name: try text(root, "name"), title: try text(root, "title"), source: try text(root, "source"),
      framework: framework, accepts: accepts, rules: rules, outputs: outputs, flatBlocks: flatBlocks,
      semantics: semantics, suffixes: try suffixes(root), creationOrder: creationOrder,
      hasAutomaticNames: try hasAutomaticNames(root, creationOrder))
  }

  /// What stands behind the names of modules, for the parameters that the framework calls otherwise.
  private func suffixes(_ root: JSONValue) throws(ConversionError) -> [Parameter.Role: String] {
    guard let value = root["suffixes"] else { return [:] }
    guard let members = value.objectValue else {
      throw fault("\"suffixes\" is \(value.kind), expected an object")
    }
    var suffixes: [Parameter.Role: String] = [:]
    for member in members {
      guard let role = Parameter.Role(rawValue: member.name) else {
        let known = Parameter.Role.allCases.map(\.rawValue).joined(separator: ", ")
        throw fault("unknown parameter \"\(member.name)\" in \"suffixes\", expected one of \(known)")
      }
      guard let text = member.value.stringValue, !text.isEmpty else {
        throw fault("suffix \"\(member.name)\" is \(member.value.text()), expected a text")
      }
      suffixes[role] = text
    }
    return suffixes
  }

  /// Why a line has still to be checked by a person; `nil` where it has not.
  private func uncertainty(_ row: JSONValue) throws(ConversionError) -> String? {
    row["uncertain"] == nil ? nil : try text(row, "uncertain")
  }

  private func creationOrder(_ root: JSONValue) throws(ConversionError) -> CreationOrder? {
    guard root["creationOrder"] != nil else { return nil }
    var lines: [String] = []
    for line in try array(root, "creationOrder") {
      guard let text = line.stringValue else {
        throw fault("\"creationOrder\" must hold texts, found \(line.text())")
      }
      lines.append(text)
    }
    guard 1...Self.maximumRules ~= lines.count else {
      throw fault("\"creationOrder\" has \(lines.count) lines, expected 1 to \(Self.maximumRules)")
    }
    return try CreationOrder(lines)
  }

  private func hasAutomaticNames(
    _ root: JSONValue, _ creationOrder: CreationOrder?
  ) throws(ConversionError) -> Bool {
    guard let value = root["names"] else { return false }
    guard value.stringValue == "automatic" else {
      throw fault("unknown \"names\" \(value.text()), expected \"automatic\"")
    }
    guard framework == .keras, creationOrder != nil else {
      throw fault("\"names\" can be \"automatic\" only with \"framework\" \"keras\" and a \"creationOrder\"")
    }
    return true
  }

  /// Adds the lines of one attention module, at each place where it may stand, or alone in its file.
  private mutating func addAttention(_ part: JSONValue, standalone: Bool) throws(ConversionError) {
    try check(part, "\"attention\"", allowed: ["kind", "standalone", "at", "modules", "outputs"])
    let kind = try feature("attention", .string(text(part, "kind")))
    var places: [(canonical: String, source: String, condition: [String: String])] = []
    if standalone {
      places.append(("attention", "", ["family": "module"]))
    } else {
      for place in try array(part, "at") {
        try check(place, "\"at\"", allowed: ["canonical", "source", "when"])
        places.append((try text(place, "canonical"), try text(place, "source"), try condition(place)))
      }
    }
    for place in places {
      // Places times lines: far more than the file has bytes, if nobody counted on the way.
      try checkLineCount()
      for row in try array(part, "modules") {
        try check(
          row, "\"modules\"", allowed: ["canonical", "source", "layout", "leaves", "when", "uncertain"])
        let separator = place.source.isEmpty ? "" : String(framework.separator)
        var condition = try condition(row).merging(place.condition) { inner, _ in inner }
        condition["attention"] = kind
        let rule =
          ModuleRule(
            canonical: try NameTemplate(place.canonical + "." + text(row, "canonical")),
            source: try NameTemplate(place.source + separator + text(row, "source")),
            layout: try layout(row), condition: condition, leaves: try leaves(row),
            part: try text(row, "canonical"), uncertainty: try uncertainty(row))
        try checkVariables(rule.canonical, rule.source)
        rules.append(rule)
      }
      for row in try array(part, "outputs") {
        let separator = place.source.isEmpty ? "" : String(framework.separator)
        outputs.append(
          try output(
            row, canonical: place.canonical + ".", source: place.source + separator,
            condition: place.condition.merging(["attention": kind]) { place, _ in place }))
      }
    }
  }

  private func checkLineCount() throws(ConversionError) {
    guard rules.count + outputs.count <= Self.maximumRules else {
      throw fault("the attention modules and other lines give more than \(Self.maximumRules) lines")
    }
  }

  private func isStandalone(_ part: JSONValue) throws(ConversionError) -> Bool {
    guard let value = part["standalone"] else { return false }
    guard let flag = value.boolValue else {
      throw fault("\"standalone\" is \(value.kind), expected a boolean")
    }
    return flag
  }

  private func rule(_ row: JSONValue) throws(ConversionError) -> ModuleRule {
    try check(row, "\"modules\"", allowed: ["canonical", "source", "layout", "leaves", "when", "uncertain"])
    let rule = ModuleRule(
      canonical: try NameTemplate(try text(row, "canonical")),
      source: try NameTemplate(try text(row, "source")), layout: try layout(row),
      condition: try condition(row), leaves: try leaves(row), uncertainty: try uncertainty(row))
    try checkVariables(rule.canonical, rule.source)
    return rule
  }

  /// A line on an output, with what stands before both names and the condition of its place.
  private func output(
    _ row: JSONValue, canonical: String = "", source: String = "", condition: [String: String] = [:]
  ) throws(ConversionError) -> OutputRule {
    try check(row, "\"outputs\"", allowed: ["canonical", "source", "when"])
    let rule = OutputRule(
      canonical: try NameTemplate(canonical + text(row, "canonical")),
      source: try NameTemplate(source + text(row, "source")),
      condition: try self.condition(row).merging(condition) { inner, _ in inner })
    try checkVariables(rule.canonical, rule.source)
    return rule
  }

  /// Both sides of a line must have the same variables, or the line could not be read both ways. `{n}`
  /// stands for `{s}` and `{b}` together.
  private func checkVariables(_ canonical: NameTemplate, _ source: NameTemplate) throws(ConversionError) {
    var variables = source.variables
    if variables.remove(.flatBlock) != nil { variables.formUnion([.stage, .block]) }
    guard variables == canonical.variables else {
      throw fault("\"\(canonical.text)\" and \"\(source.text)\" do not have the same variables")
    }
  }

  /// The features that an architecture may have.
  private func accepted(_ root: JSONValue) throws(ConversionError) -> [String: Set<String>] {
    guard let value = root["accepts"] else { return [:] }
    guard let members = value.objectValue else {
      throw fault("\"accepts\" is \(value.kind), expected an object")
    }
    var accepted: [String: Set<String>] = [:]
    for member in members {
      guard let values = member.value.arrayValue else {
        throw fault("\"accepts\" gives \"\(member.name)\" \(member.value.kind), expected an array")
      }
      for value in values { accepted[member.name, default: []].insert(try feature(member.name, value)) }
    }
    return accepted
  }

  private func condition(_ value: JSONValue) throws(ConversionError) -> [String: String] {
    guard let members = value["when"]?.objectValue else {
      if let other = value["when"] { throw fault("\"when\" is \(other.kind), expected an object") }
      return [:]
    }
    var condition: [String: String] = [:]
    for member in members {
      condition[member.name] = try feature(member.name, member.value)
    }
    return condition
  }

  /// The value of a feature; both must be known, so that a misspelt one does not silently never apply.
  private func feature(_ name: String, _ value: JSONValue) throws(ConversionError) -> String {
    guard let known = ArchitectureFeatures.vocabulary[name] else {
      let features = ArchitectureFeatures.vocabulary.keys.sorted().joined(separator: ", ")
      throw fault("unknown feature \"\(name)\", expected one of \(features)")
    }
    guard let text = value.stringValue, known.contains(text) else {
      let values = known.sorted().joined(separator: ", ")
      throw fault("feature \"\(name)\" cannot be \(value.text()), expected one of \(values)")
    }
    return text
  }

  private func layout(_ row: JSONValue) throws(ConversionError) -> Layout? {
    guard let value = row["layout"] else { return nil }
    guard let layout = value.stringValue.flatMap(Layout.init(rawValue:)), Layout.ofDialects.contains(layout)
    else {
      let known = Layout.ofDialects.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw fault("unknown \"layout\" \(value.text()), expected one of \(known)")
    }
    return layout
  }

  private func leaves(_ row: JSONValue) throws(ConversionError) -> Set<String>? {
    guard row["leaves"] != nil else { return nil }
    var leaves: Set<String> = []
    for value in try array(row, "leaves") {
      guard let leaf = value.stringValue, ["weight", "bias"].contains(leaf) else {
        throw fault("\"leaves\" must hold \"weight\" or \"bias\", found \(value.text())")
      }
      leaves.insert(leaf)
    }
    return leaves
  }

  private func array(_ value: JSONValue, _ name: String) throws(ConversionError) -> [JSONValue] {
    guard let member = value[name] else { return [] }
    guard let elements = member.arrayValue else {
      throw fault("\"\(name)\" is \(member.kind), expected an array")
    }
    return elements
  }

  private func text(_ value: JSONValue, _ name: String) throws(ConversionError) -> String {
    guard let text = value[name]?.stringValue else { throw fault("the text \"\(name)\" is missing") }
    return text
  }

  private func check(_ value: JSONValue, _ place: String, allowed: [String]) throws(ConversionError) {
    guard let members = value.objectValue else {
      throw fault("\(place) is \(value.kind), expected an object")
    }
    for member in members where !allowed.contains(member.name) {
      throw fault("unknown member \"\(member.name)\" in \(place)")
    }
  }

  private func fault(_ message: String) -> ConversionError { ConversionError(.invalidDialect, message) }
}

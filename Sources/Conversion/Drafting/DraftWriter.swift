import Architectures
import JSON
import SourceFormats

/// Writes what was found as a dialect file, and checks the file as an import would read it.
struct DraftWriter {
  let name: String
  let index: SourceIndex
  /// A complete fit of a dialect that is known.
  let known: Fit?

  /// The draft of a trial.
  func draft(_ trial: Drafter.Trial) throws(ConversionError) -> DialectDraft {
    let matches = Generalization(layers: trial.layers, modules: trial.modules, matches: trial.matches)
    let rules = matches.rules()
    // A line for several layers may stand before one that names one of them otherwise; lines for one layer each cannot.
    let special = rules.enumerated().sorted {
      ($0.element.variableCount, $0.offset) < ($1.element.variableCount, $1.offset)
    }.map(\.element)
    for variant in [rules, special] {
      let text = text(trial, variant)
      let dialect = try DialectFile.parse(Array(text.utf8))
      if isReadable(trial, dialect) { return try draft(trial, variant, text, dialect) }
    }
    let literal = matches.literalRules()
    let text = text(trial, literal)
    return try draft(trial, literal, text, try DialectFile.parse(Array(text.utf8)))
  }

  /// Whether the lines lead from each layer to the module that was found for it, and back.
  private func isReadable(_ trial: Drafter.Trial, _ dialect: Dialect) -> Bool {
    let features = ArchitectureFeatures.of(trial.architecture)
    return trial.matches.allSatisfy { layer, match in
      let (path, module) = (trial.layers[layer].path, trial.modules[match.module].path)
      return dialect.sourceModule(canonical: path, features: features)?.name == module
        && dialect.canonicalModule(source: Array(module.utf8), assuming: features)?.name == path
    }
  }

  private func draft(
    _ trial: Drafter.Trial, _ rules: [DraftRule], _ text: String, _ dialect: Dialect
  ) throws(ConversionError) -> DialectDraft {
    let (missing, unexpected) = faults(dialect, trial)
    return DialectDraft(
      text: text, name: name, architecture: trial.architecture, key: trial.stateDict.key,
      strippedPrefix: trial.stateDict.strippedPrefix,
      lines: rules.map {
        DialectDraft.Line(
          canonical: $0.canonical, source: $0.source, layout: $0.layout, uncertainty: $0.uncertainty)
      },
      missing: Fault.withSuggestions(missing), unexpected: unexpected,
      questions: OpenQuestions.about(trial.architecture),
      known: known.flatMap { $0.faults.isEmpty ? $0.dialect.name : nil })
  }

  /// What an import with the draft would lack, and what it would leave.
  private func faults(
    _ dialect: Dialect, _ trial: Drafter.Trial
  ) -> (missing: [Fault], unexpected: [Fault]) {
    if let mapping = try? DialectMapping(dialect, trial.architecture) {
      let fit = Fit(trial.stateDict, mapping, index: index)
      return (fit.faults.filter { $0.kind != .unexpected }, fit.faults.filter { $0.kind == .unexpected })
    }
    // Some layers have no line at all.
    var left = Dictionary(uniqueKeysWithValues: zip(trial.stateDict.names, trial.stateDict.tensors))
    var missing: [Fault] = []
    for (number, layer) in trial.layers.enumerated() {
      let leaves = trial.matches[number].map { trial.modules[$0.module] }
      for parameter in layer.parameters {
        let leaf = String(parameter.name.dropFirst(layer.path.count + 1))
        if let module = leaves, let tensor = module.leaves[leaf] {
          left[module.path + tensor.suffix] = nil
        } else if !parameter.isOptional {
          missing.append(
            Fault(
              kind: .missing, name: parameter.name, canonicalName: parameter.name,
              detail: "expected shape \(parameter.shape)"))
        }
      }
    }
    let unexpected = trial.stateDict.names.compactMap { name in
      left[name].map { Fault(kind: .unexpected, name: name, detail: "shape \(index.tensors[$0].shape)") }
    }
    return (missing, unexpected)
  }

  private func text(_ trial: Drafter.Trial, _ rules: [DraftRule]) -> String {
    var members: [(String, JSONValue)] = [
      ("schemaVersion", 1), ("name", .string(name)),
      ("title", .string("draft for \(trial.architecture.name)")), ("source", "unknown"),
    ]
    if trial.stateDict.framework != .pytorch {
      members.append(("framework", .string(trial.stateDict.framework.rawValue)))
    }
    let features = ArchitectureFeatures.of(trial.architecture)
    members.append(
      (
        "accepts",
        .object(
          ["family", "attention"].compactMap { feature in
            features[feature].map { JSONValue.Member(feature, [.string($0)]) }
          })
      ))
    if rules.contains(where: { $0.pieces.contains { if case .variable("n", _) = $0 { true } else { false } } }
    ) {
      members.append(("flatBlocks", .array(trial.architecture.blocksPerStage.map(JSONValue.integer))))
    }
    let suffixes = suffixes(trial)
    if !suffixes.isEmpty { members.append(("suffixes", .object(suffixes))) }
    var lines = members.map { "  \(JSONValue.string($0.0).text()): \(Self.spaced($0.1))" }
    let rows = rules.map { "    " + Self.spaced($0.json) }
    lines.append("  \"modules\": [\n" + rows.joined(separator: ",\n") + "\n  ]")
    return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
  }

  /// What stands behind the names of modules, where it is not what the framework says. Of several the commonest.
  private func suffixes(_ trial: Drafter.Trial) -> [JSONValue.Member] {
    var counts: [Parameter.Role: [String: Int]] = [:]
    var usual: [Parameter.Role: String] = [:]
    for (number, match) in trial.matches {
      for parameter in trial.layers[number].parameters {
        let leaf = String(parameter.name.dropFirst(trial.layers[number].path.count + 1))
        guard let tensor = trial.modules[match.module].leaves[leaf] else { continue }
        counts[parameter.role, default: [:]][tensor.suffix, default: 0] += 1
        let framework = trial.stateDict.framework
        usual[parameter.role] = String(framework.separator) + framework.leaf(of: parameter)
      }
    }
    return Parameter.Role.allCases.compactMap { role in
      let commonest = counts[role]?.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
      guard let commonest, commonest != usual[role] else { return nil }
      return JSONValue.Member(role.rawValue, .string(commonest))
    }
  }

  /// A value on one line with spaces, as people write it.
  private static func spaced(_ value: JSONValue) -> String {
    if let members = value.objectValue {
      return "{"
        + members.map { "\(JSONValue.string($0.name).text()): \(spaced($0.value))" }.joined(separator: ", ")
        + "}"
    }
    if let elements = value.arrayValue { return "[" + elements.map(spaced).joined(separator: ", ") + "]" }
    return value.text()
  }
}

import Architectures
import JSON
import SourceFormats

/// What a file says about its network decides where names do not, and is compared with what names say where they do.
extension Recognizer {
  /// The best reading of a source.
  ///
  /// - Throws: ``ConversionError`` where nothing fits, or several readings fit and give different results.
  func recognize(_ index: SourceIndex) throws(ConversionError) -> Recognition {
    guard let model = index.kerasModel else { return try recognizeNames(index) }
    // The key as names have it: it may be written with dots, which names of Keras have, too.
    let place = StateDict.candidates(in: index, key: options.key).first
    let structure: KerasStructure?
    var refusal: KerasStructure.Refusal?
    do throws(KerasStructure.Refusal) {
      structure = try KerasStructure(model, index, key: place?.key ?? [])
    } catch {
      structure = nil
      refusal = error
    }
    let own = structure.flatMap { structure in place.flatMap { recognition(structure, $0, index) } }
    let isAllowed = options.dialect == nil || options.dialect == KerasStructure.dialect
    let named: Recognition
    do throws(ConversionError) {
      named = try recognizeNames(index)
    } catch {
      guard [.unrecognized, .ambiguous, .unrepresentable].contains(error.code), isAllowed else { throw error }
      if let own { return own }
      var error = error
      if let refusal, error.code == .unrecognized {
        error.message += "; nor does what the file says about its network help: \(refusal.words)"
      }
      throw error
    }
    if let own, isAllowed, own.fit.faults.isEmpty, !named.fit.faults.isEmpty { return own }
    if let structure, let own, named.fit.faults.isEmpty, own.fit.faults.isEmpty {
      var reconciled = try reconciled(
        named, own, isAllowed, isCertain: !structure.reduction.hasAssumedOrder)
      for note in structure.reduction.outputNotes where !reconciled.notes.contains(note) {
        reconciled.notes.append(note)
      }
      return reconciled
    }
    return checked(named, refusal)
  }

  /// What a file holds by the place of each layer in its network; `nil` where canonical names have no room for it.
  private func recognition(
    _ structure: KerasStructure, _ place: StateDict, _ index: SourceIndex
  ) -> Recognition? {
    guard let dialect = try? library.dialect(named: KerasStructure.dialect),
      let mapping = try? DialectMapping(dialect, structure.architecture, layouts: structure.layouts())
    else { return nil }
    var warnings: [String] = []
    let found = structure.architecture
    if let name = options.architecture, name != found.name {
      warnings.append("the file says that it is \(found.name), not \(name)")
    }
    if !options.semantics.isEmpty {
      warnings.append("what the file says about its network holds, not the semantics given")
    }
    return Recognition(
      fit: Fit(structure.reading(of: place), mapping, index: index), alternatives: [],
      notes: structure.reduction.notes, warnings: warnings)
  }

  /// What names say and what the file says, both of them complete.
  private func reconciled(
    _ named: Recognition, _ own: Recognition, _ isAllowed: Bool, isCertain: Bool
  ) throws(ConversionError) -> Recognition {
    let places = zip(own.fit.mapping.rows, own.fit.tensors).map { ($0.parameter.name, $1) }
    let expected = Dictionary(places) { first, _ in first }
    for (row, tensor) in zip(named.fit.mapping.rows, named.fit.tensors)
    where expected[row.parameter.name] != tensor {
      // Numbers of automatic names are less than the connections between layers.
      if named.fit.stateDict.renaming != nil, isAllowed { return own }
      let stated = places.first { $0.1 == tensor }?.0 ?? "no part of the network"
      throw ConversionError(
        .unrepresentable,
        "by its name in \(named.fit.dialect.name) \"\(row.sourceName)\" is \(row.parameter.name), by the connections "
          + "that the file states it is \(stated)",
        hint: "the layers were renamed or connected otherwise; "
          + "import by their connections with --dialect \(KerasStructure.dialect)")
    }
    var named = named
    let layouts = Dictionary(own.fit.mapping.rows.map { ($0.parameter.name, $0.layouts) }) { first, _ in first
    }
    for row in named.fit.mapping.rows where layouts[row.parameter.name] != row.layouts {
      if isCertain, isAllowed {
        var own = own
        own.notes.append(
          "\(named.fit.dialect.name) arranges \(row.parameter.name) otherwise, took what the file says")
        return own
      }
      named.warnings.append(
        "\(named.fit.dialect.name) arranges \(row.parameter.name) otherwise than the file says; took \(named.fit.dialect.name)"
      )
    }
    let (assumed, stated) = (named.fit.architecture, own.fit.architecture)
    guard assumed != stated else { return named }
    let changes = Self.changes(from: assumed, to: stated)
    guard options.semantics.isEmpty, let fit = named.fit.with(stated) else {
      named.warnings.append("the file says otherwise: \(changes)")
      return named
    }
    return Recognition(
      fit: fit, alternatives: named.alternatives,
      notes: named.notes + [
        "\(named.fit.dialect.name) has it otherwise, took what the file says: \(changes)"
      ],
      warnings: named.warnings)
  }

  /// What names say, compared with the file's own description as far as that can be followed.
  private func checked(_ named: Recognition, _ refusal: KerasStructure.Refusal?) -> Recognition {
    guard case .difference(_, _, let reduction) = refusal, named.fit.faults.isEmpty else {
      var named = named
      if let refusal, !named.fit.faults.isEmpty {
        named.notes.append("what the file says about its network does not help: \(refusal.words)")
      }
      return named
    }
    var named = named
    do throws(WiringMatch.Difference) {
      _ = try KerasStructure.compare(named.fit.architecture, reduction)
    } catch {
      named.warnings.append("by what the file says about its network, \(error.words)")
    }
    return named
  }

  /// The members of a description that differ, with both values.
  private static func changes(from assumed: Architecture, to stated: Architecture) -> String {
    let old = assumed.json
    return (stated.json.objectValue ?? []).filter { old[$0.name] != $0.value }.map { member in
      "\(member.name) \(member.value.text()) rather than \(old[member.name]?.text() ?? "none")"
    }.joined(separator: ", ")
  }
}

import Architectures
import Checkpoint
import SourceFormats

/// How well a state dict fits an architecture in the names of a dialect.
struct Fit: Sendable {
  /// The state dict that was read.
  let stateDict: StateDict

  /// The names that were expected.
  let mapping: DialectMapping

  /// For each row of the mapping the number of its tensor, or `nil` where it is missing or has another shape.
  let tensors: [Int?]

  /// What does not fit; empty for a complete fit.
  let faults: [Fault]

  /// The part of all names, expected and found, that agree; 1 for a complete fit.
  let score: Double

  /// Whether the code base's own modules have just these weights and biases.
  let isExact: Bool

  /// The architecture.
  var architecture: Architecture { mapping.architecture }

  /// The dialect.
  var dialect: Dialect { mapping.dialect }

  /// Compares the names of a mapping with those of a state dict.
  init(_ stateDict: StateDict, _ mapping: DialectMapping, index: SourceIndex) {
    var unused = Dictionary(uniqueKeysWithValues: zip(stateDict.names, stateDict.tensors))
    var tensors: [Int?] = []
    var faults: [Fault] = []
    var matched = 0
    var unreadable: [String: String] = [:]
    for extra in index.extras where extra.path.starts(with: stateDict.key) {
      if case .unreadableTensor(let reason) = extra.value, let name = extra.path.last {
        unreadable[name] = reason
      }
    }
    let unreadableNames = NameEndings(unreadable.keys)
    for row in mapping.rows {
      let number =
        unused.removeValue(forKey: row.sourceName)
        ?? row.otherName.flatMap { unused.removeValue(forKey: $0) }
      guard let number else {
        tensors.append(nil)
        if row.parameter.isOptional { continue }
        faults.append(
          Fault(
            kind: .missing, name: row.sourceName, canonicalName: row.parameter.name,
            detail: unreadableNames.first(endingWith: row.sourceName).flatMap { unreadable[$0] }
              ?? "expected shape \(row.sourceShape)"))
        continue
      }
      let tensor = index.tensors[number]
      // A canonical name that took the place of the file's own is in no file.
      let name = stateDict.renaming == nil ? row.sourceName : index.name(of: tensor)
      if tensor.shape != row.sourceShape, !Self.isBatchCount(tensor, row) {
        faults.append(
          Fault(
            kind: .misshaped, name: name, canonicalName: row.parameter.name,
            detail: "found shape \(tensor.shape), expected \(row.sourceShape)"))
        tensors.append(nil)
      } else if !row.parameter.isOptional, !tensor.elementType.isConvertibleFloat {
        faults.append(
          Fault(
            kind: .mistyped, name: name, canonicalName: row.parameter.name,
            detail: "found element type \(tensor.elementType.rawValue), expected a floating-point type"))
        tensors.append(nil)
      } else {
        matched += 1
        tensors.append(number)
      }
    }
    for name in stateDict.names {
      guard let tensor = unused[name].map({ index.tensors[$0] }) else { continue }
      faults.append(
        Fault(
          kind: .unexpected, name: stateDict.renaming == nil ? name : index.name(of: tensor),
          canonicalName: nil, detail: "shape \(tensor.shape)"))
    }
    isExact =
      mapping.dialect.mismatch(
        with: mapping.rows.map(\.parameter), features: ArchitectureFeatures.of(mapping.architecture)) == nil
    self.stateDict = stateDict
    self.mapping = mapping
    self.tensors = tensors
    self.faults = faults
    score = Double(matched) / Double(max(1, matched + faults.count))
  }

  /// The same tensors in another architecture with the same parameters; `nil` where it has others.
  func with(_ architecture: Architecture) -> Fit? {
    guard let mapping = try? mapping.with(architecture) else { return nil }
    return Fit(self, mapping)
  }

  private init?(_ fit: Fit, _ mapping: DialectMapping) {
    guard mapping.rows == fit.mapping.rows else { return nil }
    self.mapping = mapping
    (stateDict, tensors, faults) = (fit.stateDict, fit.tensors, fit.faults)
    (score, isExact) = (fit.score, fit.isExact)
  }

  /// Some tools keep the scalar counter of batches as a vector of one.
  private static func isBatchCount(_ tensor: SourceTensor, _ row: DialectMapping.Row) -> Bool {
    row.parameter.isOptional && tensor.elementCount == 1
  }

  /// Whether another fit leads to the same canonical tensors: the same elements in the same arrangement.
  func hasSameMapping(as other: Fit) -> Bool {
    guard tensors == other.tensors, mapping.rows.count == other.mapping.rows.count else { return false }
    return zip(mapping.rows, other.mapping.rows).allSatisfy {
      $0.parameter == $1.parameter && $0.layouts == $1.layouts
    }
  }
}

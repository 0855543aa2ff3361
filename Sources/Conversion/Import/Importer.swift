import Architectures
import Bytes
import Checkpoint
import JSON
public import SourceFormats
public import SystemPackage

/// Choices of an import.
public struct ImportOptions: Sendable {
  /// What to force instead of leaving it to recognition.
  public var recognition = RecognitionOptions()

  /// The floating-point types that tensors get.
  public var precision = Precision()

  /// Statistics of norms for which the source has none; the first that names a norm counts.
  public var statistics: [DeclaredStatistics] = []

  /// Whether checksums of the source that do not match are only noted.
  public var ignoresChecksums = false

  /// Called now and then with the bytes written and the bytes to write.
  public var progress: (@Sendable (_ done: UInt64, _ total: UInt64) -> Void)?

  /// Creates the default choices.
  public init() {}
}

/// Turns a source into a canonical checkpoint.
public struct Importer: Sendable {
  private let library: DialectLibrary
  private let options: ImportOptions

  /// Creates an importer that knows some dialects.
  public init(library: DialectLibrary, options: ImportOptions) {
    self.library = library
    self.options = options
  }

  /// Decides what a source is and how each tensor gets its place.
  ///
  /// A plan with faults is returned, not thrown, so that all of them can be reported together.
  ///
  /// - Throws: ``ConversionError`` where the source is not recognised or its readings are ambiguous.
  public func plan(_ index: SourceIndex) throws(ConversionError) -> ImportPlan {
    if index.extras.contains(where: { $0.path.last == CheckpointMetadata.Key.version.rawValue }) {
      throw ConversionError(
        .alreadyCanonical, "the file is a canonical checkpoint already", file: index.files.first?.path.string,
        hint: "look at it with 'attnconv inspect', or write it for PyTorch with 'attnconv export'")
    }
    let recognition = try Recognizer(library: library, options: options.recognition).recognize(index)
    let fit = recognition.fit
    let lacked = Set(fit.faults.filter { $0.kind == .missing }.compactMap(\.canonicalName))
    var index = index
    var rows: [ImportPlan.Row] = []
    var declared: [DeclaredParameter] = []
    for (row, number) in zip(fit.mapping.rows, fit.tensors) {
      if let number {
        rows.append(try planRow(row, index.tensors[number], of: index))
      } else if lacked.contains(row.parameter.name), let value = declaredValue(of: row, fit) {
        declared.append(DeclaredParameter(canonicalName: row.parameter.name, value: value))
        rows.append(declaredRow(row, value, in: &index))
      }
    }
    let given = Set(declared.map(\.canonicalName))
    var faults: [Fault] = []
    var allowed: [Fault] = []
    for fault in fit.faults where !given.contains(fault.canonicalName ?? "") {
      if isAllowed(fault) { allowed.append(fault) } else { faults.append(fault) }
    }
    try checkDeclarations(fit)
    return ImportPlan(
      index: index, architecture: fit.architecture, dialect: fit.dialect, key: fit.stateDict.key,
      hasAutomaticNames: fit.stateDict.renaming != nil,
      strippedPrefix: fit.stateDict.strippedPrefix, score: fit.score, alternatives: recognition.alternatives,
      faults: Fault.withSuggestions(faults),
      allowed: allowed, declared: declared, rows: rows,
      notes: recognition.notes + index.notes,
      warnings: recognition.warnings + Contradictions.find(in: index, architecture: fit.architecture)
        + fit.mapping.doubts.map(\.text),
      uncertainModules: fit.mapping.doubts.map(\.module))
  }

  /// Begins to read a source from front to back, for its digest and checksums, as ``write(_:to:overwrite:scan:)`` needs it.
  public func beginScan(_ index: SourceIndex) -> SourceScan.Pending {
    SourceScan.Pending(index, ignoreChecksums: options.ignoresChecksums)
  }

  /// Carries out a complete plan: the canonical checkpoint appears whole or not at all.
  ///
  /// Peak memory does not depend on the size of the checkpoint. Equal sources and options give equal bytes.
  /// A scan of the plan's source that was begun before runs beside the planning.
  ///
  /// - Throws: ``ConversionError``; nothing is left behind then and an older file stays as it was.
  public func write(
    _ plan: ImportPlan, to path: FilePath, overwrite: Bool, scan: SourceScan.Pending? = nil
  ) async throws(ConversionError) -> ImportResult {
    guard plan.isComplete else {
      throw ConversionError(.incomplete, "\(plan.faults.count) names do not fit")
    }
    if let doubt = ConversionError(uncertain: plan.uncertainModules, in: plan.dialect) { throw doubt }
    let result = try await SafetensorsOutput.write(
      plan.rows.map(\.output), from: plan.index, to: path, overwrite: overwrite,
      ignoreChecksums: options.ignoresChecksums, scan: scan ?? beginScan(plan.index),
      progress: options.progress
    ) { result in
      CheckpointMetadata(
        architecture: plan.architecture.json, source: Provenance.json(of: plan, result.sourceDigests),
        digests: result.digests, content: result.content
      ).members
    }
    return ImportResult(
      path: path, content: result.content, byteCount: result.byteCount, notes: result.notes)
  }

  /// Whether the user allowed that a name does not fit.
  private func isAllowed(_ fault: Fault) -> Bool {
    switch fault.kind {
    case .missing: fault.matches(options.recognition.allowMissing)
    case .unexpected: fault.matches(options.recognition.allowUnexpected)
    case .misshaped, .mistyped: false
    }
  }

  /// What the user declared for a parameter that the source does not have.
  private func declaredValue(of row: DialectMapping.Row, _ fit: Fit) -> Double? {
    let module = sourceModule(of: row, fit)
    return options.statistics.lazy.compactMap { $0.value(of: row.parameter, sourceModule: module) }.first
  }

  private func sourceModule(of row: DialectMapping.Row, _ fit: Fit) -> String {
    let separator = fit.dialect.framework.separator
    return row.sourceName.split(separator: separator).dropLast().joined(separator: String(separator))
  }

  /// A row whose elements all have one value, which an index gets as a storage of its own.
  private func declaredRow(
    _ row: DialectMapping.Row, _ value: Double, in index: inout SourceIndex
  ) -> ImportPlan.Row {
    let shape = row.parameter.shape
    let view = SourceTensor(
      path: [row.parameter.name], elementType: .float32, shape: shape,
      strides: [Int](repeating: 0, count: shape.count), storage: index.storages.count)
    let bits = Float(value).bitPattern
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    index.storages.append(
      SourceStorage(
        name: row.parameter.name, file: 0, offset: 0, byteCount: UInt64(bytes.count),
        encoding: .constant(bytes)))
    return ImportPlan.Row(
      canonicalName: row.parameter.name, sourceName: ImportPlan.declaredName, layouts: [],
      sourceType: .float32,
      output: TensorOutput(
        name: row.parameter.name, elementType: options.precision.target(for: row.parameter, of: .float32),
        view: view))
  }

  /// Refuses a declaration that names no norm of the network, which is probably misspelt.
  private func checkDeclarations(_ fit: Fit) throws(ConversionError) {
    for declaration in options.statistics {
      let norms = fit.mapping.rows.filter { $0.parameter.role == .runningMean }
      let isUsed = norms.contains {
        declaration.value(of: $0.parameter, sourceModule: sourceModule(of: $0, fit)) != nil
      }
      guard !isUsed else { continue }
      let names = norms.map(\.parameter.module)
      let nearest = NearestName.of(declaration.pattern, among: names).map { "did you mean \"\($0)\"?" }
      throw ConversionError(
        .unknownName, "statistics are declared for \"\(declaration.pattern)\", and no norm is called so",
        hint: nearest)
    }
  }

  private func planRow(
    _ row: DialectMapping.Row, _ tensor: SourceTensor, of index: SourceIndex
  ) throws(ConversionError) -> ImportPlan.Row {
    var view = row.layouts.canonicalView(of: tensor)
    // A counter of batches that some tool keeps as a vector of one is a scalar.
    if row.parameter.isOptional {
      view.shape = []
      view.strides = []
    }
    return ImportPlan.Row(
      canonicalName: row.parameter.name, sourceName: index.name(of: tensor),
      layouts: row.layouts,
      sourceType: tensor.elementType,
      output: TensorOutput(
        name: row.parameter.name,
        elementType: options.precision.target(for: row.parameter, of: tensor.elementType), view: view))
  }
}

/// What an import wrote.
public struct ImportResult: Sendable {
  /// The canonical checkpoint.
  public let path: FilePath
  /// The content digest: the same for the same weights, whatever container they came in.
  public let content: String
  /// The size of the file in bytes.
  public let byteCount: UInt64
  /// Things worth telling, for example checksums that were ignored.
  public let notes: [String]
}

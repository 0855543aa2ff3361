public import Architectures
import Bytes
public import Checkpoint
import Crypto
import JSON
import SourceFormats
public import SystemPackage

/// Turns a canonical checkpoint back into the names and the container of another code base.
public struct Exporter: Sendable {
  /// The containers that can be written.
  public enum Target: String, CaseIterable, Sendable {
    /// A zip archive that `torch.load(weights_only=True)` reads, also with `mmap=True`.
    case pytorch
    /// A safetensors file without the metadata of a canonical checkpoint.
    case safetensors
    /// Weights in HDF5 by layers, which Keras 1 and 2 write (`.h5`) and Keras 3 reads.
    case kerasHDF5 = "keras-hdf5"
    /// Weights in HDF5 by classes of layers, which Keras 3 writes (`.weights.h5`).
    case kerasWeights = "keras-weights"

    /// The framework whose names the container takes.
    public var framework: Framework {
      switch self {
      case .pytorch, .safetensors: .pytorch
      case .kerasHDF5, .kerasWeights: .keras
      }
    }
  }

  /// Choices of an export.
  public struct Options: Sendable {
    /// The dialect to write; `nil` for the one that the checkpoint came in.
    public var dialect: String?
    /// The floating-point types that tensors get.
    public var precision = Precision()
    /// The program whose processes make HDF5 files: one that answers to ``SourceFormats/HDF5Task``.
    public var worker: FilePath?

    /// Creates the default choices.
    public init() {}
  }

  /// What an export wrote.
  public struct Result: Sendable {
    /// The file.
    public let path: FilePath
    /// The dialect of its names.
    public let dialect: String
    /// The architecture.
    public let architecture: Architecture
    /// The number of tensors.
    public let tensorCount: Int
    /// The content digest of the checkpoint that was exported.
    public let content: String
    /// Canonical names whose arrangement was changed, with the change.
    public let layouts: [(name: String, layout: Layout)]
    /// Canonical names that the checkpoint lacks and the file therefore lacks too.
    public let missing: [String]
    /// Canonical names of the checkpoint that the framework has nothing for: the counters of batches, in Keras.
    public let leftOut: [String]
    /// What the code base of the dialect does otherwise than this network, although no tensor shows it: the
    /// file loads there and may compute something else.
    public let differences: [String]
  }

  private let library: DialectLibrary
  private let options: Options

  /// Creates an exporter that knows some dialects.
  public init(library: DialectLibrary, options: Options) {
    self.library = library
    self.options = options
  }

  /// The network that a checkpoint says it holds.
  private static func architecture(of checkpoint: Checkpoint) throws(ConversionError) -> Architecture {
    do { return try Architecture(json: checkpoint.metadata.architecture) } catch {
      var failure = ConversionError(error)
      failure.message = "attnconv.architecture: " + failure.message
      failure.hint =
        failure.hint ?? "the checkpoint was written by another program or version; import the source again"
      throw failure
    }
  }

  /// Writes a checkpoint in the names of a dialect, after checking every digest.
  ///
  /// - Throws: ``ConversionError``; nothing is left behind then and an older file stays as it was.
  public func write(
    _ checkpoint: Checkpoint, to path: FilePath, as target: Target, overwrite: Bool
  ) async throws(ConversionError) -> Result {
    do {
      try AtomicFile.check(path, overwrite: overwrite)
      let architecture = try Self.architecture(of: checkpoint)
      let dialect = try library.dialect(options.dialect, of: checkpoint)
      try check(dialect, target, checkpoint)
      let origin = CheckpointOrigin(checkpoint, dialect)
      guard dialect.name != KerasStructure.dialect || origin.isOwnDialect else {
        throw ConversionError(
          .unrepresentable, "dialect \(dialect.name) has no names but those of the file it reads",
          file: checkpoint.path.string, hint: "choose another dialect with --dialect")
      }
      let mapping = try DialectMapping(dialect, architecture, layouts: origin.layouts)
      if let doubt = ConversionError(uncertain: mapping.doubts.map(\.module), in: dialect) { throw doubt }
      if !origin.isOwnDialect {
        let features = ArchitectureFeatures.of(architecture)
        if let mismatch = dialect.mismatch(with: mapping.rows.map(\.parameter), features: features) {
          throw ConversionError(
            .unrepresentable, mismatch, file: checkpoint.path.string,
            hint:
              "choose another dialect with --dialect; its own is \(checkpoint.metadata.source["dialect"]?.text() ?? "not recorded")"
          )
        }
      }
      let differences = origin.isOwnDialect ? [] : try differences(architecture, dialect)
      try checkpoint.checkIntegrity()
      let index = try SafetensorsReader.read(checkpoint.source)
      let found = try outputs(mapping, index, checkpoint)
      let outputs = found.weights.map(\.output)
      switch target {
      case .safetensors:
        _ = try await SafetensorsOutput.write(
          outputs, from: index, to: path, overwrite: overwrite, ignoreChecksums: false,
          scan: SourceScan.Pending(index, ignoreChecksums: false), progress: nil
        ) { _ in [("format", "pt")] }
      case .pytorch: try writePyTorch(outputs, index, path, overwrite: overwrite)
      case .kerasHDF5, .kerasWeights:
        guard let worker = options.worker else { throw Self.noWorker }
        let layers = try KerasLayers(found.weights, mapping, recorded: origin.moduleNames).layers
        let file =
          target == .kerasHDF5
          ? try KerasFile(legacy: layers) : try KerasFile(numbered: layers, dialect: dialect.name)
        try file.write(from: index, to: path, overwrite: overwrite, worker: worker)
      }
      let written = Set(found.weights.map(\.row.parameter.name))
      return Result(
        path: path, dialect: dialect.name, architecture: architecture, tensorCount: outputs.count,
        content: checkpoint.metadata.content,
        layouts: mapping.rows.flatMap { row in
          written.contains(row.parameter.name) ? row.layouts.map { (row.parameter.name, $0) } : []
        },
        missing: found.missing, leftOut: found.leftOut, differences: differences)
    } catch {
      throw ConversionError(any: error)
    }
  }

  private static let noWorker = ConversionError(
    .inputOutput, "HDF5 files are made by a worker process, and this program has none")

  /// Refuses names of another framework than that of the container.
  private func check(
    _ dialect: Dialect, _ target: Target, _ checkpoint: Checkpoint
  ) throws(ConversionError) {
    guard dialect.framework != target.framework else { return }
    let (own, wanted) = (dialect.framework.title, target.framework.title)
    let examples = library.dialects.filter { $0.framework == target.framework }.map(\.name)
    throw ConversionError(
      .unrepresentable, "dialect \(dialect.name) has the names of \(own), and this file is for \(wanted)",
      file: checkpoint.path.string,
      hint: "choose a dialect of \(wanted) with --dialect: \(examples.joined(separator: ", "))")
  }

  /// Compares a network with the one that the code base of a dialect builds for the same shapes.
  private func differences(_ architecture: Architecture, _ dialect: Dialect) throws -> [String] {
    let shapes = try architecture.graph().parameters.map { ($0.name, $0.shape) }
    let theirs = try ArchitectureInference.infer(
      shapes: Dictionary(uniqueKeysWithValues: shapes),
      semantics: Semantics(json: dialect.semantics(for: ArchitectureFeatures.of(architecture)))
    )
    return architecture.differences(from: theirs).map { name, own, their in
      "\(dialect.name) has \(name) \(their?.text() ?? "none") rather than \(own.text())"
    }
  }

  /// What to write, in the order of the graph, and canonical names that only one side has.
  private func outputs(
    _ mapping: DialectMapping, _ index: SourceIndex, _ checkpoint: Checkpoint
  ) throws(ConversionError) -> (weights: [KerasLayers.Weight], missing: [String], leftOut: [String]) {
    var tensors = Dictionary(uniqueKeysWithValues: index.tensors.map { ($0.path[0], $0) })
    var weights: [KerasLayers.Weight] = []
    var missing: [String] = []
    var leftOut: [String] = []
    for row in mapping.rows {
      guard let tensor = tensors.removeValue(forKey: row.parameter.name) else {
        if !row.parameter.isOptional { missing.append(row.parameter.name) }
        continue
      }
      guard tensor.shape == row.parameter.shape else {
        throw ConversionError(
          .malformed,
          "tensor \"\(row.parameter.name)\" has shape \(tensor.shape), the architecture gives \(row.parameter.shape)",
          file: checkpoint.path.string)
      }
      guard mapping.dialect.framework.has(row.parameter.role) else {
        leftOut.append(row.parameter.name)
        continue
      }
      let output = TensorOutput(
        name: row.sourceName,
        elementType: options.precision.target(for: row.parameter, of: tensor.elementType),
        view: row.layouts.sourceView(of: tensor))
      weights.append(.init(row: row, output: output))
    }
    if let stray = tensors.keys.sorted().first {
      throw ConversionError(
        .malformed, "tensor \"\(stray)\" has no place in \(mapping.architecture.name)",
        file: checkpoint.path.string)
    }
    return (weights, missing, leftOut)
  }

  private func writePyTorch(
    _ outputs: [TensorOutput], _ index: SourceIndex, _ path: FilePath, overwrite: Bool
  ) throws {
    var pickle = PickleWriter()
    for (number, output) in outputs.enumerated() {
      try pickle.append(
        name: output.name, elementType: output.elementType, shape: output.view.shape,
        storageKey: String(number))
    }
    pickle.finish()
    let file = try AtomicFile(path, overwrite: overwrite)
    try file.reserve(outputs.reduce(0) { $0 + $1.byteCount })
    let source = SourceBytes(index, scratchDirectory: path.removingLastComponent(), ignoreChecksums: false)
    var archive = ZipWriter(file)
    // The records of torch.save (torch/serialization.py); any single top directory will do.
    try archive.append("archive/data.pkl", pickle.bytes)
    try archive.append("archive/byteorder", Array("little".utf8))
    for (number, output) in outputs.enumerated() {
      let stream = try TensorStream(
        output.view, as: output.elementType, storage: source.storage(output.view.storage))
      try archive.append("archive/data/\(number)", byteCount: output.byteCount) {
        write throws(ConversionError) in
        try stream.forEachPiece(of: source, write)
      }
    }
    try archive.append("archive/version", Array("3\n".utf8))
    try archive.finish()
    for input in index.files { try input.checkUnchanged() }
    try file.commit()
  }
}

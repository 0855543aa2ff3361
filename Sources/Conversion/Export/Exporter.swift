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
  }

  /// Choices of an export.
  public struct Options: Sendable {
    /// The dialect to write; `nil` for the one that the checkpoint came in.
    public var dialect: String?
    /// The floating-point types that tensors get.
    public var precision = Precision()

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

  /// Writes a checkpoint in the names of a dialect, after checking every digest.
  ///
  /// - Throws: ``ConversionError``; nothing is left behind then and an older file stays as it was.
  public func write(
    _ checkpoint: Checkpoint, to path: FilePath, as target: Target, overwrite: Bool
  ) async throws(ConversionError) -> Result {
    do {
      try AtomicFile.check(path, overwrite: overwrite)
      let architecture = try Architecture(json: checkpoint.metadata.architecture)
      let dialect = try library.dialect(options.dialect, of: checkpoint)
      guard dialect.framework == .pytorch else {
        throw ConversionError(
          .unrepresentable, "dialect \(dialect.name) has the names of Keras, and export writes for PyTorch",
          file: checkpoint.path.string,
          hint: "choose a dialect of PyTorch with --dialect, for example pytorchcv")
      }
      let mapping = try DialectMapping(dialect, architecture)
      let isOwnDialect = checkpoint.metadata.source["dialect"]?.stringValue == dialect.name
      if !isOwnDialect {
        let features = ArchitectureFeatures.of(architecture)
        if let mismatch = dialect.mismatch(with: mapping.rows.map(\.parameter), features: features) {
          throw ConversionError(
            .unrepresentable, mismatch, file: checkpoint.path.string,
            hint:
              "choose another dialect with --dialect; its own is \(checkpoint.metadata.source["dialect"]?.text() ?? "not recorded")"
          )
        }
      }
      let differences = isOwnDialect ? [] : try differences(architecture, dialect)
      try checkpoint.checkIntegrity()
      let index = try SafetensorsReader.read(InputFile(checkpoint.path))
      let (outputs, missing) = try outputs(mapping, index, checkpoint)
      switch target {
      case .safetensors:
        _ = try await SafetensorsOutput.write(
          outputs, from: index, to: path, overwrite: overwrite, ignoreChecksums: false, progress: nil
        ) { _ in [("format", "pt")] }
      case .pytorch: try writePyTorch(outputs, index, path, overwrite: overwrite)
      }
      return Result(
        path: path, dialect: dialect.name, architecture: architecture, tensorCount: outputs.count,
        content: checkpoint.metadata.content,
        layouts: mapping.rows.flatMap { row in
          missing.contains(row.parameter.name) ? [] : row.layouts.map { (row.parameter.name, $0) }
        },
        missing: missing, differences: differences)
    } catch {
      throw ConversionError(any: error)
    }
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

  /// What to write, in the order of the graph, and the canonical names that the checkpoint lacks.
  private func outputs(
    _ mapping: DialectMapping, _ index: SourceIndex, _ checkpoint: Checkpoint
  ) throws(ConversionError) -> ([TensorOutput], [String]) {
    var tensors = Dictionary(uniqueKeysWithValues: index.tensors.map { ($0.path[0], $0) })
    var outputs: [TensorOutput] = []
    var missing: [String] = []
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
      let view = row.layouts.sourceView(of: tensor)
      outputs.append(
        TensorOutput(
          name: row.sourceName,
          elementType: options.precision.target(for: row.parameter, of: tensor.elementType), view: view))
    }
    if let stray = tensors.keys.sorted().first {
      throw ConversionError(
        .malformed, "tensor \"\(stray)\" has no place in \(mapping.architecture.name)",
        file: checkpoint.path.string)
    }
    return (outputs, missing)
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
    let source = SourceBytes(index, scratchDirectory: path.removingLastComponent(), ignoreChecksums: false)
    var archive = ZipWriter(file)
    // The records of torch.save (torch/serialization.py); any single top directory will do.
    try archive.append("archive/data.pkl", pickle.bytes)
    try archive.append("archive/byteorder", Array("little".utf8))
    for (number, output) in outputs.enumerated() {
      let byteCount = output.elementType.byteCount(shape: output.view.shape) ?? 0
      let stream = try TensorStream(
        output.view, as: output.elementType, storage: source.storage(output.view.storage))
      try archive.append("archive/data/\(number)", byteCount: UInt64(byteCount)) {
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

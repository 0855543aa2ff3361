import Bytes
import Crypto
public import SystemPackage

/// A canonical checkpoint, mapped into memory.
///
///     let checkpoint = try Checkpoint("resnet50_bam.safetensors")
///     let weight = try checkpoint.tensor("stem.conv.weight")   // [64, 3, 7, 7]
///     let values = try weight.floats()
///
/// Opening checks the header, that the digests belong to exactly these tensors, and the content digest.
/// The bytes themselves are checked by ``checkIntegrity()``.
public final class Checkpoint: Sendable {
  /// The path as the user gave it.
  public let path: FilePath

  /// The header of the safetensors file.
  public let header: SafetensorsHeader

  /// What the checkpoint says about itself.
  public let metadata: CheckpointMetadata

  private let file: MappedFile
  private let indices: [String: Int]

  /// Opens and checks a canonical checkpoint.
  public init(_ path: FilePath) throws(CheckpointError) {
    do {
      let file = try MappedFile(path)
      header = try SafetensorsHeader(file.bytes)
      metadata = try CheckpointMetadata(header)
      self.file = file
    } catch let error as CheckpointError {
      var error = error
      error.file = path.string
      throw error
    } catch let error as BytesError {
      throw CheckpointError(error)
    } catch {
      throw CheckpointError(.inputOutput, "\(error)", file: path.string)
    }
    self.path = path
    indices = Dictionary(uniqueKeysWithValues: header.tensors.enumerated().map { ($1.name, $0) })
  }

  /// Opens and checks a canonical checkpoint, for programs that have no other use for `FilePath`.
  public convenience init(_ path: String) throws(CheckpointError) {
    try self.init(FilePath(path))
  }

  /// The names of all tensors, sorted by their UTF-8 bytes.
  public var names: [String] { indices.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

  /// The tensor of a name, or `nil` where the checkpoint holds none.
  public subscript(name: String) -> TensorView? {
    indices[name].map { TensorView(header.tensors[$0], dataOffset: header.dataOffset, file: file) }
  }

  /// The tensor of a name.
  ///
  /// - Throws: ``CheckpointError`` with code `unknownTensor`, naming the nearest known name.
  public func tensor(_ name: String) throws(CheckpointError) -> TensorView {
    if let view = self[name] { return view }
    throw CheckpointError(
      .unknownTensor, "the checkpoint holds no tensor \"\(name)\"", file: path.string,
      hint: NearestName.of(name, among: indices.keys).map { "did you mean \"\($0)\"?" })
  }

  /// The tensors whose names begin with a prefix, which is taken away from the names: the parameters of one
  /// module, for example of `stages.0.blocks.0.attention.`. Sorted by name.
  public func tensors(under prefix: String) -> [(name: String, tensor: TensorView)] {
    names.filter { $0.hasPrefix(prefix) }.compactMap { name in
      self[name].map { (String(name.dropFirst(prefix.count)), $0) }
    }
  }

  /// Compares the bytes of every tensor with the recorded digest.
  ///
  /// - Throws: ``CheckpointError`` with code `digestMismatch`, naming the first tensor that differs.
  public func checkIntegrity() throws(CheckpointError) {
    for record in header.tensors {
      let digest = TensorView(record, dataOffset: header.dataOffset, file: file).digest
      guard let expected = metadata.digests[record.name], expected == digest else {
        throw CheckpointError(
          .digestMismatch,
          "tensor \"\(record.name)\" has SHA-256 \(digest), the checkpoint records \(metadata.digests[record.name] ?? "none")",
          file: path.string, offset: header.dataOffset + record.begin,
          hint: "the file was damaged or changed after it was written; import the source again")
      }
    }
  }
}

extension SafetensorsHeader {
  /// Reads and checks the header of a mapped file.
  init(_ bytes: RawSpan) throws(CheckpointError) {
    let fileSize = UInt64(bytes.byteCount)
    let prefix = bytes.extracting(first: 8)
    let length = try Self.length(prefix: prefix.copied(), fileSize: fileSize)
    try self.init(parsing: bytes.extracting(8..<8 + length).copied(), fileSize: fileSize)
  }
}

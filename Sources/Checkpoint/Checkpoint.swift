package import Bytes
import Crypto
public import SystemPackage

/// A canonical checkpoint, mapped into memory.
///
///     let checkpoint = try Checkpoint("resnet50_bam.safetensors")
///     let weight = try checkpoint.tensor("stem.conv.weight")   // [64, 3, 7, 7]
///     let values = try weight.floats()
///
/// Opening checks the header and its seal, that the digests belong to exactly these tensors, and the content digest.
/// The bytes themselves are checked by ``checkIntegrity()``; ``IntegrityReport`` lists all damage of a file.
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
      do {
        header = try SafetensorsHeader(file.bytes)
        metadata = try CheckpointMetadata(header)
        try metadata.checkSeal(file.bytes.extracting(first: Int(header.dataOffset)))
      } catch {
        // What a file holds that changes meanwhile is not what is wrong with it.
        try file.checkUnchanged()
        throw error
      }
      try file.checkUnchanged()
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

  /// Fails where the file is no longer the one that was opened, as far as size and modification time show it, or where
  /// a part of it could not be read.
  ///
  /// Whoever has read what the file holds calls it before the result is used: a mapped file changes in place while it
  /// is read.
  ///
  /// - Throws: ``CheckpointError`` with code `inputOutput`.
  public func checkUnchanged() throws(CheckpointError) {
    do throws(BytesError) { try file.checkUnchanged() } catch { throw CheckpointError(error) }
  }

  /// The open file, whatever its path names by now.
  package var source: InputFile { file.file }

  /// Compares the bytes of every tensor with the recorded digest.
  ///
  /// - Throws: ``CheckpointError`` with code `digestMismatch`, naming the tensors that differ, or `inputOutput`
  ///   where the file changed meanwhile.
  public func checkIntegrity() throws(CheckpointError) {
    let damaged = header.tensors.compactMap { record -> (record: TensorRecord, digest: String)? in
      let digest = TensorView(record, dataOffset: header.dataOffset, file: file).digest
      return metadata.digests[record.name] == digest ? nil : (record, digest)
    }
    try checkUnchanged()
    guard let (record, digest) = damaged.first else { return }
    let recorded = metadata.digests[record.name] ?? "none"
    var message = "tensor \"\(record.name)\" has SHA-256 \(digest), the checkpoint records \(recorded)"
    if damaged.count > 1 {
      /// More would not fit a message; ``IntegrityReport`` has them all.
      let shown = damaged.dropFirst().prefix(4).map { "\"\($0.record.name)\"" }
      message += "; so do not match \(shown.joined(separator: ", "))"
      if damaged.count > 5 { message += " and \(damaged.count - 5) more" }
    }
    throw CheckpointError(
      .digestMismatch, message, file: path.string, offset: header.dataOffset + record.begin,
      hint: "the file was damaged or changed after it was written; \(metadata.importAgain)")
  }
}

extension CheckpointMetadata {
  /// Compares the bytes before the data with the seal; nothing is compared where a file of an early version has none.
  ///
  /// - Throws: ``CheckpointError`` with code `digestMismatch`, saying what was changed as far as the seal tells.
  fileprivate func checkSeal(_ head: RawSpan) throws(CheckpointError) {
    guard isSealed, !HeaderSeal.matches(head) else { return }
    let head = head.copied()
    guard !HeaderSeal.isKept(in: head) else { return }
    let damage = HeaderExamination(head).map(IntegrityReport.damage) ?? []
    throw CheckpointError(
      .digestMismatch,
      "the header is not as it was written: "
        + (damage.isEmpty ? "its seal does not match" : damage.map(\.text).joined(separator: "; ")),
      offset: damage.first?.offset ?? 0,
      hint: "the file was damaged or changed after it was written; \(importAgain)")
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

import Bytes
import Checkpoint
import Crypto
import SourceFormats
import SystemPackage

/// Writes a safetensors file from views of a source, in bounded memory and in one go.
struct SafetensorsOutput {
  /// What is known once all tensors have been written.
  struct Result: Sendable {
    /// The SHA-256 of each tensor's bytes, by name.
    var digests: [String: String]
    /// The digest of all tensors; see ``ContentDigest``.
    var content: String
    /// The SHA-256 of each file of the source.
    var sourceDigests: [String]
    /// Things worth telling, for example checksums that were ignored.
    var notes: [String]
    /// The number of bytes written.
    var byteCount: UInt64
  }

  /// Digests have a fixed length, so the header can be measured before they are known.
  static let digestPlaceholder = String(repeating: "0", count: 64)

  /// Streams tensors to a file that appears when all is done and checked.
  ///
  /// The header is written last, in the room kept for it, because it holds the digests.
  ///
  /// The metadata members are asked for twice, before and after, and must keep their lengths.
  static func write(
    _ tensors: [TensorOutput], from index: SourceIndex, to path: FilePath, overwrite: Bool,
    ignoreChecksums: Bool, progress: ((UInt64, UInt64) -> Void)?,
    metadata: (Result) -> [(name: String, value: String)]
  ) async throws(ConversionError) -> Result {
    // The scan of the source, for its digest and checksums, runs on another core.
    async let pendingScan = scan(index, ignoreChecksums: ignoreChecksums)
    do {
      let output = try AtomicFile(path, overwrite: overwrite)
      let layout = try SafetensorsLayout(tensors.map { ($0.name, $0.elementType, $0.view.shape) })
      var result = Result(
        digests: Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, digestPlaceholder) }),
        content: digestPlaceholder, sourceDigests: index.files.map { _ in digestPlaceholder }, notes: [],
        byteCount: 0)
      let headLength = UInt64(layout.head(metadata: metadata(result)).count)
      let bytes = SourceBytes(
        index, scratchDirectory: path.removingLastComponent(), ignoreChecksums: ignoreChecksums)
      let byName = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
      for record in layout.tensors {
        guard let tensor = byName[record.name] else { continue }
        result.digests[record.name] = try copy(tensor, from: bytes, to: output, at: headLength + record.begin)
        progress?(record.end, layout.tensors.last?.end ?? 0)
      }
      try bytes.checkDeflated()
      let scan = try await pendingScan.get()
      for file in index.files { try file.checkUnchanged() }
      result.sourceDigests = scan.digests
      result.notes = scan.notes + bytes.notes
      result.content = ContentDigest.of(
        layout.tensors.map {
          .init(
            name: $0.name, elementType: $0.elementType, shape: $0.shape, digest: result.digests[$0.name] ?? ""
          )
        })
      result.byteCount = headLength + (layout.tensors.last?.end ?? 0)
      let head = layout.head(metadata: metadata(result))
      precondition(UInt64(head.count) == headLength, "the header has the length measured before")
      try output.write(head[...], at: 0)
      try output.commit()
      return result
    } catch {
      throw ConversionError(any: error)
    }
  }

  /// Copies one tensor and returns the SHA-256 of what was written.
  private static func copy(
    _ tensor: TensorOutput, from source: SourceBytes, to output: AtomicFile, at offset: UInt64
  ) throws(ConversionError) -> String {
    var hash = SHA256()
    var position = offset
    let stream = try TensorStream(
      tensor.view, as: tensor.elementType, storage: source.storage(tensor.view.storage))
    try stream.forEachPiece(of: source) { piece throws(ConversionError) in
      hash.update(data: piece)
      do {
        try output.write(piece, at: position)
      } catch {
        throw ConversionError(any: error)
      }
      position += UInt64(piece.count)
      output.startWriteback(upTo: position)
    }
    return ContentDigest.hexadecimal(hash.finalize())
  }

  static func scan(_ index: SourceIndex, ignoreChecksums: Bool) async
    -> Swift.Result<SourceScan, ConversionError>
  {
    do {
      return .success(try SourceScan(index, ignoreChecksums: ignoreChecksums))
    } catch {
      return .failure(error)
    }
  }
}

import Bytes
import Checkpoint
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
  /// The scan of the source, for its digest and checksums, may have begun before. The metadata members are asked for
  /// twice, before and after, and must keep their lengths.
  static func write(
    _ tensors: [TensorOutput], from index: SourceIndex, to path: FilePath, overwrite: Bool,
    ignoreChecksums: Bool, scan: SourceScan.Pending, progress: (@Sendable (UInt64, UInt64) -> Void)?,
    metadata: (Result) -> [(name: String, value: String)]
  ) async throws(ConversionError) -> Result {
    do {
      let output = try AtomicFile(path, overwrite: overwrite)
      let layout = try SafetensorsLayout(tensors.map { ($0.name, $0.elementType, $0.view.shape) })
      var result = Result(
        digests: Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, digestPlaceholder) }),
        content: digestPlaceholder, sourceDigests: index.files.map { _ in digestPlaceholder }, notes: [],
        byteCount: 0)
      let headLength = UInt64(layout.head(metadata: metadata(result)).count)
      let places = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
      let copy = try TensorCopy(
        layout.tensors.compactMap { record in
          places[record.name].map {
            .init(tensor: tensors[$0], begin: headLength + record.begin, end: headLength + record.end)
          }
        }, from: index, to: output, isDigesting: true, progress: progress)
      let directory = path.removingLastComponent()
      // The core that scanned the source helps with the copy afterwards.
      async let help = help(copy, after: scan, index, scratchDirectory: directory)
      let bytes = SourceBytes(index, scratchDirectory: directory, ignoreChecksums: ignoreChecksums)
      do {
        try copy.run(bytes, takesAll: true)
      } catch {
        // Nobody needs the rest of the source then, and leaving this scope waits for the helper.
        scan.cancel()
        throw error
      }
      try bytes.checkDeflated()
      let scan = try await help.get()
      for file in index.files { try file.checkUnchanged() }
      result.digests = copy.digests
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

  private static func help(
    _ copy: TensorCopy, after scan: SourceScan.Pending, _ index: SourceIndex, scratchDirectory: FilePath
  ) async -> Swift.Result<SourceScan, ConversionError> {
    let scanned = await scan.result
    guard case .success = scanned else { return scanned }
    do {
      try copy.run(
        SourceBytes(index, scratchDirectory: scratchDirectory, ignoreChecksums: false), takesAll: false)
      return scanned
    } catch {
      return .failure(error)
    }
  }
}

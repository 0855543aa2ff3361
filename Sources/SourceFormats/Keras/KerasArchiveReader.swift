import Bytes
import JSON

/// Reads a `.keras` archive: a zip file with `config.json`, `metadata.json` and the weights as HDF5.
///
/// Keras stores the weights as they are, so both the worker and the tensors read them where they lie. Weights that
/// were deflated are inflated to a scratch file for the worker.
///
/// Source: `keras/src/saving/saving_lib.py`.
enum KerasArchiveReader {
  private static let weights = "model.weights.h5"

  /// The most bytes of the small records; the description of a large network takes a few megabytes.
  private static let maximumTextByteCount = 1 << 26

  /// Whether an archive is one of Keras.
  static func matches(_ archive: ZipArchive) -> Bool {
    archive.entry(named: "config.json") != nil && archive.entry(named: "metadata.json") != nil
  }

  static func read(_ archive: ZipArchive, options: SourceReaderOptions) throws(SourceError) -> SourceIndex {
    let file = archive.file
    guard let entry = archive.entry(named: weights) else {
      let other = archive.entries.map(\.name).first { $0.hasPrefix("model.weights") }
      throw SourceError(
        .unsupported, "the Keras archive holds \(other ?? "no weights"), expected \(weights)",
        hint: other == nil
          ? "fetch or save the file again"
          : "in Python, if you trust the file, which can run code there: "
            + "keras.models.load_model(\"FILE\").save_weights(\"NAME.weights.h5\")")
    }
    guard let worker = options.worker else { throw KerasReader.noWorker }
    var index = SourceIndex(container: .kerasArchive, files: [file])
    var place = KerasTree.Place(fileSize: entry.byteCount, offset: entry.dataOffset)
    for member in archive.entries where !member.isDirectory {
      if case .deflated = member.encoding, member.name == entry.name { place.storage = index.storages.count }
      index.storages.append(member.storage(file: 0))
    }
    for name in ["config.json", "metadata.json"] {
      guard let member = archive.entry(named: name) else { continue }
      let (bytes, isIntact) = try archive.read(member, limit: maximumTextByteCount)
      guard isIntact || options.ignoreChecksums else { throw wrongChecksum(member) }
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw SourceError(.malformed, "\(name) is not UTF-8", offset: member.dataOffset)
      }
      index.extras.append(SourceExtra(path: [name], value: .text(text)))
    }
    var source = HDF5File(file: file, offset: entry.dataOffset, byteCount: entry.byteCount, worker: worker)
    if place.storage != nil {
      source = HDF5File(
        file: try copy(entry, of: file, options), offset: 0, byteCount: entry.byteCount, worker: worker)
    }
    index.hdf5 = [0: source]
    index.readKerasModel()
    try KerasTree(try source.objects()).fill(&index, place: place)
    return index
  }

  /// The weights in a file of their own, without a name.
  private static func copy(
    _ entry: ZipEntry, of file: InputFile, _ options: SourceReaderOptions
  ) throws(SourceError) -> InputFile {
    let checksum: CRC32
    let scratch: ScratchFile
    do throws(BytesError) { scratch = try ScratchFile(in: options.scratchDirectory) } catch {
      throw SourceError(error)
    }
    checksum = try entry.storage(file: 0).forEachPiece(of: file) { piece throws(BytesError) in
      try scratch.append(piece)
    }
    guard checksum.value == entry.crc32 || options.ignoreChecksums else { throw wrongChecksum(entry) }
    do throws(BytesError) { return try scratch.reading(as: file.path) } catch { throw SourceError(error) }
  }

  private static func wrongChecksum(_ entry: ZipEntry) -> SourceError {
    SourceError(
      .checksumMismatch, "the bytes of \(entry.name) do not have the CRC-32 that the archive states",
      offset: entry.dataOffset, hint: "fetch the file again, or overlook it with --ignore-crc")
  }
}

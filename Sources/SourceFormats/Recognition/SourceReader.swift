import Bytes
public import SystemPackage

/// Opens a file of any supported container, told apart by content alone.
public enum SourceReader {
  /// Opens and indexes a file.
  ///
  /// - Throws: ``SourceError``; a file that is no checkpoint is named for what it is.
  public static func open(
    _ path: FilePath, options: SourceReaderOptions = SourceReaderOptions()
  ) throws(SourceError) -> SourceIndex {
    let file: InputFile
    do {
      file = try InputFile(path)
    } catch {
      throw SourceError(error, file: path.string)
    }
    return try read(file, options: options)
  }

  /// Indexes an open file.
  static func read(_ file: InputFile, options: SourceReaderOptions) throws(SourceError) -> SourceIndex {
    do throws(SourceError) {
      let prefix = try prefix(of: file)
      if prefix.starts(with: Signature.zipLocalHeader) || prefix.starts(with: Signature.zipEnd) {
        let archive = try ZipArchive(file)
        if KerasArchiveReader.matches(archive) {
          return try KerasArchiveReader.read(archive, options: options)
        }
        return try PyTorchZipReader.read(archive, options: options)
      }
      if prefix.starts(with: KerasReader.signature) { return try KerasReader.read(file, options: options) }
      if PyTorchLegacyReader.matches(prefix: prefix) { return try PyTorchLegacyReader.read(file) }
      if SafetensorsReader.matches(prefix: prefix, fileSize: file.size) {
        return try SafetensorsReader.read(file)
      }
      if ForeignFile.isObject(prefix) {
        return try ShardedReader.read(file, options: options)
      }
      throw ForeignFile.error(file: file, prefix: prefix)
    } catch {
      var error = error
      error.file = error.file ?? file.path.string
      error.hint = error.hint ?? error.code.generalHint
      throw error
    }
  }

  /// The first bytes of a file, by which it is recognised.
  static func prefix(of file: InputFile) throws(SourceError) -> [UInt8] {
    do {
      return try file.read(at: 0, count: Int(min(file.size, UInt64(ForeignFile.prefixLength))))
    } catch {
      throw SourceError(error)
    }
  }
}

extension SourceError.Code {
  /// What can be done about any error of a kind, where nothing more special is known.
  var generalHint: String? {
    switch self {
    case .malformed:
      "the file is damaged or was made to mislead; fetch it again, from a source that you trust"
    case .limitExceeded:
      "limits stop files that cost more than their size suggests; if you trust the file, save its state dict alone"
    case .notACheckpoint, .truncated, .unsupported, .checksumMismatch, .inputOutput: nil
    }
  }
}

/// The first bytes of the containers that are read.
enum Signature {
  /// PKWARE APPNOTE 4.3.7: local file header.
  static let zipLocalHeader: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
  /// PKWARE APPNOTE 4.3.16: end of central directory, the start of an empty archive.
  static let zipEnd: [UInt8] = [0x50, 0x4B, 0x05, 0x06]
}

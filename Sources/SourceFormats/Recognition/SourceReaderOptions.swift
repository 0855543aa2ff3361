public import SystemPackage

/// What readers may overlook, and what they need from the program.
public struct SourceReaderOptions: Hashable, Sendable {
  /// Whether a wrong checksum of a record becomes a note instead of an error.
  ///
  /// `torch.serialization.set_crc32_options(False)` writes wrong ones on purpose.
  public var ignoreChecksums: Bool

  /// The program whose processes read HDF5 files: one that answers to ``HDF5Task``. Without it they are refused.
  public var worker: FilePath?

  /// Where files without a name may be kept while a source is read.
  public var scratchDirectory: FilePath

  /// Creates options; the default overlooks nothing and reads no HDF5.
  public init(ignoreChecksums: Bool = false, worker: FilePath? = nil, scratchDirectory: FilePath = "/tmp") {
    self.ignoreChecksums = ignoreChecksums
    self.worker = worker
    self.scratchDirectory = scratchDirectory
  }
}

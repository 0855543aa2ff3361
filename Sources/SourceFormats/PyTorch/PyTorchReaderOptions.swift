/// What the readers of PyTorch files may overlook.
public struct PyTorchReaderOptions: Hashable, Sendable {
  /// Whether a wrong checksum of a record becomes a note instead of an error.
  ///
  /// `torch.serialization.set_crc32_options(False)` writes wrong ones on purpose.
  public var ignoreChecksums: Bool

  /// Creates options; the default overlooks nothing.
  public init(ignoreChecksums: Bool = false) {
    self.ignoreChecksums = ignoreChecksums
  }
}

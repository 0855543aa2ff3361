public import Bytes

/// Reads the weights that Keras writes: whole models and weights in HDF5, of every version.
///
/// The HDF5 library never runs in this process: a worker describes the file (``HDF5File``), and the bytes of the
/// tensors are read where they lie. What a file says about the network is data; no layer is ever built from it.
///
/// Source: `keras/src/legacy/saving/legacy_h5_format.py` and `keras/src/saving/saving_lib.py`.
public enum KerasReader {
  /// The first bytes of an HDF5 file without a user block (HDF5 File Format Specification, II.A).
  static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Indexes an HDF5 file.
  ///
  /// - Throws: ``SourceError`` with code `notACheckpoint` for HDF5 files that Keras did not write.
  public static func read(_ file: InputFile, options: SourceReaderOptions) throws(SourceError) -> SourceIndex
  {
    guard let worker = options.worker else { throw noWorker.located(file: file.sourceName) }
    let source = HDF5File(file: file, offset: 0, byteCount: file.size, worker: worker)
    let tree = KerasTree(try source.objects())
    var index = SourceIndex(container: .kerasHDF5, files: [file])
    index.hdf5 = [0: source]
    do throws(SourceError) {
      try tree.fill(&index, place: KerasTree.Place(fileSize: file.size))
    } catch {
      throw error.located(file: file.sourceName)
    }
    index.readKerasModel()
    return index
  }

  /// The error where the program that uses this library gives no worker.
  static let noWorker = SourceError(
    .unsupported, "HDF5 files are read by a worker process, and this program has none")
}

import Bytes
import SourceFormats
import SystemPackage

/// Random access to the decoded bytes of the storages of a source.
///
/// Stored bytes are read where they lie. A deflated storage is inflated once to a scratch file, so that views
/// of it can be read in any order and memory stays bounded; so are the chunks of HDF5 datasets.
final class SourceBytes {
  private let files: [InputFile]
  private let storages: [SourceStorage]
  private let scratchDirectory: FilePath
  private let ignoreChecksums: Bool
  private let hdf5: [Int: HDF5File]
  private var inflated: [Int: ScratchFile] = [:]

  /// What a worker decoded, all storages one after the other, and where each begins.
  private var decodedFile: ScratchFile?
  private var decodedOffsets: [Int: UInt64] = [:]

  /// The buffer that the pieces of all tensors pass through.
  var piece: [UInt8] = []

  /// The buffers of tensors that are gathered, pieces and what they are gathered from: fresh memory for each tensor
  /// costs the system more than the copy.
  var gathered: [UInt8] = []
  var window: [UInt8] = []

  /// Checksums that did not match and were to be ignored.
  private(set) var notes: [String] = []

  init(_ index: SourceIndex, scratchDirectory: FilePath, ignoreChecksums: Bool) {
    files = index.files
    storages = index.storages
    hdf5 = index.hdf5
    self.scratchDirectory = scratchDirectory
    self.ignoreChecksums = ignoreChecksums
  }

  /// The storage of a number.
  func storage(_ number: Int) -> SourceStorage { storages[number] }

  /// Fills a buffer with the bytes of a storage that begin at `offset`.
  func read(storage number: Int, at offset: UInt64, into buffer: inout [UInt8]) throws(ConversionError) {
    let storage = storages[number]
    do {
      switch storage.encoding {
      case .stored: try files[storage.file].read(at: storage.offset + offset, into: &buffer)
      case .deflated:
        try scratch(number, storage).read(at: offset, into: &buffer)
      case .constant(let bytes):
        for place in buffer.indices { buffer[place] = bytes[Int(offset) + place] }
      case .hdf5:
        try decoded().read(at: (decodedOffsets[number] ?? 0) + offset, into: &buffer)
      }
    } catch {
      throw ConversionError(any: error)
    }
  }

  /// Reads and checks what no tensor refers to, so that a damaged record never passes unnoticed.
  func checkDeflated() throws(ConversionError) {
    for (number, storage) in storages.enumerated() where inflated[number] == nil {
      guard case .deflated = storage.encoding else { continue }
      do {
        _ = try inflate(number, storage, keep: false)
      } catch {
        throw ConversionError(any: error)
      }
    }
  }

  private func scratch(_ number: Int, _ storage: SourceStorage) throws -> ScratchFile {
    if let file = inflated[number] { return file }
    // One inflated storage at a time, unless views of one alternate with those of another.
    inflated.removeAll()
    let file = try inflate(number, storage, keep: true)
    inflated[number] = file
    return file
  }

  /// The decoded bytes of all chunked storages; one worker decodes them all the first time.
  private func decoded() throws -> ScratchFile {
    if let decodedFile { return decodedFile }
    let file = try ScratchFile(in: scratchDirectory)
    var end: UInt64 = 0
    for (source, decoder) in hdf5.sorted(by: { $0.key < $1.key }) {
      var datasets: [(address: UInt64, byteCount: UInt64)] = []
      for (number, storage) in storages.enumerated() where storage.file == source {
        guard case .hdf5(let address, _) = storage.encoding else { continue }
        datasets.append((address, storage.byteCount))
        decodedOffsets[number] = end
        end += storage.byteCount
      }
      try decoder.decode(datasets) { _, bytes throws(BytesError) in try file.append(bytes) }
    }
    decodedFile = file
    return file
  }

  private func inflate(_ number: Int, _ storage: SourceStorage, keep: Bool) throws -> ScratchFile {
    let file = try ScratchFile(in: scratchDirectory)
    let source = files[storage.file]
    let checksum = try pieces(of: storage, in: source) { piece throws(BytesError) in
      if keep { try file.append(piece) }
    }
    try SourceScan.compare(
      checksum, storage, file: source, ignoreChecksums: ignoreChecksums, notes: &notes)
    return file
  }

  private func pieces(
    of storage: SourceStorage, in source: InputFile, _ body: (ArraySlice<UInt8>) throws(BytesError) -> Void
  ) throws(ConversionError) -> CRC32 {
    do throws(SourceError) {
      return try storage.forEachPiece(of: source, body)
    } catch {
      guard error.code == .malformed else { throw ConversionError(error) }
      throw ConversionError(.malformed, error.message, file: error.file, offset: error.offset)
    }
  }
}

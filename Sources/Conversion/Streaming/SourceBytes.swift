import Bytes
import SourceFormats
import SystemPackage

/// Random access to the decoded bytes of the storages of a source.
///
/// Stored bytes are read where they lie. A deflated storage is inflated once to a scratch file, so that views
/// of it can be read in any order and memory stays bounded.
final class SourceBytes {
  /// Inflated in pieces of this size: large enough to be fast, small beside the memory budget.
  private static let pieceSize = 1 << 18

  private let files: [InputFile]
  private let storages: [SourceStorage]
  private let scratchDirectory: FilePath
  private let ignoreChecksums: Bool
  private var inflated: [Int: ScratchFile] = [:]

  /// The buffer that the pieces of all tensors pass through.
  var piece: [UInt8] = []

  /// Checksums that did not match and were to be ignored.
  private(set) var notes: [String] = []

  init(_ index: SourceIndex, scratchDirectory: FilePath, ignoreChecksums: Bool) {
    files = index.files
    storages = index.storages
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
      case .deflated(let compressed):
        try scratch(number, storage, compressed).read(at: offset, into: &buffer)
      }
    } catch {
      throw ConversionError(any: error)
    }
  }

  /// Reads and checks what no tensor refers to, so that a damaged record never passes unnoticed.
  func checkDeflated() throws(ConversionError) {
    for (number, storage) in storages.enumerated() where inflated[number] == nil {
      guard case .deflated(let compressed) = storage.encoding else { continue }
      do {
        _ = try inflate(number, storage, compressed, keep: false)
      } catch {
        throw ConversionError(any: error)
      }
    }
  }

  private func scratch(
    _ number: Int, _ storage: SourceStorage, _ compressed: UInt64
  ) throws -> ScratchFile {
    if let file = inflated[number] { return file }
    // One inflated storage at a time, unless views of one alternate with those of another.
    inflated.removeAll()
    let file = try inflate(number, storage, compressed, keep: true)
    inflated[number] = file
    return file
  }

  private func inflate(
    _ number: Int, _ storage: SourceStorage, _ compressed: UInt64, keep: Bool
  ) throws -> ScratchFile {
    let file = try ScratchFile(in: scratchDirectory)
    let source = files[storage.file]
    let inflater = try Inflater()
    var output = [UInt8](repeating: 0, count: Self.pieceSize)
    var input: ArraySlice<UInt8> = []
    var consumed: UInt64 = 0
    var produced: UInt64 = 0
    var checksum = CRC32()
    while !inflater.isFinished {
      if input.isEmpty, consumed < compressed {
        let count = Int(min(UInt64(Self.pieceSize), compressed - consumed))
        input = try source.read(at: storage.offset + consumed, count: count)[...]
        consumed += UInt64(count)
      }
      let step = try inflater.inflate(input, into: &output)
      input = input.dropFirst(step.consumed)
      produced += UInt64(step.produced)
      guard produced <= storage.byteCount, step.produced > 0 || step.consumed > 0 || inflater.isFinished
      else {
        throw ConversionError(
          .malformed,
          "record \(storage.name) does not inflate to the \(storage.byteCount) bytes that the archive declares",
          file: source.path.string, offset: storage.offset)
      }
      checksum.update(output[..<step.produced])
      if keep { try file.append(output[..<step.produced]) }
    }
    guard produced == storage.byteCount else {
      throw ConversionError(
        .malformed,
        "record \(storage.name) inflates to \(produced) bytes, the archive declares \(storage.byteCount)",
        file: source.path.string, offset: storage.offset)
    }
    try SourceScan.compare(
      checksum, storage, file: source, ignoreChecksums: ignoreChecksums, notes: &notes)
    return file
  }
}

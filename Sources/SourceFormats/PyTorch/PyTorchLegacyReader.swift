public import Bytes

/// Reads the stream of pickles and raw storages that PyTorch 0.1.10 to 1.5 wrote, and that
/// `torch.save(_use_new_zipfile_serialization=False)` still writes.
///
/// Five pickles follow each other (magic number, protocol version, system information, the object, the list
/// of storage keys), then for each key the number of elements and the bytes. There is no alignment, no
/// checksum and no end mark.
///
/// Source: `_legacy_save` and `_legacy_load` in `torch/serialization.py`.
public enum PyTorchLegacyReader {
  /// How many bytes are read at first for the pickles, which in most files need less.
  static let firstWindowByteCount = 1 << 20

  /// Indexes a file; reads the pickles and the length of each storage only.
  ///
  /// - Throws: ``SourceError`` with code `notACheckpoint` where the file is a pickle of something else,
  ///   `truncated` with the number of missing bytes where the storages are not complete.
  public static func read(_ file: InputFile) throws(SourceError) -> SourceIndex {
    do throws(SourceError) {
      return try index(file)
    } catch {
      throw error.located(file: file.sourceName)
    }
  }

  /// Whether a file that begins with these bytes is such a stream.
  public static func matches(prefix: [UInt8]) -> Bool {
    var machine = PickleMachine(
      Array(prefix.prefix(LegacyPickles.magicByteLimit)),
      place: PickleMachine.Place(file: "", record: nil, baseOffset: 0), persistentIdentifiers: .legacy)
    guard let value = try? machine.run() else { return false }
    return LegacyPickles.isMagic(machine.graph, value)
  }

  private static func index(_ file: InputFile) throws(SourceError) -> SourceIndex {
    let pickles = try readPickles(file)
    let content = try TorchIndex(pickles.graph, root: pickles.root)
    var notes = content.tree.notes
    if !pickles.isLittleEndian {
      notes.append(
        "the file was written on a big-endian machine; its storages are little-endian all the same")
    }
    let (storages, numbers) = try locateStorages(pickles, file)
    return SourceIndex(
      container: .pytorchLegacy, files: [file], storages: storages,
      tensors: content.tensors(storages: numbers), extras: content.tree.extras,
      placeholders: content.placeholders, notes: notes)
  }

  /// Reads the pickles through a window that grows while they do not fit into it.
  private static func readPickles(_ file: InputFile) throws(SourceError) -> LegacyPickles {
    let limit = Int(min(file.size, UInt64(PickleLimits.byteCount)))
    var window = min(firstWindowByteCount, limit)
    while true {
      let bytes = try file.sourceBytes(at: 0, count: window)
      do throws(SourceError) {
        return try LegacyPickles(bytes, file: file.sourceName)
      } catch {
        guard error.code == .truncated else { throw error }
        if window < limit {
          window = min(limit, window * 4)
        } else if UInt64(window) == file.size {
          throw SourceError(
            .truncated,
            "the file stops at byte \(file.size), inside of the pickles that say how long it is; "
              + error.message,
            offset: file.size, hint: "download the file again and compare its size")
        } else {
          throw SourceError(
            .limitExceeded, "the pickles of the file do not end within \(limit) bytes", offset: 0)
        }
      }
    }
  }

  /// Finds the bytes of each storage behind the pickles.
  ///
  /// - Returns: the storages in the order of the file, and for each storage of the pickle its place there.
  private static func locateStorages(
    _ pickles: LegacyPickles, _ file: InputFile
  ) throws(SourceError) -> ([SourceStorage], [Int]) {
    var storages: [SourceStorage] = []
    var elementCounts: [Int] = []
    var numbers = [Int](repeating: -1, count: pickles.graph.storages.count)
    var end = UInt64(pickles.byteCount)
    for key in pickles.keys {
      guard let index = pickles.graph.storageIndex(key: key) else {
        throw SourceError(
          .malformed,
          "the file holds a storage \(key.debugDescription) that no tensor refers to, of unknown type")
      }
      let storage = pickles.graph.storages[index]
      guard let byteCount = storage.byteCount else {
        throw SourceError(
          .unsupported,
          "the storage \(key.debugDescription) is of a class that is not known, so its size is not")
      }
      guard numbers[index] == -1 else {
        throw SourceError(.malformed, "the list of storages names \(key.debugDescription) twice")
      }
      numbers[index] = storages.count
      storages.append(
        SourceStorage(
          name: "storage \(key)", file: 0, offset: end &+ lengthByteCount, byteCount: UInt64(byteCount)))
      elementCounts.append(storage.elementCount)
      let (next, overflow) = end.addingReportingOverflow(UInt64(byteCount) + lengthByteCount)
      guard !overflow else { throw SourceError(.malformed, "the sizes of the storages overflow") }
      end = next
    }
    if let missing = numbers.firstIndex(of: -1) {
      throw SourceError(
        .malformed,
        "the list of storages does not name \(pickles.graph.storages[missing].key.debugDescription), which a "
          + "tensor refers to")
    }
    guard file.size >= end else {
      throw SourceError(
        .truncated,
        "\(end - file.size) bytes are missing: the file has \(file.size) of \(end) bytes", offset: file.size,
        hint: "download the file again")
    }
    guard file.size == end else {
      throw SourceError(
        .malformed, "\(file.size - end) bytes follow the last storage", offset: end,
        hint: "download or copy the file again")
    }
    for (storage, elementCount) in zip(storages, elementCounts) {
      try checkLength(of: storage, elementCount: elementCount, isLittleEndian: pickles.isLittleEndian, file)
    }
    return (storages, numbers)
  }

  /// In front of each storage stands its number of elements, as a signed 64-bit number.
  private static let lengthByteCount: UInt64 = 8

  /// The number of elements must be the one that the pickle states.
  ///
  /// Storages are little-endian on every machine (`THPStorage_writeFileRaw` swaps the bytes of a big-endian
  /// one); only their lengths were written in the order of the machine before PyTorch 1.0.
  private static func checkLength(
    of storage: SourceStorage, elementCount: Int, isLittleEndian: Bool, _ file: InputFile
  ) throws(SourceError) {
    let offset = storage.offset - lengthByteCount
    let stated = try file.record(at: offset, count: Int(lengthByteCount)) {
      (reader) throws(BytesError) in try reader.read(Int64.self)
    }
    guard stated == elementCount || (!isLittleEndian && stated.byteSwapped == elementCount) else {
      throw SourceError(
        .malformed, "\(storage.name) has \(stated) elements here and \(elementCount) in the pickle",
        offset: offset)
    }
  }
}

public import Bytes

/// Reads the zip archives that PyTorch 1.6 and later write, TorchScript archives among them.
///
/// Source: `caffe2/serialize/inline_container.cc` for the layout, `torch/serialization.py` for the meaning
/// of the records.
public enum PyTorchZipReader {
  /// The most bytes of the small records `byteorder` and `version`.
  static let smallRecordByteCount = 64

  /// Indexes a file; reads the directory and the small records only.
  ///
  /// - Throws: ``SourceError`` with code `notACheckpoint` where the archive is something else.
  public static func read(
    _ file: InputFile, options: SourceReaderOptions
  ) throws(SourceError) -> SourceIndex {
    do throws(SourceError) {
      return try read(ZipArchive(file), options: options)
    } catch {
      throw error.located(file: file.sourceName)
    }
  }

  /// Indexes an open archive.
  static func read(_ archive: ZipArchive, options: SourceReaderOptions) throws(SourceError) -> SourceIndex {
    var reader = PyTorchArchive(archive, options: options)
    return try reader.index()
  }
}

/// A zip archive while it is read as a PyTorch file.
private struct PyTorchArchive {
  let archive: ZipArchive
  let options: SourceReaderOptions
  var notes: [String] = []

  init(_ archive: ZipArchive, options: SourceReaderOptions) {
    self.archive = archive
    self.options = options
  }

  mutating func index() throws(SourceError) -> SourceIndex {
    let (top, pickleEntry) = try findPickle()
    let isTorchScript = archive.entries.contains {
      $0.name == top + "constants.pkl" || $0.name.hasPrefix(top + "code/")
    }
    let outside = archive.entries.count { !$0.name.hasPrefix(top) }
    if outside > 0 { notes.append("\(outside) records outside of \(top) are not part of the checkpoint") }
    let isBigEndian = try readByteOrder(top)
    try readVersion(top)

    let pickle = try read(pickleEntry, limit: PickleLimits.byteCount)
    var machine = PickleMachine(
      pickle,
      place: PickleMachine.Place(
        file: archive.file.sourceName, record: pickleEntry.name,
        baseOffset: pickleEntry.encoding == .stored ? pickleEntry.dataOffset : nil),
      persistentIdentifiers: .zip)
    let root: PickleHandle
    do { root = try machine.run() } catch {
      // The record is whole, so a pickle that ends early is not a matter of downloading again.
      var error = error
      if error.code == .truncated { error.code = .malformed }
      throw error
    }
    guard machine.cursor.remaining == 0 else {
      let end = machine.cursor.position
      throw SourceError(
        .malformed,
        "the pickle in \(pickleEntry.name) ends at byte \(end) of \(pickle.count); nothing may follow it",
        offset: pickleEntry.encoding == .stored ? pickleEntry.dataOffset + UInt64(end) : nil)
    }
    let content = try TorchIndex(machine.graph, root: root, isTorchScript: isTorchScript)
    if isTorchScript {
      notes.append("the code of the TorchScript archive is not run; its parameters are read as data")
    }

    var storages: [SourceStorage] = []
    var storageByEntry = [Int](repeating: 0, count: archive.entries.count)
    for (number, entry) in archive.entries.enumerated() where !entry.isDirectory {
      storageByEntry[number] = storages.count
      var storage = entry.storage(file: 0)
      storage.isBigEndian = isBigEndian && entry.name.hasPrefix(top + "data/")
      storages.append(storage)
    }
    let storageIndices = try records(of: machine.graph.storages, top: top).map { storageByEntry[$0] }
    return SourceIndex(
      container: isTorchScript ? .torchScript : .pytorchZip, files: [archive.file], storages: storages,
      tensors: content.tensors(storages: storageIndices), extras: content.tree.extras,
      placeholders: content.placeholders, notes: notes + content.tree.notes)
  }

  /// The one `data.pkl`, and the directory it lies in, which ends with a slash.
  private func findPickle() throws(SourceError) -> (top: String, entry: ZipEntry) {
    let pickles = archive.entries.filter { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }
    guard let entry = pickles.first else { throw ForeignArchive.error(archive) }
    guard pickles.count == 1 else {
      throw SourceError(
        .malformed, "the archive holds \(pickles.count) pickles, \(pickles[0].name) and \(pickles[1].name)",
        offset: pickles[1].headerOffset, hint: "unpack the archive and name the checkpoint inside")
    }
    let top = entry.name.dropLast("data.pkl".count)
    guard !top.isEmpty, !top.dropLast().contains("/") else {
      throw SourceError(
        .malformed, "found \(entry.name), expected data.pkl in one directory at the top of the archive",
        offset: entry.headerOffset,
        hint: "a checkpoint that was unpacked and zipped again has to be saved anew")
    }
    return (String(top), entry)
  }

  /// Absent in files of PyTorch 1.6 to 2.0, which are little-endian in practice.
  private mutating func readByteOrder(_ top: String) throws(SourceError) -> Bool {
    guard let entry = archive.entry(named: top + "byteorder") else { return false }
    let bytes = try read(entry, limit: PyTorchZipReader.smallRecordByteCount)
    if bytes.elementsEqual("little".utf8) { return false }
    if bytes.elementsEqual("big".utf8) { return true }
    throw SourceError(
      .malformed,
      "\(entry.name) says \(String(decoding: bytes, as: UTF8.self).debugDescription), expected little or big",
      offset: entry.dataOffset)
  }

  private mutating func readVersion(_ top: String) throws(SourceError) {
    guard let entry = archive.entry(named: top + "version") ?? archive.entry(named: top + ".data/version")
    else { return notes.append("the archive has no version record, which PyTorch needs to load it") }
    let bytes = try read(entry, limit: PyTorchZipReader.smallRecordByteCount)
    let text = String(decoding: bytes, as: UTF8.self)
    let digits = text.hasSuffix("\n") ? text.dropLast() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else {
      throw SourceError(
        .malformed, "\(entry.name) says \(text.debugDescription), expected a number", offset: entry.dataOffset
      )
    }
  }

  private mutating func read(_ entry: ZipEntry, limit: Int) throws(SourceError) -> [UInt8] {
    let (bytes, isIntact) = try archive.read(entry, limit: limit)
    guard !isIntact else { return bytes }
    guard options.ignoreChecksums else {
      throw SourceError(
        .checksumMismatch, "the bytes of \(entry.name) do not have the CRC-32 that the archive states",
        offset: entry.dataOffset,
        hint: "fetch the file again; where it was written with torch.serialization.set_crc32_options(False), "
          + "use --ignore-crc")
    }
    notes.append("the wrong CRC-32 of \(entry.name) is ignored")
    return bytes
  }

  /// The records of the storages, each as large as the pickle says.
  private func records(of storages: [TorchStorage], top: String) throws(SourceError) -> [Int] {
    var records: [Int] = []
    records.reserveCapacity(storages.count)
    for storage in storages {
      let name = "\(top)data/\(storage.key)"
      guard let index = archive.index(named: name) ?? archive.index(named: "\(top)constants/\(storage.key)")
      else {
        throw SourceError(
          .malformed, "the archive has no record \(name), which data.pkl refers to",
          hint: "the file is incomplete; download or save it again")
      }
      let entry = archive.entries[index]
      if let byteCount = storage.byteCount, UInt64(byteCount) != entry.byteCount {
        throw SourceError(
          .malformed,
          "the record \(entry.name) has \(entry.byteCount) bytes, but data.pkl refers to "
            + "\(storage.elementCount) elements of \(storage.scalarType.map { "torch." + $0.rawValue } ?? "?"), "
            + "which are \(byteCount) bytes",
          offset: entry.dataOffset)
      }
      records.append(index)
    }
    return records
  }
}

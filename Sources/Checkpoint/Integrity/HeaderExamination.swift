import Bytes

/// What a seal tells of the bytes before the data of a checkpoint: whether they are as written, and else what is not.
struct HeaderExamination {
  /// A byte that changed.
  struct Change: Equatable {
    var offset: Int
    var found: UInt8
    var expected: UInt8
  }

  /// The length field, text and padding; with the changes undone where ``isProven``.
  private(set) var head: [UInt8]

  /// The bytes that changed; none where not ``isProven``.
  private(set) var changes: [Change] = []

  /// Blocks that do not have their checksums; none where ``isProven``.
  private(set) var damagedBlocks: [Range<Int>] = []

  /// Whether ``head`` is known to be as it was written.
  private(set) var isProven = false

  /// Examines the beginning of a file; `nil` where there is no seal.
  ///
  /// The length field is believed first. Where that proves nothing, the number of digits in the seal says which
  /// lengths are possible, and the seal itself which one is right.
  ///
  /// - Throws: ``BytesError`` where the file cannot be read.
  init?(_ file: InputFile) throws(BytesError) {
    let prefix = try file.read(at: 0, count: Int(min(8, file.size)))
    guard prefix.count == 8 else { return nil }
    let stated = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    var attempts: [HeaderExamination] = []
    if stated <= UInt64(SafetensorsHeader.maximumLength), let length = Int(exactly: stated + 8),
      let attempt = try Self.attempt(file, headLength: length)
    {
      if attempt.isProven {
        self = attempt
        return
      }
      attempts.append(attempt)
    }
    for length in HeaderSeal.headLengths(digitCount: try Self.digitCount(file)) {
      guard let attempt = try Self.attempt(file, headLength: length), attempt.isProven else { continue }
      self = attempt
      return
    }
    guard let first = attempts.first,
      first.head[8..<HeaderSeal.offset].elementsEqual(HeaderSeal.opening)
    else { return nil }
    self = first
  }

  /// How many digits stand at the place of the seal.
  private static func digitCount(_ file: InputFile) throws(BytesError) -> Int {
    let start = UInt64(HeaderSeal.offset)
    let longest = HeaderSeal.range(headLength: SafetensorsHeader.maximumLength + 8).count
    guard file.size > start else { return 0 }
    let bytes = try file.read(at: start, count: Int(min(UInt64(longest), file.size - start)))
    return bytes.prefix(while: HeaderSeal.isDigit).count
  }

  /// Examines a head of a length; `nil` where the file or the seal does not have that length.
  private static func attempt(
    _ file: InputFile, headLength: Int
  ) throws(BytesError) -> HeaderExamination? {
    guard UInt64(headLength) <= file.size, headLength.isMultiple(of: SafetensorsLayout.dataAlignment),
      HeaderSeal.range(headLength: headLength).upperBound < headLength
    else { return nil }
    return HeaderExamination(try file.read(at: 0, count: headLength))
  }

  /// Examines a head that ends where its length field or its seal says.
  init?(_ bytes: [UInt8]) {
    head = bytes
    for (offset, byte) in SafetensorsLayout.lengthField(UInt64(bytes.count - 8)).enumerated() {
      restore(offset, byte)
    }
    guard let recorded = HeaderSeal(standingIn: head), let found = HeaderSeal(of: head) else { return nil }
    if recorded.digest.elementsEqual(found.digest) {
      // All that is covered is right, so what differs is the seal.
      for (offset, digit) in zip(recorded.digits.indices, found.digits) { restore(offset, digit) }
      isProven = true
      return
    }
    let whole = head
    for (block, checksum) in zip(HeaderSeal.blocks(headLength: head.count), recorded.checksums)
    where checksum != Adler32(HeaderSeal.covered(block, of: whole)) {
      damagedBlocks.append(block)
      let covered = HeaderSeal.covered(block, of: whole)
      if let (offset, byte) = checksum?.singleChange(from: covered) { restore(offset, byte) }
    }
    guard let restored = HeaderSeal(of: head) else { return nil }
    if restored.digest.elementsEqual(recorded.digest) {
      damagedBlocks = []
      isProven = true
    } else if damagedBlocks.isEmpty, restored.checksums == recorded.checksums {
      // Every block has its checksum: the digest itself was damaged.
      for (offset, digit) in zip(recorded.digest.indices, restored.digest) { restore(offset, digit) }
      isProven = true
    } else {
      head = bytes
      changes = []
    }
  }

  private mutating func restore(_ offset: Int, _ byte: UInt8) {
    guard head[offset] != byte else { return }
    changes.append(Change(offset: offset, found: head[offset], expected: byte))
    head[offset] = byte
  }
}

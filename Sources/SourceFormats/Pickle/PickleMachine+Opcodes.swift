extension PickleMachine {
  /// Carries out one opcode other than `STOP`.
  ///
  /// Source: the `load_*` methods of CPython's `Lib/pickle.py`.
  mutating func step(_ opcode: PickleOpcode) throws(PickleFailure) {
    switch opcode {
    case .stop: break
    case .proto:
      let version = try unsigned(byteCount: 1)
      guard version <= 5 else {
        throw PickleFailure(.unsupported, "found pickle protocol \(version), expected 0 to 5")
      }
    case .frame: try checkFrame()

    case .mark: try pushMark()
    case .pop: try popValueOrMark()
    case .popMark: _ = try popToMark()
    case .duplicate: try push(try top())
    case .put: try memoize(try lineIndex())
    case .binPut: try memoize(try unsigned(byteCount: 1))
    case .longBinPut: try memoize(try unsigned(byteCount: 4))
    case .memoize: try memoizeNext()
    case .get: try recall(try lineIndex())
    case .binGet: try recall(try unsigned(byteCount: 1))
    case .longBinGet: try recall(try unsigned(byteCount: 4))

    case .none: try push(PickleHandle.none)
    case .newTrue: try push(PickleHandle.true)
    case .newFalse: try push(PickleHandle.false)
    case .binInt1: try push(.integer(Int(try unsigned(byteCount: 1))))
    case .binInt2: try push(.integer(Int(try unsigned(byteCount: 2))))
    case .binInt:
      try push(.integer(Int(Int32(truncatingIfNeeded: try unsigned(byteCount: 4)))))
    case .long1: try pushInteger(try take(Int(try unsigned(byteCount: 1))))
    case .long4:
      let count = try unsigned(byteCount: 4)
      guard count <= UInt64(PickleLimits.integerByteCount) else {
        throw PickleFailure(
          .limitExceeded, "an integer of \(count) bytes; at most \(PickleLimits.integerByteCount) are read")
      }
      try pushInteger(try take(Int(count)))
    case .int: try pushIntegerLine()
    case .long: try pushLongLine()
    case .float:
      let text = try lineText()
      guard let value = Double(text) else {
        throw PickleFailure(.malformed, "expected a floating-point number on a line")
      }
      try push(.number(value))
    case .binFloat:
      // Big-endian, unlike everything else (pickletools.py, float8).
      try push(.number(Double(bitPattern: try unsigned(byteCount: 8).byteSwapped)))

    case .string: try push(.text(try PickleText.literal(try line(limit: PickleLimits.textByteCount))))
    case .binString: try push(.text(PickleText.byteString(try countedText(byteCount: 4))))
    case .shortBinString: try push(.text(PickleText.byteString(try countedText(byteCount: 1))))
    case .unicode:
      try push(.text(try PickleText.rawUnicode(try line(limit: PickleLimits.textByteCount))))
    case .shortBinUnicode: try push(.text(try PickleText.unicode(try countedText(byteCount: 1))))
    case .binUnicode: try push(.text(try PickleText.unicode(try countedText(byteCount: 4))))
    case .binUnicode8: try push(.text(try PickleText.unicode(try countedText(byteCount: 8))))
    case .shortBinBytes: try push(.bytes(try counted(byteCount: 1)))
    case .binBytes: try push(.bytes(try counted(byteCount: 4)))
    case .binBytes8, .byteArray8: try push(.bytes(try counted(byteCount: 8)))

    case .emptyList: try push(.list([]))
    case .emptyTuple: try push(PickleHandle.emptyTuple)
    case .emptyDictionary: try push(.dictionary([]))
    case .emptySet: try push(.set([]))
    case .list: try push(.list(try popToMark()))
    case .tuple: try push(.tuple(try popToMark()))
    case .tuple1: try push(.tuple(try pop(1)))
    case .tuple2: try push(.tuple(try pop(2)))
    case .tuple3: try push(.tuple(try pop(3)))
    case .frozenSet: try push(.set(try popToMark()))
    case .dictionary:
      let items = try popToMark()
      guard items.count.isMultiple(of: 2) else {
        throw PickleFailure(.malformed, "expected pairs of keys and values, found \(items.count) values")
      }
      try push(.dictionary(items))
    case .append:
      let item = try pop()
      try graph.extend(try top(), with: [item], as: .items)
    case .setItem:
      let pair = try pop(2)
      try graph.extend(try top(), with: pair[...], as: .pairs)
    case .appends: try extendBelowMark(.items)
    case .setItems: try extendBelowMark(.pairs)
    case .addItems: try extendBelowMark(.members)

    case .global: try pushGlobal(module: try lineText(), name: try lineText())
    case .stackGlobal: try pushStackGlobal()
    case .extension1: try pushExtension(try unsigned(byteCount: 1))
    case .extension2: try pushExtension(try unsigned(byteCount: 2))
    case .extension4: try pushExtension(try unsigned(byteCount: 4))
    case .reduce:
      let arguments = try pop()
      try push(try call(try pop(), arguments: arguments))
    case .newObject:
      let arguments = try pop()
      try push(try call(try pop(), arguments: arguments))
    case .newObjectKeywords:
      _ = try pop()
      let arguments = try pop()
      try push(try call(try pop(), arguments: arguments))
    case .instance:
      let name = try globalName(module: try lineText(), name: try lineText())
      let global = try graph.globalNode(name)
      let arguments = try graph.add(.tuple(try popToMark()))
      try push(try call(try graph.add(global), arguments: arguments))
    case .object:
      let items = try popToMark()
      guard let callable = items.first else {
        throw PickleFailure(.malformed, "expected a class above the mark, found nothing")
      }
      try push(try call(callable, arguments: try graph.add(.tuple(Array(items.dropFirst())))))
    case .build:
      let state = try pop()
      try build(try top(), state: state)
    case .persistentIdentifier:
      let text = try lineText()
      throw PickleFailure(
        .unsupported, "found the persistent id \(text.prefix(40).debugDescription) as text, expected a tuple",
        hint: "save the file again with pickle protocol 2, the default of torch.save")
    case .binPersistentIdentifier: try push(try load(persistentIdentifier: try pop()))
    case .nextBuffer, .readOnlyBuffer:
      throw PickleFailure(
        .unsupported, "the pickle keeps data in out-of-band buffers, which are not part of the file")
    }
  }

  /// The memo index of `GET` and `PUT`, in decimal.
  private mutating func lineIndex() throws(PickleFailure) -> UInt64 {
    guard let index = UInt64(try lineText()) else {
      throw PickleFailure(.malformed, "expected a memo index on a line")
    }
    return index
  }

  /// The argument of `LONG1` and `LONG4`: two's complement, little-endian; no bytes mean zero.
  private mutating func pushInteger(_ range: Range<Int>) throws(PickleFailure) {
    guard range.count <= 8 else { return try push(.bigInteger(range)) }
    var value: UInt64 = 0
    for index in range.reversed() { value = value << 8 | UInt64(cursor.bytes[index]) }
    let unused = UInt64(64 - 8 * range.count)
    try push(.integer(range.isEmpty ? 0 : Int(Int64(bitPattern: value << unused) >> Int64(unused))))
  }

  /// The argument of `INT`, where `01` and `00` are the booleans (`Lib/pickle.py`, `load_int`).
  private mutating func pushIntegerLine() throws(PickleFailure) {
    let text = try lineText()
    switch text {
    case "01": try push(PickleHandle.true)
    case "00": try push(PickleHandle.false)
    default: try pushDecimal(text)
    }
  }

  /// The argument of `LONG`, which Python 2 ends with an L.
  private mutating func pushLongLine() throws(PickleFailure) {
    let text = try lineText()
    try pushDecimal(text.hasSuffix("L") ? String(text.dropLast()) : text)
  }

  private mutating func pushDecimal(_ text: String) throws(PickleFailure) {
    if let value = Int(text) { return try push(.integer(value)) }
    let digits = text.hasPrefix("-") ? text.utf8.dropFirst() : text.utf8[...]
    // 2.41 digits to a byte: the same limit as in binary.
    let limit = PickleLimits.integerByteCount * 241 / 100
    guard digits.count <= limit else {
      throw PickleFailure(
        .limitExceeded, "an integer of \(digits.count) digits; at most \(limit) are read")
    }
    guard !digits.isEmpty, digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
      throw PickleFailure(.malformed, "expected an integer on a line")
    }
    try push(.decimal(text))
  }
}

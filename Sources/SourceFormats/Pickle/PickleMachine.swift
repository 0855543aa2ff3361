/// The pickle machine: reads protocols 0 to 5 as data into a ``PickleGraph``.
///
/// It is a stack machine with a memo, as in CPython's `Lib/pickle.py` (`_Unpickler`), with two differences:
/// no class or function is ever looked up or called, and each value that a file can make large has a limit
/// in ``PickleLimits``.
struct PickleMachine {
  /// Where the pickle lies, for messages.
  struct Place: Sendable {
    /// The file, as the user wrote its path.
    var file: String
    /// The record of an archive, or `nil` where offsets count from the start of the file.
    var record: String?
    /// The offset in the file of the first byte, or `nil` where the record is compressed.
    var baseOffset: UInt64?
  }

  /// The shape of persistent ids, which differs between the containers.
  enum PersistentIdentifiers: Sendable {
    /// `('storage', class, key, location, count)`.
    case zip
    /// The same with view metadata, and `('module', class, file, source)`.
    case legacy
  }

  var graph: PickleGraph
  let persistentIdentifiers: PersistentIdentifiers
  /// The most values on the stack; smaller in tests.
  var stackLimit = PickleLimits.stackDepth
  private(set) var cursor: PickleCursor
  private var stack: [PickleHandle] = []
  private var marks: [Int] = []
  private var memo: [PickleHandle] = []
  /// Entries that a pickle numbers out of order.
  private var sparseMemo: [UInt64: PickleHandle] = [:]
  private let place: Place

  /// Creates a machine that starts at a position of some bytes.
  init(
    _ bytes: [UInt8], position: Int = 0, place: Place, persistentIdentifiers: PersistentIdentifiers
  ) {
    graph = PickleGraph(input: bytes)
    cursor = PickleCursor(bytes, position: position)
    self.place = place
    self.persistentIdentifiers = persistentIdentifiers
  }

  /// Runs up to `STOP` and gives the value of the pickle.
  ///
  /// - Throws: ``SourceError`` with code `truncated` where the bytes end before `STOP`, else `malformed`,
  ///   `unsupported` or `limitExceeded`; always with the offset and the name of the opcode.
  mutating func run() throws(SourceError) -> PickleHandle {
    while true {
      let start = cursor.position
      var name = "the next opcode"
      do throws(PickleFailure) {
        guard cursor.remaining > 0 else {
          name = "the end"
          throw PickleFailure(.truncated, "the pickle has no STOP")
        }
        let byte = try cursor.byte()
        guard let opcode = PickleOpcode(rawValue: byte) else {
          name = "the byte 0x\(String(byte, radix: 16))"
          throw PickleFailure(.malformed, "expected an opcode of pickle protocols 0 to 5")
        }
        do throws(PickleFailure) {
          if opcode == .stop { return try pop() }
          try step(opcode)
        } catch {
          name = opcode.name
          throw error
        }
      } catch {
        throw explain(error, opcode: name, position: start)
      }
    }
  }

  private func explain(_ failure: PickleFailure, opcode: String, position: Int) -> SourceError {
    let base = place.record == nil ? place.baseOffset ?? 0 : 0
    let record = place.record.map { " of \($0)" } ?? ""
    return SourceError(
      failure.code,
      "\(opcode) at byte \(base + UInt64(position))\(record): \(failure.message)\(whereabouts(opcode))",
      file: place.file, offset: place.baseOffset.map { $0 + UInt64(position) }, hint: failure.hint)
  }
}

extension PickleMachine {
  /// How far down the stack a name is looked for: a value of a dict lies on its key, a tensor that is wrapped in calls
  /// on two values for each.
  private static let whereaboutsDepth = 16

  /// The last text below a value that cannot be rebuilt: in a state dict the name of its tensor.
  private func whereabouts(_ opcode: String) -> String {
    guard opcode == PickleOpcode.reduce.name || opcode == PickleOpcode.binPersistentIdentifier.name else {
      return ""
    }
    for value in stack.suffix(Self.whereaboutsDepth).reversed() {
      guard case .text(let text) = graph[value] else { continue }
      return ", behind the name \(text.prefix(200).debugDescription)"
    }
    return ""
  }
}

// MARK: - Stack and memo

extension PickleMachine {
  mutating func push(_ handle: PickleHandle) throws(PickleFailure) {
    guard stack.count < stackLimit else {
      throw PickleFailure(.limitExceeded, "more than \(stackLimit) values on the stack")
    }
    stack.append(handle)
  }

  mutating func push(_ node: PickleNode) throws(PickleFailure) { try push(try graph.add(node)) }

  /// The lowest place that an opcode may take from: values below the last mark are out of reach.
  private var floor: Int { marks.last ?? 0 }

  mutating func pop() throws(PickleFailure) -> PickleHandle {
    guard stack.count > floor, let value = stack.popLast() else {
      throw PickleFailure(.malformed, "expected a value on the stack, found none")
    }
    return value
  }

  mutating func pop(_ count: Int) throws(PickleFailure) -> [PickleHandle] {
    guard stack.count - floor >= count else {
      throw PickleFailure(
        .malformed, "expected \(count) values on the stack, found \(stack.count - floor)")
    }
    let values = Array(stack.suffix(count))
    stack.removeLast(count)
    return values
  }

  func top() throws(PickleFailure) -> PickleHandle {
    guard stack.count > floor, let value = stack.last else {
      throw PickleFailure(.malformed, "expected a value on the stack, found none")
    }
    return value
  }

  mutating func pushMark() throws(PickleFailure) {
    guard marks.count < PickleLimits.markCount else {
      throw PickleFailure(.limitExceeded, "more than \(PickleLimits.markCount) open marks")
    }
    marks.append(stack.count)
  }

  /// Removes the last mark and gives the values above it, which stay on the stack.
  mutating func takeMark() throws(PickleFailure) -> ArraySlice<PickleHandle> {
    guard let mark = marks.popLast() else {
      throw PickleFailure(.malformed, "expected a mark on the stack, found none")
    }
    return stack[mark...]
  }

  mutating func popToMark() throws(PickleFailure) -> [PickleHandle] {
    let values = Array(try takeMark())
    stack.removeLast(values.count)
    return values
  }

  /// `POP` also removes a mark (`Lib/pickle.py`, `load_pop`).
  mutating func popValueOrMark() throws(PickleFailure) {
    if stack.count > floor {
      stack.removeLast()
    } else if marks.popLast() == nil {
      throw PickleFailure(.malformed, "expected a value on the stack, found none")
    }
  }

  /// Moves the values above the last mark into the container below it.
  mutating func extendBelowMark(_ growth: PickleGraph.Growth) throws(PickleFailure) {
    let items = try takeMark()
    let start = items.startIndex
    if growth == .pairs, !items.count.isMultiple(of: 2) {
      throw PickleFailure(.malformed, "expected pairs of keys and values, found \(items.count) values")
    }
    guard start > floor else {
      throw PickleFailure(.malformed, "expected \(growth.rawValue) below the mark, found nothing")
    }
    try graph.extend(stack[start - 1], with: items, as: growth)
    stack.removeSubrange(start...)
  }

  mutating func memoize(_ index: UInt64) throws(PickleFailure) {
    let value = try top()
    guard memo.count + sparseMemo.count < PickleLimits.memoCount else {
      throw PickleFailure(.limitExceeded, "more than \(PickleLimits.memoCount) memo entries")
    }
    if index == UInt64(memo.count) {
      memo.append(value)
    } else if index < UInt64(memo.count) {
      memo[Int(index)] = value
    } else {
      sparseMemo[index] = value
    }
  }

  /// `MEMOIZE` numbers by the size of the memo.
  mutating func memoizeNext() throws(PickleFailure) {
    try memoize(UInt64(memo.count + sparseMemo.count))
  }

  mutating func recall(_ index: UInt64) throws(PickleFailure) {
    if index < UInt64(memo.count) {
      try push(memo[Int(index)])
    } else if let value = sparseMemo[index] {
      try push(value)
    } else {
      throw PickleFailure(.malformed, "the memo has no entry \(index)")
    }
  }
}

// MARK: - Input

extension PickleMachine {
  mutating func take(_ count: Int) throws(PickleFailure) -> Range<Int> { try cursor.take(count) }

  mutating func unsigned(byteCount: Int) throws(PickleFailure) -> UInt64 {
    try cursor.unsigned(byteCount: byteCount)
  }

  /// The positions of a byte string behind its length.
  mutating func counted(byteCount: Int) throws(PickleFailure) -> Range<Int> {
    try cursor.take(try cursor.length(byteCount: byteCount))
  }

  /// The bytes of a text behind its length.
  mutating func countedText(byteCount: Int) throws(PickleFailure) -> ArraySlice<UInt8> {
    let length = try cursor.length(byteCount: byteCount)
    guard length <= PickleLimits.textByteCount else {
      throw PickleFailure(
        .limitExceeded, "a text of \(length) bytes; at most \(PickleLimits.textByteCount) are read")
    }
    return cursor.bytes[try cursor.take(length)]
  }

  /// The bytes of a line without its end.
  mutating func line(limit: Int = PickleLimits.lineByteCount) throws(PickleFailure) -> ArraySlice<UInt8> {
    cursor.bytes[try cursor.line(limit: limit)]
  }

  /// A line as text, for module names and numbers.
  mutating func lineText() throws(PickleFailure) -> String { PickleText.byteString(try line()) }

  /// The length of a frame only has to lie in the input; its content is read like any other.
  mutating func checkFrame() throws(PickleFailure) {
    let length = try cursor.length(byteCount: 8)
    guard length <= cursor.remaining else {
      throw .truncated(needed: length, found: cursor.remaining)
    }
  }
}

import Testing

@testable import SourceFormats

private typealias P = PickleBytes

@Suite struct PickleMachineTests {
  private func run(_ bytes: [UInt8]) throws -> (PickleGraph, PickleHandle) {
    var machine = PickleMachine(
      bytes, place: PickleMachine.Place(file: "x.pth", record: "a/data.pkl", baseOffset: 100),
      persistentIdentifiers: .zip)
    let root = try machine.run()
    return (machine.graph, root)
  }

  /// A value as Python would print it.
  private func show(_ graph: PickleGraph, _ handle: PickleHandle, depth: Int = 0) -> String {
    guard depth < 8 else { return "..." }
    func all(_ items: [PickleHandle]) -> String {
      items.map { show(graph, $0, depth: depth + 1) }.joined(separator: ", ")
    }
    return switch graph[handle] {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .integer(let value): "\(value)"
    case .bigInteger(let range): PickleDecimal.text(graph.input[range])
    case .decimal(let digits): digits
    case .number(let value): "\(value)"
    case .text(let text): "'\(text)'"
    case .bytes(let range): "b\(Array(graph.input[range]))"
    case .encodedText(let text): "b" + show(graph, text)
    case .list(let items): "[\(all(items))]"
    case .tuple(let items): "(\(all(items)))"
    case .set(let items): "{\(all(items))}"
    case .dictionary(let pairs): "dict(\(all(pairs)))"
    case .global(let index): graph.globals[index].name
    case .object(let index):
      "\(graph.globals[graph.objects[index].global].name)"
        + show(graph, graph.objects[index].arguments, depth: depth + 1)
    case .storage: "storage"
    case .tensor: "tensor"
    case .unreadableTensor: "unreadable tensor"
    }
  }

  static let values: [(bytes: [UInt8], shown: String)] = [
    // Protocol 0, as `pickletools.dis` shows it.
    (Array("I42\n.".utf8), "42"), (Array("I01\n.".utf8), "True"), (Array("I00\n.".utf8), "False"),
    (Array("I-7\n.".utf8), "-7"), (Array("L123L\n.".utf8), "123"), (Array("L-5\n.".utf8), "-5"),
    (Array("L99999999999999999999L\n.".utf8), "99999999999999999999"), (Array("F1.5\n.".utf8), "1.5"),
    (Array("F-inf\n.".utf8), "-inf"),
    (Array("S'a\\n\\x41\\101\\'b'\n.".utf8), "'a\nAA'b'"), (Array("S\"q\"\n.".utf8), "'q'"),
    (Array("Va\\u00e9\\U0001F600\\n\n.".utf8), "'aé😀\\n'"), (Array("(lp0\nI1\na.".utf8), "[1]"),
    (Array("(I1\nI2\nt.".utf8), "(1, 2)"), (Array("(I1\nI2\nl.".utf8), "[1, 2]"),
    (Array("(I1\nI2\nd.".utf8), "dict(1, 2)"), (Array("(dI1\nI2\ns.".utf8), "dict(1, 2)"),
    (Array("N0I5\n.".utf8), "5"), (Array("(I1\nI2\n1I5\n.".utf8), "5"),
    (Array("I3\n2".utf8) + [0x86, 0x2E], "(3, 3)"),
    (Array("I9\np7\n0g7\n.".utf8), "9"),
    (Array("(I1\nI2\nimodule\nName\n.".utf8), "module.Name(1, 2)"),
    (Array("(cmodule\nName\nI1\no.".utf8), "module.Name(1)"),
    // Protocol 1.
    ([0x4B, 0xFF, 0x2E], "255"), ([0x4D, 0xFF, 0xFF, 0x2E], "65535"),
    ([0x4A, 0xFE, 0xFF, 0xFF, 0xFF, 0x2E], "-2"),
    ([0x47, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0x2E], "1.5"), ([0x55, 2, 0x68, 0x69, 0x2E], "'hi'"),
    ([0x55, 1, 0xE9, 0x2E], "'é'"), ([0x54, 1, 0, 0, 0, 0x68, 0x2E], "'h'"),
    ([0x4B, 1, 0x72, 0xFF, 0xFF, 0xFF, 0xFF, 0x30, 0x6A, 0xFF, 0xFF, 0xFF, 0xFF, 0x2E], "1"),
    // Protocol 2.
    ([0x80, 2, 0x8A, 0, 0x2E], "0"), ([0x8A, 1, 0xFF, 0x2E], "-1"), ([0x8A, 2, 0xFF, 0, 0x2E], "255"),
    ([0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2E], "18446744073709551616"),
    ([0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0x2E], "-18446744073709551616"),
    ([0x8B, 1, 0, 0, 0, 7, 0x2E], "7"), ([0x88, 0x89, 0x86, 0x2E], "(True, False)"),
    ([0x4E, 0x85, 0x2E], "(None)"), ([0x4E, 0x4E, 0x4E, 0x87, 0x2E], "(None, None, None)"),
    ([0x82, 5, 0x2E], "copyreg.extension_5"), ([0x83, 0, 1, 0x2E], "copyreg.extension_256"),
    ([0x84, 0, 0, 1, 0, 0x2E], "copyreg.extension_65536"),
    // Protocols 3 to 5.
    ([0x43, 2, 1, 2, 0x2E], "b[1, 2]"), ([0x42, 1, 0, 0, 0, 9, 0x2E], "b[9]"),
    ([0x8E, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0x2E], "b[9]"), ([0x96, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0x2E], "b[9]"),
    ([0x8C, 1, 0x61, 0x2E], "'a'"), ([0x8D, 1, 0, 0, 0, 0, 0, 0, 0, 0x61, 0x2E], "'a'"),
    ([0x8C, 3, 0xED, 0xA0, 0x80, 0x2E], "'\u{FFFD}'"),
    ([0x8F, 0x28, 0x4B, 1, 0x4B, 2, 0x90, 0x2E], "{1, 2}"), ([0x28, 0x4B, 1, 0x91, 0x2E], "{1}"),
    ([0x80, 4, 0x95, 4, 0, 0, 0, 0, 0, 0, 0, 0x4B, 1, 0x94, 0x2E], "1"),
    ([0x4B, 1, 0x94, 0x4B, 2, 0x94, 0x68, 0, 0x87, 0x2E], "(1, 2, 1)"),
    ([0x8C, 1, 0x6D, 0x8C, 1, 0x6E, 0x93, 0x2E], "m.n"),
    (P.global("m", "n") + P.emptyTuple + P.emptyDictionary + [0x92, 0x2E], "m.n()"),
    (P.global("m", "n") + P.emptyTuple + [0x81, 0x2E], "m.n()"),
    // Known globals, in Python 3 and Python 2 names.
    (P.file(P.call("collections", "OrderedDict")), "dict()"),
    (P.file(P.call("collections", "OrderedDict", P.list(P.list(P.int(1), P.int(2))))), "dict(1, 2)"),
    (P.file(P.call("collections", "Counter", P.dictionary(["a": P.int(1)]))), "dict('a', 1)"),
    (P.file(P.call("collections", "defaultdict", P.global("builtins", "list"))), "dict()"),
    (P.file(P.call("__builtin__", "set", P.list(P.int(1)))), "{1}"),
    (P.file(P.call("builtins", "frozenset", P.list(P.int(1)))), "{1}"),
    (P.file(P.call("builtins", "bytearray", [0x43, 1, 5])), "b[5]"),
    (P.file(P.call("__builtin__", "bytearray", P.text("a"), P.text("latin-1"))), "b'a'"),
    (P.file(P.call("_codecs", "encode", P.text("é"), P.text("latin1"))), "b'é'"),
    (P.file(P.call("torch", "Size", P.list(P.int(2), P.int(3)))), "(2, 3)"),
    (P.file(P.call("torch", "device", P.text("cuda"), P.int(0))), "'cuda'"),
    (P.file(P.call("builtins", "complex", P.int(1), P.int(2))), "builtins.complex(1, 2)"),
    (P.file(P.call("copyreg", "__newobj__", P.global("m", "n"), P.int(1))), "m.n(1)"),
    (
      P.file(P.call("copy_reg", "_reconstructor", P.global("m", "n"), P.none, P.none)), "m.n(m.n, None, None)"
    ),
    (P.file(P.call("torch.jit._pickle", "restore_type_tag", P.int(3), P.text("int"))), "3"),
    // Everything else stays inert, also what looks dangerous.
    (P.file(P.call("os", "system", P.text("rm -rf /"))), "os.system('rm -rf /')"),
    (P.file(P.call("builtins", "eval", P.text("1"))), "builtins.eval('1')"),
    (P.file(P.call("torch", "load", P.text("x"))), "torch.load('x')"),
    (P.file(P.call("m", "f") + P.tuple(P.int(1)) + P.reduce), "m.f(1)"),
  ]

  @Test(arguments: values.indices)
  func readsValuesOfEveryProtocol(_ index: Int) throws {
    let (graph, root) = try run(Self.values[index].bytes)
    #expect(show(graph, root) == Self.values[index].shown)
  }

  static let failures: [(bytes: [UInt8], code: SourceError.Code, offset: UInt64, message: String)] = [
    ([], .truncated, 0, "the end at byte 0 of a/data.pkl: the pickle has no STOP"),
    ([0x4E], .truncated, 1, "the end at byte 1 of a/data.pkl: the pickle has no STOP"),
    ([0x4D, 1], .truncated, 0, "BININT2 at byte 0 of a/data.pkl: needed 2 more bytes, found 1"),
    ([0x63, 0x6D], .truncated, 0, "GLOBAL at byte 0 of a/data.pkl: needed 2 more bytes, found 1"),
    (
      [0xFF], .malformed, 0,
      "the byte 0xff at byte 0 of a/data.pkl: expected an opcode of pickle protocols 0 to 5"
    ),
    (
      [0x80, 6], .unsupported, 0, "PROTO at byte 0 of a/data.pkl: found pickle protocol 6, expected 0 to 5"
    ),
    (
      [0x2E], .malformed, 0,
      "STOP at byte 0 of a/data.pkl: expected a value on the stack, found none"
    ),
    (
      [0x4E, 0x28, 0x2E], .malformed, 2,
      "STOP at byte 2 of a/data.pkl: expected a value on the stack, found none"
    ),
    (
      [0x4E, 0x52], .malformed, 1, "REDUCE at byte 1 of a/data.pkl: expected a value on the stack, found none"
    ),
    (
      [0x4E, 0x4E, 0x52], .malformed, 2,
      "REDUCE at byte 2 of a/data.pkl: expected a tuple of arguments, found None"
    ),
    (
      [0x4B, 1, 0x29, 0x52], .malformed, 3,
      "REDUCE at byte 3 of a/data.pkl: expected a class or function, found the integer 1"
    ),
    ([0x74], .malformed, 0, "TUPLE at byte 0 of a/data.pkl: expected a mark on the stack, found none"),
    (
      [0x4E, 0x86], .malformed, 1, "TUPLE2 at byte 1 of a/data.pkl: expected 2 values on the stack, found 1"
    ),
    ([0x68, 3], .malformed, 0, "BINGET at byte 0 of a/data.pkl: the memo has no entry 3"),
    (
      [0x7D, 0x4E, 0x61], .malformed, 2, "APPEND at byte 2 of a/data.pkl: expected a list, found a dict"
    ),
    (
      [0x5D, 0x28, 0x4E, 0x4E, 0x75], .malformed, 4,
      "SETITEMS at byte 4 of a/data.pkl: expected a dict, found a list"
    ),
    (
      [0x7D, 0x28, 0x4E, 0x75], .malformed, 3,
      "SETITEMS at byte 3 of a/data.pkl: expected pairs of keys and values, found 1 values"
    ),
    (
      [0x28, 0x28, 0x4E, 0x65], .malformed, 3,
      "APPENDS at byte 3 of a/data.pkl: expected a list below the mark, found nothing"
    ),
    (
      [0x4B, 1, 0x7D, 0x62], .malformed, 3,
      "BUILD at byte 3 of a/data.pkl: expected an object to give a state to, found the integer 1"
    ),
    (
      [0x97], .unsupported, 0,
      "NEXT_BUFFER at byte 0 of a/data.pkl: the pickle keeps data in out-of-band buffers, which are not part of "
        + "the file"
    ),
    (
      [0x98], .unsupported, 0,
      "READONLY_BUFFER at byte 0 of a/data.pkl: the pickle keeps data in out-of-band buffers, which are not part "
        + "of the file"
    ),
    (
      [0x8B, 0, 1, 0, 0], .limitExceeded, 0,
      "LONG4 at byte 0 of a/data.pkl: an integer of 256 bytes; at most 255 are read"
    ),
    (
      [0x8D, 0, 0, 0, 0, 0, 0, 0, 0x80], .limitExceeded, 0,
      "BINUNICODE8 at byte 0 of a/data.pkl: a length of 9223372036854775808 bytes; at most 134217728 are read"
    ),
    (
      [0x95, 9, 0, 0, 0, 0, 0, 0, 0, 0x4E], .truncated, 0,
      "FRAME at byte 0 of a/data.pkl: needed 9 more bytes, found 1"
    ),
    (
      [0x8C, 1, 0xFF], .malformed, 0,
      "SHORT_BINUNICODE at byte 0 of a/data.pkl: 1 bytes of text are not valid UTF-8"
    ),
    (Array("Ix\n".utf8), .malformed, 0, "INT at byte 0 of a/data.pkl: expected an integer on a line"),
    (
      Array("Fx\n".utf8), .malformed, 0,
      "FLOAT at byte 0 of a/data.pkl: expected a floating-point number on a line"
    ),
    (Array("Sx\n".utf8), .malformed, 0, "STRING at byte 0 of a/data.pkl: expected a string in quotes"),
    (
      Array("S'\\x4'\n".utf8), .malformed, 0,
      "STRING at byte 0 of a/data.pkl: expected two hexadecimal digits after \\x"
    ),
    (
      Array("P12\n".utf8), .unsupported, 0,
      "PERSID at byte 0 of a/data.pkl: found the persistent id \"12\" as text, expected a tuple"
    ),
    (
      [0x4E, 0x51], .malformed, 1,
      "BINPERSID at byte 1 of a/data.pkl: expected a persistent id that begins with 'storage', found None"
    ),
    (
      [0x4E, 0x4E, 0x93], .malformed, 2,
      "STACK_GLOBAL at byte 2 of a/data.pkl: expected a module and a name, found None and None"
    ),
  ]

  @Test(arguments: failures.indices)
  func saysWhereAndWhyAPickleIsNoPickle(_ index: Int) throws {
    let failure = Self.failures[index]
    let error = #expect(throws: SourceError.self) { try run(failure.bytes) }
    var expected = SourceError(
      failure.code, failure.message, file: "x.pth", offset: 100 + failure.offset)
    expected.hint = error?.hint
    #expect(error == expected)
  }

  @Test func countsOffsetsFromTheStartOfAFileWithoutRecords() {
    var machine = PickleMachine(
      [0x4E, 0x86], position: 1, place: PickleMachine.Place(file: "x.pth", record: nil, baseOffset: 0),
      persistentIdentifiers: .legacy)
    #expect(
      throws: SourceError(
        .malformed, "TUPLE2 at byte 1: expected 2 values on the stack, found 0", file: "x.pth", offset: 1)
    ) { try machine.run() }
  }

  @Test func keepsWhatAPlaceholderIsGiven() throws {
    let (graph, root) = try run(
      P.file(
        P.object("m", "C", P.dictionary(["a": P.int(1)])) + P.mark + P.int(5) + [0x65] + P.text("k")
          + P.int(6)
          + [0x73]))
    guard case .object(let index) = graph[root] else {
      Issue.record("expected an object")
      return
    }
    let object = graph.objects[index]
    #expect(object.state.map { show(graph, $0) } == "dict('a', 1)")
    #expect(object.items.map { show(graph, $0) } == ["5"])
    #expect(object.pairs.map { show(graph, $0) } == ["'k'", "6"])
    #expect(graph.globals[object.global].objectCount == 1)
  }
}

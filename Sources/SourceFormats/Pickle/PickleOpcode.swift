/// The opcodes of pickle protocols 0 to 5.
///
/// Source: CPython `Lib/pickletools.py` and the opcode table of `Lib/pickle.py`.
enum PickleOpcode: UInt8, CaseIterable, Sendable {
  // Protocol 0: text.
  case mark = 0x28  // (
  case stop = 0x2E  // .
  case pop = 0x30  // 0
  case popMark = 0x31  // 1
  case duplicate = 0x32  // 2
  case float = 0x46  // F
  case int = 0x49  // I
  case long = 0x4C  // L
  case none = 0x4E  // N
  case persistentIdentifier = 0x50  // P
  case reduce = 0x52  // R
  case string = 0x53  // S
  case unicode = 0x56  // V
  case append = 0x61  // a
  case build = 0x62  // b
  case global = 0x63  // c
  case dictionary = 0x64  // d
  case get = 0x67  // g
  case instance = 0x69  // i
  case list = 0x6C  // l
  case put = 0x70  // p
  case setItem = 0x73  // s
  case tuple = 0x74  // t

  // Protocol 1: binary.
  case emptyTuple = 0x29  // )
  case binFloat = 0x47  // G
  case binInt = 0x4A  // J
  case binInt1 = 0x4B  // K
  case binInt2 = 0x4D  // M
  case binPersistentIdentifier = 0x51  // Q
  case binString = 0x54  // T
  case shortBinString = 0x55  // U
  case binUnicode = 0x58  // X
  case emptyList = 0x5D  // ]
  case appends = 0x65  // e
  case binGet = 0x68  // h
  case longBinGet = 0x6A  // j
  case object = 0x6F  // o
  case binPut = 0x71  // q
  case longBinPut = 0x72  // r
  case setItems = 0x75  // u
  case emptyDictionary = 0x7D  // }

  // Protocol 2.
  case proto = 0x80
  case newObject = 0x81
  case extension1 = 0x82
  case extension2 = 0x83
  case extension4 = 0x84
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case newTrue = 0x88
  case newFalse = 0x89
  case long1 = 0x8A
  case long4 = 0x8B

  // Protocol 3.
  case binBytes = 0x42  // B
  case shortBinBytes = 0x43  // C

  // Protocol 4.
  case shortBinUnicode = 0x8C
  case binUnicode8 = 0x8D
  case binBytes8 = 0x8E
  case emptySet = 0x8F
  case addItems = 0x90
  case frozenSet = 0x91
  case newObjectKeywords = 0x92
  case stackGlobal = 0x93
  case memoize = 0x94
  case frame = 0x95

  // Protocol 5.
  case byteArray8 = 0x96
  case nextBuffer = 0x97
  case readOnlyBuffer = 0x98

  /// The name that `pickletools.dis` prints.
  var name: String {
    switch self {
    case .mark: "MARK"
    case .stop: "STOP"
    case .pop: "POP"
    case .popMark: "POP_MARK"
    case .duplicate: "DUP"
    case .float: "FLOAT"
    case .int: "INT"
    case .long: "LONG"
    case .none: "NONE"
    case .persistentIdentifier: "PERSID"
    case .reduce: "REDUCE"
    case .string: "STRING"
    case .unicode: "UNICODE"
    case .append: "APPEND"
    case .build: "BUILD"
    case .global: "GLOBAL"
    case .dictionary: "DICT"
    case .get: "GET"
    case .instance: "INST"
    case .list: "LIST"
    case .put: "PUT"
    case .setItem: "SETITEM"
    case .tuple: "TUPLE"
    case .emptyTuple: "EMPTY_TUPLE"
    case .binFloat: "BINFLOAT"
    case .binInt: "BININT"
    case .binInt1: "BININT1"
    case .binInt2: "BININT2"
    case .binPersistentIdentifier: "BINPERSID"
    case .binString: "BINSTRING"
    case .shortBinString: "SHORT_BINSTRING"
    case .binUnicode: "BINUNICODE"
    case .emptyList: "EMPTY_LIST"
    case .appends: "APPENDS"
    case .binGet: "BINGET"
    case .longBinGet: "LONG_BINGET"
    case .object: "OBJ"
    case .binPut: "BINPUT"
    case .longBinPut: "LONG_BINPUT"
    case .setItems: "SETITEMS"
    case .emptyDictionary: "EMPTY_DICT"
    case .proto: "PROTO"
    case .newObject: "NEWOBJ"
    case .extension1: "EXT1"
    case .extension2: "EXT2"
    case .extension4: "EXT4"
    case .tuple1: "TUPLE1"
    case .tuple2: "TUPLE2"
    case .tuple3: "TUPLE3"
    case .newTrue: "NEWTRUE"
    case .newFalse: "NEWFALSE"
    case .long1: "LONG1"
    case .long4: "LONG4"
    case .binBytes: "BINBYTES"
    case .shortBinBytes: "SHORT_BINBYTES"
    case .shortBinUnicode: "SHORT_BINUNICODE"
    case .binUnicode8: "BINUNICODE8"
    case .binBytes8: "BINBYTES8"
    case .emptySet: "EMPTY_SET"
    case .addItems: "ADDITEMS"
    case .frozenSet: "FROZENSET"
    case .newObjectKeywords: "NEWOBJ_EX"
    case .stackGlobal: "STACK_GLOBAL"
    case .memoize: "MEMOIZE"
    case .frame: "FRAME"
    case .byteArray8: "BYTEARRAY8"
    case .nextBuffer: "NEXT_BUFFER"
    case .readOnlyBuffer: "READONLY_BUFFER"
    }
  }
}

"""Pickles that break the machine: what is on its stack and in its memo, what follows, and what numbers say."""
from case import COMMAND, Case
from pickle_bytes import *  # noqa: F403

CLASS = "pickle"

RUN = call("os", "system", text(COMMAND))


def opcodes(name: str, pickle: bytes, why: str, *says: str, deflated: bool = False) -> Case:
    return Case(name, why, raw(pickle, deflated=deflated), says=list(says))


def value(name: str, pickle: bytes, why: str, *says: str) -> Case:
    return opcodes(name, PROTO2 + pickle + STOP, why, *says)


def length(name: str, opcode: bytes, count: str, number: int, *says: str) -> Case:
    return opcodes(name, b"\x80\x05" + opcode + struct.pack(count, number) + b"abc" + STOP,
                   f"A length of {number} stands before three bytes: reserving it first would take the memory.", *says)


CASES = [
    # Protocols and frames.
    opcodes("protocol-6", b"\x80\x06" + STATE_DICT + STOP, "A protocol that does not exist yet.", "PROTO", "pickle protocol 6", "0 to 5"),
    opcodes("protocol-255", b"\x80\xff" + STATE_DICT + STOP, "The largest number that PROTO can say.", "PROTO", "pickle protocol 255"),
    opcodes("unknown-opcode", PROTO2 + b"\xa0" + STOP, "A byte that is no opcode of any protocol.", "0xa0", "opcode"),
    opcodes("empty-pickle", b"", "The record data.pkl has no bytes.", "data.pkl", "byte 0"),
    opcodes("no-stop", PROTO2 + STATE_DICT, "The pickle ends before STOP.", "data.pkl", "no STOP"),
    opcodes("frame-too-long", b"\x80\x04\x95" + struct.pack("<Q", 1 << 20) + STATE_DICT + STOP, "A frame says that it is longer than the pickle.", "FRAME", "1048576"),
    opcodes("frame-of-2-to-the-63", b"\x80\x04\x95" + struct.pack("<Q", 1 << 63) + STATE_DICT + STOP, "A frame length that is negative as a signed number.", "FRAME", str(1 << 63)),
    opcodes("next-buffer", b"\x80\x05\x97" + STOP, "Protocol 5 takes data from buffers outside of the file.", "NEXT_BUFFER", "out-of-band"),
    opcodes("readonly-buffer", b"\x80\x05" + NONE + b"\x98" + STOP, "An ordinary value is declared a buffer from outside of the file.", "READONLY_BUFFER", "out-of-band"),
    # Lengths.
    length("bytes-of-2-to-the-32", b"B", "<I", 2**32 - 1, "BINBYTES", str(2**32 - 1)),
    length("bytes8-of-2-to-the-63", b"\x8e", "<Q", 1 << 63, "BINBYTES8", str(1 << 63)),
    length("text-of-2-to-the-32", b"X", "<I", 2**32 - 1, "BINUNICODE", str(2**32 - 1)),
    length("text8-of-2-to-the-64", b"\x8d", "<Q", 2**64 - 1, "BINUNICODE8", str(2**64 - 1)),
    length("short-text", b"\x8c", "<B", 255, "SHORT_BINUNICODE", "255"),
    length("string-of-negative-length", b"T", "<i", -1, "BINSTRING", str(2**32 - 1)),
    length("bytearray-of-2-to-the-40", b"\x96", "<Q", 1 << 40, "BYTEARRAY8", str(1 << 40)),
    length("integer-of-negative-length", b"\x8b", "<i", -1, "LONG4", "integer"),
    length("integer-of-2-to-the-31", b"\x8b", "<I", 2**31 - 1, "LONG4", "integer", "255"),
    opcodes("decimal-of-60000-digits", b"\x80\x02L" + b"9" * 60_000 + b"L\n" + STOP, "Decimal digits take quadratic time to convert.", "LONG at", "4096", deflated=True),
    opcodes("decimal-of-4000-digits", b"\x80\x02L" + b"9" * 4000 + b"L\n" + STOP, "A number of 4000 decimal digits on one line.", "LONG", "4000 digits"),
    opcodes("line-without-end", b"\x80\x02c" + b"o" * 50_000, "The name of a module never ends.", "GLOBAL", "4096", deflated=True),
    # Stack and memo.
    opcodes("stop-alone", STOP, "The pickle has no value at all.", "expected a value", "found none"),
    value("reduce-without-arguments", global_("os", "system") + REDUCE, "REDUCE finds a function and no arguments.", "REDUCE", "found none"),
    value("tuple3-of-two", NONE + NONE + b"\x87", "TUPLE3 takes three values where there are two.", "TUPLE3", "3 values", "found 2"),
    value("build-on-nothing", EMPTY_DICT + BUILD, "BUILD finds a state and no object.", "BUILD", "found none"),
    value("append-to-nothing", NONE + APPEND, "APPEND finds a value and no list.", "APPEND", "found none"),
    value("setitem-underflow", EMPTY_DICT + SETITEM, "SETITEM finds a dict and neither key nor value.", "SETITEM", "2 values"),
    value("value-below-a-mark", RUN + MARK + STOP, "The value that STOP wants lies below an open mark.", "expected a value", "found none"),
    value("tuple-without-mark", NONE + TUPLE, "TUPLE finds no mark.", "TUPLE", "mark"),
    value("setitems-without-mark", EMPTY_DICT + NONE + NONE + SETITEMS, "SETITEMS finds no mark.", "SETITEMS", "mark"),
    value("obj-without-class", MARK + OBJ, "OBJ finds nothing above its mark.", "OBJ", "class"),
    value("inst-without-mark", b"ios\nsystem\n", "INST finds no mark.", "INST", "mark"),
    value("pop-mark-without-mark", b"1", "POP_MARK finds no mark.", "POP_MARK", "mark"),
    value("appends-below-an-outer-mark", EMPTY_LIST + MARK + MARK + NONE + APPENDS, "APPENDS reaches past another mark.", "APPENDS", "below the mark"),
    value("memo-never-written", b"h\x07", "BINGET reads an entry of the memo that was never written.", "BINGET", "no entry 7"),
    value("memo-of-2-to-the-32", get(2**32 - 1), "LONG_BINGET reads the last possible entry.", "LONG_BINGET", str(2**32 - 1)),
    value("memo-index-of-2-to-the-70", NONE + b"p%d\n" % 2**70, "PUT has an index of more than 64 bits.", "PUT", "memo index"),
    value("memo-index-negative", NONE + b"p-1\n", "PUT has a negative index.", "PUT", "memo index"),
    value("memoize-nothing", MEMOIZE, "MEMOIZE finds no value.", "MEMOIZE", "found none"),
    value("put-above-a-mark", NONE + MARK + put(0), "LONG_BINPUT would remember a value below an open mark.", "LONG_BINPUT", "found none"),
    # What follows the pickle.
    opcodes("second-pickle", PROTO2 + STATE_DICT + STOP + PROTO2 + RUN + STOP, "A second pickle, with an attack, follows the first.", "data.pkl", "nothing may follow"),
    opcodes("trailing-opcodes", PROTO2 + STATE_DICT + STOP + EMPTY_DICT, "One opcode follows STOP.", "data.pkl", "nothing may follow"),
    opcodes("trailing-zeros", PROTO2 + STATE_DICT + STOP + bytes(4096), "Zero bytes follow STOP, room for something to hide in.", "data.pkl", "nothing may follow"),
    # The wrong container.
    value("append-to-a-dict", EMPTY_DICT + NONE + APPEND, "APPEND adds to a dict.", "APPEND", "expected a list", "found a dict"),
    value("setitem-on-a-list", EMPTY_LIST + NONE + NONE + SETITEM, "SETITEM adds to a list.", "SETITEM", "expected a dict", "found a list"),
    value("setitems-of-three", EMPTY_DICT + MARK + NONE + NONE + NONE + SETITEMS, "A key without a value.", "SETITEMS", "pairs", "3 values"),
    value("appends-to-a-tuple", EMPTY_TUPLE + MARK + NONE + APPENDS, "APPENDS changes a tuple, which cannot change.", "APPENDS", "expected a list"),
    value("additems-to-a-list", EMPTY_LIST + MARK + NONE + ADDITEMS, "ADDITEMS adds to a list.", "ADDITEMS", "expected a set"),
    value("build-on-a-number", integer(1) + EMPTY_DICT + BUILD, "BUILD gives a state to a number.", "BUILD", "integer 1"),
    value("call-of-a-number", integer(1) + EMPTY_TUPLE + REDUCE, "REDUCE calls a number.", "REDUCE", "integer 1"),
    value("call-of-a-string", text("os.system") + tuple_(text(COMMAND)) + NEWOBJ, "NEWOBJ takes a string for a class.", "NEWOBJ", "a string"),
    value("arguments-in-a-list", global_("os", "system") + list_(text(COMMAND)) + REDUCE, "The arguments of a call are a list.", "REDUCE", "tuple of arguments", "found a list"),
    # Texts of protocol 0.
    opcodes("code-for-a-number", b"I__import__('os').system('" + COMMAND.encode() + b"')\n.", "INT holds an expression, for readers that evaluate it.", "INT at", "expected an integer"),
    opcodes("code-for-a-float", b"F__import__('os').system('" + COMMAND.encode() + b"')\n.", "FLOAT holds an expression, for readers that evaluate it.", "FLOAT at", "floating-point"),
    opcodes("code-for-a-string", b"S'a' + __import__('os').system('" + COMMAND.encode() + b"')\n.", "STRING holds an expression, for readers that evaluate it.", "STRING at", "in quotes"),
    opcodes("string-ends-in-an-escape", b"S'a\\'\n.", "The closing quote of a STRING is escaped away.", "STRING at", "escape"),
    opcodes("string-bad-escape", b"S'\\xg0'\n.", "A STRING with \\x and no digits.", "STRING at", "hexadecimal"),
    opcodes("unicode-bad-escape", b"V\\u12\n.", "A UNICODE with \\u and too few digits.", "UNICODE at", "hexadecimal"),
    # Persistent ids.
    opcodes("persid", b"Pstorage:../../etc/passwd\n.", "PERSID, a persistent id as text, is a path.", "PERSID", "expected a tuple"),
    value("binpersid-of-none", NONE + BINPERSID, "A persistent id of nothing.", "BINPERSID", "found None"),
    value("binpersid-of-a-dict", dictionary(storage=NONE) + BINPERSID, "A persistent id that is a dict.", "BINPERSID", "found a dict"),
    value("binpersid-too-short", persistent(text("storage"), global_("torch", "FloatStorage"), text("0")), "A persistent id of three items.", "BINPERSID", "3 items"),
    value("binpersid-too-long", persistent(text("storage"), global_("torch", "FloatStorage"), text("0"), text("cpu"), integer(3), NONE), "A persistent id with the view of a legacy file.", "BINPERSID", "6 items"),
    value("binpersid-of-a-module", persistent(text("module"), global_("os", "system"), text("evil.py"), text(COMMAND)), "The persistent id of a class with its source, which only legacy files have.", "BINPERSID", "module"),
    value("binpersid-of-another-kind", persistent(text("file"), text("/etc/passwd")), "A persistent id of a kind that does not exist.", "BINPERSID", "\"file\""),
]

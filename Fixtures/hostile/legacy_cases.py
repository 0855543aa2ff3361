"""Streams of pickles and raw storages, as PyTorch 0.1.10 to 1.5 wrote them, with one thing wrong. There is no checksum in
this format and no index: only the numbers that are checked against each other."""
import pathlib

from case import COMMAND, Case
from pickle_bytes import *  # noqa: F403

MAGIC = PROTO2 + b"\x8a\x0a" + 0x1950A86A20F9469CFC6C.to_bytes(10, "little") + STOP
VERSION = PROTO2 + integer(1001) + STOP
SYSTEM = PROTO2 + dictionary(protocol_version=integer(1001), little_endian=TRUE, type_sizes=dictionary(short=integer(2), int=integer(4), long=integer(4))) + STOP
RUN = call("os", "system", text(COMMAND))


def weights(key: str = "0", count: int = 3, kind: str = "FloatStorage", view: bytes = NONE, **facts) -> bytes:
    source = persistent(text("storage"), global_("torch", kind), text(key), text("cpu"), integer(count), view)
    return tensor(source, **facts)


OBJECT = PROTO2 + pairs((text(NAME), weights())) + STOP
KEYS = PROTO2 + list_(text("0")) + STOP
DATA = struct.pack("<q", 3) + WEIGHTS


def stream(name: str, why: str, *says: str, magic=MAGIC, version=VERSION, system=SYSTEM, value: bytes | None = None, keys=KEYS, data=DATA) -> Case:
    """A good stream with one part in place of the right one; `value` is the object without PROTO and STOP."""
    content = magic + version + system + (OBJECT if value is None else PROTO2 + value + STOP) + keys + data
    return Case(name, why, {"input.pth": content}, says=list(says))


def keyed(name: str, why: str, *says: str, items: bytes, data: bytes = DATA) -> Case:
    return stream(name, why, *says, keys=PROTO2 + list_(items) + STOP, data=data)


def one(value: bytes) -> bytes:
    return pairs((text(NAME), value))


def without_end(path: pathlib.Path) -> None:
    """Sixteen texts of 16 MB, which take no room on the disk, and no STOP."""
    with open(path, "wb") as file:
        file.write(MAGIC + VERSION + SYSTEM + PROTO2 + MARK)
        for _ in range(16):
            file.write(b"X" + struct.pack("<I", 1 << 24))
            file.seek(1 << 24, 1)
        file.write(b".")


def tar_header(name: str, size: bytes) -> bytes:
    block = bytearray(512)
    block[: len(name)] = name.encode()
    block[124 : 124 + len(size)] = size
    block[257:262] = b"ustar"
    return bytes(block)


def tar(name: str, why: str, *says: str, size: bytes) -> Case:
    content = tar_header("sys_info", size) + bytes(512) + tar_header("pickle", size) + RUN + STOP
    return Case(name, why, {"input.pth.tar": content + bytes(-len(content) % 512)}, says=list(says))


CASES = [
    # The header.
    stream("magic-number-wrong", "The last bit of the magic number is another.", "Python pickle", "without the header", magic=MAGIC[:4] + bytes([MAGIC[4] ^ 1]) + MAGIC[5:]),
    stream("magic-number-as-text", "The magic number is a text of its digits.", "Python pickle", magic=PROTO2 + text("119547037146038801333356") + STOP),
    stream("magic-number-is-a-call", "A call of os.system stands where the magic number has to be.", "Python pickle", magic=PROTO2 + RUN + STOP),
    Case("magic-number-alone", "The file ends behind the magic number.", {"input.pth": MAGIC}, says=["stops at byte 15"]),
    Case("bare-pickle", "A pickle that runs a command, named .pth.", {"input.pth": PROTO2 + RUN + STOP}, says=["Python pickle"]),
    Case("bare-pickle-protocol-0", "A pickle of text opcodes that runs a command, named .pth.", {"input.pth": b"cos\nsystem\n(S'" + COMMAND.encode() + b"'\ntR."}, says=["expected a checkpoint", "text file"]),
    stream("version-1002", "A version of the format that does not exist.", "1002", "expected 1001", version=PROTO2 + integer(1002) + STOP),
    stream("version-of-70-bits", "A version of more bits than a machine has.", "expected 1001", "large integer", version=PROTO2 + integer(2**70) + STOP),
    stream("version-as-text", "The version is a text.", "a string", "expected 1001", version=PROTO2 + text("1001") + STOP),
    stream("version-is-a-call", "The version is the result of os.system.", "os.system", "expected 1001", version=PROTO2 + RUN + STOP),
    stream("system-none", "There is no system information.", "found None", "system information", system=PROTO2 + NONE + STOP),
    stream("system-is-a-call", "The system information is the result of os.system.", "os.system", "system information", system=PROTO2 + RUN + STOP),
    stream("system-of-itself", "The system information is a list of itself.", "found a list", "system information", system=PROTO2 + EMPTY_LIST + put(0) + get(0) + APPEND + STOP),
    stream("big-endian-and-a-lie", "A big-endian machine, whose lengths may be swapped, and a length that is neither.", "storage 0", "elements",
           system=PROTO2 + dictionary(little_endian=FALSE) + STOP, data=struct.pack(">q", 4) + WEIGHTS),
    stream("little-endian-swapped", "A little-endian machine and a length in the other order.", "storage 0", str(3 << 56), data=struct.pack(">q", 3) + WEIGHTS),
    stream("protocol-6", "The pickle of the object has a protocol that does not exist.", "PROTO", "protocol 6", value=b"\x80\x06" + NONE),
    # The object.
    stream("os-system", "The object is a call of os.system.", "os.system", "no tensor", value=RUN, keys=PROTO2 + EMPTY_LIST + STOP, data=b""),
    stream("class-with-source", "The persistent id of a class brings its source text, which old versions compared and kept.", "os.system", "no tensor",
           value=persistent(text("module"), global_("os", "system"), text("evil.py"), text(COMMAND)) + tuple_(text(COMMAND)) + REDUCE, keys=PROTO2 + EMPTY_LIST + STOP, data=b""),
    stream("class-that-is-a-text", "The persistent id of a class holds a text in place of the class.", "REDUCE", "a string",
           value=persistent(text("module"), text("os.system"), text("evil.py"), text("")) + EMPTY_TUPLE + REDUCE),
    stream("class-of-three-items", "The persistent id of a class has no source.", "BINPERSID", "3 items", value=persistent(text("module"), global_("m", "C"), text("m.py"))),
    stream("storage-of-a-zip-file", "The persistent id of a storage has five items, as in the later format.", "BINPERSID", "6 items", value=one(tensor(storage()))),
    # The list of storages.
    stream("keys-none", "There is no list of storages.", "found None", "list of storage keys", keys=PROTO2 + NONE + STOP),
    stream("keys-are-a-call", "The list of storages is the result of os.system.", "os.system", "list of storage keys", keys=PROTO2 + RUN + STOP),
    stream("keys-of-itself", "The list of storages holds itself.", "found a list in the list of storage keys", keys=PROTO2 + EMPTY_LIST + put(0) + get(0) + APPEND + STOP),
    keyed("key-is-a-call", "A key in the list is the result of os.system.", "os.system", "list of storage keys", items=RUN),
    keyed("key-unknown", "The list names a storage that no tensor refers to, so that its size is not known.", "storage \"1\"", "unknown type", items=text("0") + text("1")),
    keyed("key-twice", "The list names a storage twice, so that its bytes would be taken twice.", "\"0\" twice", items=text("0") + text("0"), data=DATA + DATA),
    keyed("key-twice-in-disguise", "The list names a storage as text and as number.", "\"0\" twice", items=text("0") + integer(0), data=DATA + DATA),
    keyed("key-missing", "The list does not name the storage of the tensor.", "does not name \"0\"", items=b"", data=b""),
    keyed("key-with-escape", "A key that steers the terminal.", "\\u{1B}", "unknown type", items=text("\x1b[2J")),
    # Numbers.
    stream("length-larger", "In front of the storage stands a larger number of elements than in the pickle.", "storage 0", "4 elements here and 3", data=struct.pack("<q", 4) + WEIGHTS),
    stream("length-negative", "In front of the storage stands a negative number of elements.", "storage 0", "-1 elements", data=struct.pack("<q", -1) + WEIGHTS),
    stream("length-of-2-to-the-62", "In front of the storage stands a number whose bytes do not fit 64 bits.", "storage 0", str(1 << 62), data=struct.pack("<q", 1 << 62) + WEIGHTS),
    stream("count-larger", "The pickle says a terabyte of storage; the file has twelve bytes.", "bytes are missing", value=one(weights(count=1 << 38))),
    stream("count-smaller", "The pickle says two elements where three follow: something is hidden behind them.", "4 bytes follow", value=one(weights(count=2, shape=(2,), strides=(1,))), data=struct.pack("<q", 2) + WEIGHTS),
    stream("count-negative", "A storage of -3 elements.", "number of elements", "integer -3", value=one(weights(count=-3))),
    stream("count-overflows", "A number of elements whose bytes do not fit 64 bits.", "too many to count", value=one(weights(count=1 << 62, kind="DoubleStorage"))),
    stream("sum-overflows", "Five storages whose sizes fit 64 bits, and whose sum does not.", "overflow",
           value=pairs(*((text(f"w{index}"), weights(str(index), (1 << 60) + 1, shape=(1,), strides=(1,))) for index in range(5))),
           keys=PROTO2 + list_(*(text(str(index)) for index in range(5))) + STOP),
    stream("storage-of-unknown-class", "A storage class of unknown size, behind which the next one would begin.", "storage \"0\"", "not known", value=one(weights(kind="EvilStorage"))),
    stream("one-key-two-sizes", "Two tensors disagree about the size of their storage.", "storage 0", "12 where", value=pairs((text(NAME), weights()), (text("b"), weights(count=4)))),
    # Views of storages.
    stream("view-outside", "A view of elements that the storage does not have.", "view of 3 elements from element 1", "outside", value=one(weights(view=tuple_(text("9"), integer(1), integer(3))))),
    stream("view-negative", "A view that begins in front of its storage.", "view metadata", value=one(weights(view=tuple_(text("9"), integer(-1), integer(3))))),
    stream("view-of-negative-length", "A view of -1 elements.", "view metadata", value=one(weights(view=tuple_(text("9"), integer(0), integer(-1))))),
    stream("view-overflows", "A view whose end does not fit 64 bits.", "outside", value=one(weights(view=tuple_(text("9"), integer(1), integer(2**63 - 1))))),
    stream("view-of-two-items", "View metadata without a length.", "view metadata", "tuple of 2", value=one(weights(view=tuple_(text("9"), integer(0))))),
    stream("view-of-floats", "View metadata in floating point.", "view metadata", value=one(weights(view=tuple_(text("9"), number(0.0), number(3.0))))),
    stream("view-is-a-call", "View metadata that are the result of os.system.", "view metadata", "os.system", value=one(weights(view=RUN))),
    stream("view-of-itself", "View metadata that are a list of themselves.", "view metadata", "found a list", value=one(weights(view=EMPTY_LIST + put(0) + get(0) + APPEND))),
    stream("view-smaller-than-tensor", "The tensor lies in its storage and outside of its view.", "outside", "storage of 1", value=one(weights(view=tuple_(text("9"), integer(2), integer(1))))),
    stream("view-with-offset-outside", "View and offset each lie in the storage, together they do not.", "outside", value=one(weights(view=tuple_(text("9"), integer(1), integer(2)), offset=2, shape=(1,), strides=(1,)))),
    # The end.
    stream("no-data", "Nothing follows the pickles.", "20 bytes are missing", data=b""),
    stream("half-a-length", "The file ends inside of the length of the storage.", "bytes are missing", data=DATA[:4]),
    stream("last-byte-missing", "The last byte of the last weight is missing.", "1 bytes are missing", data=DATA[:-1]),
    stream("one-byte-more", "One byte follows the last weight.", "follow", "last storage", data=DATA + b"\0"),
    Case("second-file", "A second checkpoint follows the first.", {"input.pth": (MAGIC + VERSION + SYSTEM + OBJECT + KEYS + DATA) * 2}, says=["follow the last storage"]),
    Case("appended-archive", "A zip archive with other weights is appended, which readers that look from the end would take.",
         {"input.pth": MAGIC + VERSION + SYSTEM + OBJECT + KEYS + DATA + archive(PROTO2 + STATE_DICT + STOP)}, says=["follow the last storage"]),
    Case("pickles-without-end", "The pickles take more memory than any checkpoint needs, and next to no disk.", {"input.pth": without_end}, says=["134217728"], large=True),
    # The tar archives of PyTorch before 0.1.10, which are told apart and not read.
    tar("tar-archive", "The oldest format: its pickle runs a command.", "tar archive", "0.1.10", size=b"00000000001"),
    tar("tar-size-of-8-gigabytes", "A member that is larger than the archive.", "tar archive", size=b"77777777777"),
    tar("tar-size-in-base-256", "A member size in the binary form of GNU tar, as large as it gets.", "tar archive", size=b"\xff" * 12),
    tar("tar-size-of-letters", "A member size that is no number.", "tar archive", size=b"os.system()"),
]

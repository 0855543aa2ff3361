"""Pickles written opcode by opcode, and the PyTorch files around them. Nothing here goes through pickle or torch, which
would refuse to write most of what the corpus needs. Opcodes: CPython Lib/pickletools.py."""
import io
import struct
import zipfile

PROTO2 = b"\x80\x02"
STOP, MARK, POP, NONE, DUP = b".", b"(", b"0", b"N", b"2"
TRUE, FALSE = b"\x88", b"\x89"
REDUCE, BUILD, NEWOBJ, NEWOBJ_EX, STACK_GLOBAL, MEMOIZE = b"R", b"b", b"\x81", b"\x92", b"\x93", b"\x94"
EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT, EMPTY_SET = b")", b"]", b"}", b"\x8f"
TUPLE, TUPLE1, TUPLE2, LIST, DICT, OBJ, FROZENSET = b"t", b"\x85", b"\x86", b"l", b"d", b"o", b"\x91"
APPEND, APPENDS, SETITEM, SETITEMS, ADDITEMS, BINPERSID = b"a", b"e", b"s", b"u", b"\x90", b"Q"


def text(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def integer(value: int) -> bytes:
    """In the smallest form: BININT, else LONG1."""
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def number(value: float) -> bytes:
    return b"G" + struct.pack(">d", value)


def put(index: int) -> bytes:
    return b"r" + struct.pack("<I", index)


def get(index: int) -> bytes:
    return b"j" + struct.pack("<I", index)


def global_(module: str, name: str) -> bytes:
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def tuple_(*items: bytes) -> bytes:
    return MARK + b"".join(items) + TUPLE


def list_(*items: bytes) -> bytes:
    return EMPTY_LIST + MARK + b"".join(items) + APPENDS


def dictionary(**entries: bytes) -> bytes:
    return pairs(*((text(name), value) for name, value in entries.items()))


def pairs(*entries: tuple[bytes, bytes]) -> bytes:
    return EMPTY_DICT + MARK + b"".join(key + value for key, value in entries) + SETITEMS


def call(module: str, name: str, *arguments: bytes) -> bytes:
    return global_(module, name) + tuple_(*arguments) + REDUCE


def integers(values) -> bytes:
    return tuple_(*(integer(value) for value in values))


def persistent(*items: bytes) -> bytes:
    return tuple_(*items) + BINPERSID


def storage(key: str = "0", count: int = 3, kind: str = "FloatStorage", location: str = "cpu", legacy: bool = False) -> bytes:
    """A reference to a storage: zip files have five items, legacy ones a sixth for views."""
    items = [text("storage"), global_("torch", kind), text(key), text(location), integer(count)]
    return persistent(*items, *([NONE] if legacy else []))


NO_HOOKS = call("collections", "OrderedDict")


def tensor(source: bytes | None = None, shape=(1, 1, 3), strides=(3, 3, 1), offset: int = 0) -> bytes:
    """A call of `_rebuild_tensor_v2`; `shape` and `strides` may be bytes of anything else."""
    size, stride = (value if isinstance(value, bytes) else integers(value) for value in (shape, strides))
    return call("torch._utils", "_rebuild_tensor_v2", source or storage(), integer(offset), size, stride, FALSE, NO_HOOKS)


# The smallest network that can be imported: an ECA module, one convolution of three weights.
NAME = "conv.weight"
WEIGHTS = struct.pack("<3f", 0.25, -0.5, 1.0)
STATE_DICT = pairs((text(NAME), tensor()))


def archive(pickle: bytes, storages: dict[str, bytes] | None = None, deflated: bool = False) -> bytes:
    """A well-formed archive as PyTorch writes it, with correct checksums. The pickle needs its own PROTO and STOP."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as file:
        records = {"data.pkl": pickle, "byteorder": b"little", "version": b"3\n"}
        records |= {f"data/{key}": content for key, content in ({"0": WEIGHTS} if storages is None else storages).items()}
        for name, content in records.items():
            entry = zipfile.ZipInfo(f"archive/{name}", (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED if deflated and name == "data.pkl" else zipfile.ZIP_STORED
            entry.create_system = 0
            file.writestr(entry, content, compresslevel=9)
    return output.getvalue()


def checkpoint(value: bytes, storages: dict[str, bytes] | None = None, deflated: bool = False) -> dict[str, bytes]:
    """The files of a case whose pickle holds one value."""
    return {"input.pth": archive(PROTO2 + value + STOP, storages, deflated)}


def raw(pickle: bytes, storages: dict[str, bytes] | None = None, deflated: bool = False) -> dict[str, bytes]:
    """The files of a case whose pickle is given byte by byte."""
    return {"input.pth": archive(pickle, storages, deflated)}

"""Pickles as Python 2 wrote them (protocol 2), which Python 3 cannot write: strings are byte strings, an OrderedDict is
rebuilt from a list of [key, value] lists. Enough of the format for the checkpoints of 2017."""
import collections
import struct


class Global(collections.namedtuple("Global", "module name")):
    """A class or function, by name only."""


class Call(collections.namedtuple("Call", "function arguments")):
    """`function(*arguments)`, run when the pickle is read."""


class Storage(collections.namedtuple("Storage", "kind key location count view")):
    """A persistent id of the legacy format; `view` is None or (key, offset, count)."""


class Writer:
    def __init__(self):
        self.out = bytearray(b"\x80\x02")
        self.memo = {}

    def finish(self) -> bytes:
        return bytes(self.out) + b"."

    def _remember(self, value) -> None:
        index = self.memo[value] = len(self.memo)
        self.out += b"q" + bytes([index]) if index < 256 else b"r" + struct.pack("<I", index)

    def _recall(self, value) -> bool:
        if (index := self.memo.get(value)) is None:
            return False
        self.out += b"h" + bytes([index]) if index < 256 else b"j" + struct.pack("<I", index)
        return True

    def write(self, value) -> "Writer":
        if value is None:
            self.out += b"N"
        elif value is True or value is False:
            self.out += b"\x88" if value else b"\x89"
        elif isinstance(value, (str, Global)):
            if not self._recall(value):
                if isinstance(value, Global):
                    self.out += f"c{value.module}\n{value.name}\n".encode()
                else:
                    self.out += b"U" + bytes([len(value)]) + value.encode()  # SHORT_BINSTRING
                self._remember(value)
        elif isinstance(value, int):
            self._integer(value)
        elif isinstance(value, float):
            self.out += b"G" + struct.pack(">d", value)
        elif isinstance(value, Call):
            self.write(value.function).write(tuple(value.arguments))
            self.out += b"R"
        elif isinstance(value, Storage):
            self.write(("storage", Global("torch", value.kind), value.key, value.location, value.count, value.view))
            self.out += b"Q"
        elif isinstance(value, tuple):
            self._tuple(value)
        elif isinstance(value, list):
            self.out += b"]"
            self._marked(value, b"e")
        elif isinstance(value, collections.OrderedDict):
            self.write(Call(Global("collections", "OrderedDict"), ([[key, item] for key, item in value.items()],)))
        elif isinstance(value, dict):
            self.out += b"}"
            self._marked([part for pair in value.items() for part in pair], b"u")
        else:
            raise TypeError(type(value))
        return self

    def _integer(self, value: int) -> None:
        if 0 <= value < 256:
            self.out += b"K" + bytes([value])
        elif 0 <= value < 65536:
            self.out += b"M" + struct.pack("<H", value)
        elif -(2**31) <= value < 2**31:
            self.out += b"J" + struct.pack("<i", value)
        else:
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            self.out += b"\x8a" + bytes([len(data)]) + data

    def _tuple(self, value: tuple) -> None:
        if not value:
            self.out += b")"
        elif len(value) <= 3:
            for item in value:
                self.write(item)
            self.out += b"\x85\x86\x87"[len(value) - 1:len(value)]
        else:
            self._marked(value, b"t")

    def _marked(self, values, end: bytes) -> None:
        if values or end == b"t":
            self.out += b"("
            for item in values:
                self.write(item)
            self.out += end


def legacy_file(value, storages: dict) -> bytes:
    """A legacy file: five pickles, then each storage as an element count and its bytes. `storages`: key -> array."""
    information = {"type_sizes": {"int": 4, "short": 2, "long": 8}, "protocol_version": 1001, "little_endian": True}
    keys = sorted(storages)
    parts = [0x1950A86A20F9469CFC6C, 1001, information, value, keys]
    data = b"".join(Writer().write(part).finish() for part in parts)
    for key in keys:
        data += struct.pack("<q", storages[key].size) + storages[key].tobytes()
    return data

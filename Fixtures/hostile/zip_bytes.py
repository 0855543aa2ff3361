"""Zip archives written field by field, so that each field can lie (PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5)."""
import dataclasses
import struct
import zlib


@dataclasses.dataclass
class Record:
    """One record; `central` and `local` replace fields of its two headers, `descriptor` follows its data."""
    name: str | bytes
    data: bytes = b""
    method: int = 0
    stored: bytes | None = None
    central: dict = dataclasses.field(default_factory=dict)
    local: dict = dataclasses.field(default_factory=dict)
    descriptor: bytes = b""
    behind: bytes = b""

    def fields(self, offset: int, changes: dict) -> dict:
        stored = self.payload()
        name = self.name.encode() if isinstance(self.name, str) else self.name
        fields = dict(flags=0, method=self.method, crc=zlib.crc32(self.data), stored=len(stored), size=len(self.data), name=name,
                      extra=b"", disk=0, offset=offset, comment=b"", signature=None)
        return fields | changes

    def payload(self) -> bytes:
        if self.stored is not None:
            return self.stored
        return deflate(self.data) if self.method == 8 else self.data

    def write_local(self, offset: int) -> bytes:
        f = self.fields(offset, self.local)
        header = struct.pack("<IHHHIIIIHH", f["signature"] or 0x04034B50, 20, f["flags"], f["method"], 0, f["crc"], f["stored"], f["size"],
                             len(f["name"]), len(f["extra"]))
        return header + f["name"] + f["extra"] + self.payload() + self.descriptor

    def write_central(self, offset: int) -> bytes:
        f = self.fields(offset, self.central)
        header = struct.pack("<IHHHHIIIIHHHHHII", f["signature"] or 0x02014B50, 20, 20, f["flags"], f["method"], 0, f["crc"], f["stored"],
                             f["size"], len(f["name"]), len(f["extra"]), len(f["comment"]), f["disk"], 0, 0, f["offset"])
        return header + f["name"] + f["extra"] + f["comment"]


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def deflated_zeros(count: int) -> bytes:
    """The deflate stream of many zeros, without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(1 << 20)
    parts = [packer.compress(piece[:min(len(piece), count - done)]) for done in range(0, count, len(piece))]
    return b"".join(parts) + packer.flush()


def zeros_crc(count: int) -> int:
    crc, piece = 0, bytes(1 << 20)
    for done in range(0, count, len(piece)):
        crc = zlib.crc32(piece[:min(len(piece), count - done)], crc)
    return crc


def descriptor(crc: int, stored: int, size: int, signature=b"PK\x07\x08") -> bytes:
    return signature + struct.pack("<III", crc, stored, size)


def extra(identifier: int, content: bytes) -> bytes:
    return struct.pack("<HH", identifier, len(content)) + content


def zip64(*values: int) -> bytes:
    return extra(1, struct.pack(f"<{len(values)}Q", *values))


def archive(records: list[Record], end: dict = {}, zip64_end: dict | None = None, locator: dict = {}, before=b"", behind=b"", comment=b"",
            before_directory=b"", shift: int = 0) -> bytes:
    """An archive; `shift` is added to all offsets, `zip64_end` (a dictionary, may be empty) asks for the zip64 records."""
    out, directory = before, b""
    for record in records:
        offset = len(out) + shift
        out += record.write_local(offset) + record.behind
        directory += record.write_central(offset)
    out += before_directory
    where = len(out) + shift
    out += directory
    facts = dict(disk=0, directory_disk=0, entries_here=len(records), entries=len(records), size=len(directory), offset=where)
    if zip64_end is not None:
        f = facts | dict(length=44) | zip64_end
        place = len(out) + shift
        out += struct.pack("<IQHHIIQQQQ", 0x06064B50, f["length"], 45, 45, f["disk"], f["directory_disk"], f["entries_here"], f["entries"],
                           f["size"], f["offset"])
        f = dict(disk=0, offset=place, disks=1) | locator
        out += struct.pack("<IIQI", 0x07064B50, f["disk"], f["offset"], f["disks"])
    f = facts | dict(comment_length=len(comment)) | end
    out += struct.pack("<IHHHHIIH", 0x06054B50, f["disk"], f["directory_disk"], f["entries_here"], f["entries"], f["size"], f["offset"],
                       f["comment_length"])
    return out + comment + behind


FLOATS = struct.pack("<3f", 0.25, 0.5, 0.75)


def state_dict(key: str = "0", count: int = 3) -> bytes:
    """The pickle of `{"conv.weight": tensor of [1, 1, 3]}`, an ECA module, whose elements lie in the storage `key`."""
    def text(value: str) -> bytes:
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
    storage = (b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + b"J" + struct.pack("<i", count) + b"tQ")
    tensor = (b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00K\x01K\x01K\x03\x87K\x03K\x03K\x01\x87\x89ccollections\nOrderedDict\n)RtR")
    return b"\x80\x02}" + text("conv.weight") + tensor + b"s."


def network(**changes: Record | None) -> list[Record]:
    """The records of a whole and harmless PyTorch file; a keyword replaces one or, as None, leaves it out."""
    records = dict(pickle=Record("m/data.pkl", state_dict()), byteorder=Record("m/byteorder", b"little"),
                   storage=Record("m/data/0", FLOATS), version=Record("m/version", b"3\n")) | changes
    return [record for record in records.values() if record is not None]

"""HDF5 files whose structure is damaged with intent: numbers that the library adds, divides by, allocates from and follows.

Places and fields: HDF5 File Format Specification 3.0, the section is named at each group. libhdf5 1.10 has known faults in most of them
(CVE-2018-11202 to -11207, CVE-2019-8396 to -8398, CVE-2021-46243, CVE-2024-29157 and following), which is why a worker runs it."""
import h5py

from case import Case
from hdf5_bytes import FLOAT, KERNEL, LAYER, LAYOUT, SPACE, WEIGHT, changed, keras_file, put_kernel, u16, u32, u64

CLASS = "hdf5"
AGAIN = "fetch or save the file again"
PLAIN = keras_file()
CHUNKED = keras_file(lambda file, layer: layer.create_dataset(WEIGHT, data=KERNEL, chunks=(3, 1, 1), compression=9, shuffle=True, fletcher32=True))
LATEST = keras_file(libver="latest")
TEXTS = keras_file(weights=None, fill=lambda file, layer: (put_kernel(file, layer), layer.attrs.create("weight_names", [WEIGHT], dtype=h5py.string_dtype())))


def case(name: str, why: str, content: bytes, *says: str) -> Case:
    return Case("damage-" + name, why, {"file.h5": content}, list(says) or [AGAIN], varies=True)


def at(place: int, written: bytes, content: bytes = PLAIN) -> bytes:
    return content[:place] + written + content[place + len(written):]


def behind(found: bytes, offset: int, written: bytes, content: bytes = PLAIN, which: int = 0) -> bytes:
    return changed(content, found, written, offset, which)


def address(found: bytes, content: bytes = PLAIN) -> int:
    return content.index(found)


# The weight's layout: contiguous, at the place of its bytes (IV.A.2.i).
PLACE = PLAIN.index(LAYOUT + u64(PLAIN.index(KERNEL.tobytes())))

# The header of the weight's object, version 1 (IV.A.1.a): its first message is the dataspace, behind a prefix of 16 bytes and 8 of the message.
HEADER = address(SPACE) - 24


def messages(content: bytes, header: int) -> list[tuple[int, int, int]]:
    """The type, place and size of each message of an object header of version 1."""
    size = int.from_bytes(content[header + 8:header + 12], "little")
    place, end, found = header + 16, header + 16 + size, []
    while place + 8 <= end:
        kind, length = int.from_bytes(content[place:place + 2], "little"), int.from_bytes(content[place + 2:place + 4], "little")
        found.append((kind, place, length))
        place += 8 + length
    return found


def continued(target: int, length: int) -> bytes:
    """The weight's header with a continuation (IV.A.2.q) in the place of a message that may be missing."""
    kind, place, size = next(m for m in messages(PLAIN, HEADER) if m[0] in (0, 5, 18) and m[2] >= 16)
    return at(place, u16(16) + u16(size) + bytes(4) + u64(target) + u64(length))


SUPERBLOCK = [  # II.A
    case("superblock-version", "The superblock has a version that does not exist.", at(8, b"\x63"), "cannot open the file", AGAIN),
    case("superblock-offset-size", "Addresses have three bytes.", at(13, b"\x03"), "cannot open the file", AGAIN),
    case("superblock-length-size", "Lengths have 255 bytes.", at(14, b"\xff"), "cannot open the file", AGAIN),
    case("superblock-base", "The file begins at byte 2^40 of itself.", at(24, u64(1 << 40)), AGAIN),
    case("superblock-end-beyond", "The file says that it is a petabyte long.", at(40, u64(1 << 50)), "truncated", AGAIN),
    case("superblock-root-beyond", "The root group lies at byte 2^60.", at(64, u64(1 << 60)), AGAIN),
    case("superblock-root-in-superblock", "The root group lies in the superblock.", at(64, u64(0)), AGAIN),
    case("superblock-checksum", "The superblock of version 3 does not have the checksum that it states.", at(20, b"\x01", LATEST), "cannot open the file", AGAIN),
    case("signature-only", "The file has eight bytes, those of the signature.", PLAIN[:8], "cannot open the file", AGAIN),
    case("cut-in-half", "The file ends in the middle.", PLAIN[:len(PLAIN) // 2], "truncated", AGAIN),
    case("user-block", "The file begins behind a block of 512 bytes that may be anything.", b"#!/bin/sh\ntouch /tmp/attnconv-canary\nexit\n".ljust(512, b"#") + PLAIN, "HDF5", "user block"),
]

GROUPS = [  # III.A to III.D
    case("tree-of-itself", "A node of the tree of a group is its own child.", at(address(b"TREE") + 32, u64(address(b"TREE")), behind(b"TREE", 5, b"\x01"))),
    case("tree-level-255", "A tree of groups says that it is 255 levels high.", behind(b"TREE", 5, b"\xff")),
    case("tree-entries", "A node says that it has 65535 children.", behind(b"TREE", 6, u16(65535))),
    case("tree-child-beyond", "A child of a group's tree lies at byte 2^60.", behind(b"TREE", 32, u64(1 << 60))),
    case("symbols-count", "A table of links says that it has 65535 of them.", behind(b"SNOD", 6, u16(65535))),
    case("symbols-name-beyond", "The name of a link lies at byte 2^40 of its heap.", behind(b"SNOD", 8, u64(1 << 40))),
    case("symbols-object-in-superblock", "A link leads into the superblock.", behind(b"SNOD", 16, u64(8))),
    case("heap-beyond", "The names of a group lie at byte 2^60.", behind(b"HEAP", 24, u64(1 << 60))),
    case("heap-size", "The names of a group have 2^60 bytes.", behind(b"HEAP", 8, u64(1 << 60))),
    case("heap-free-list-loop", "The list of free places of a heap leads back to itself.", behind(b"HEAP", 16, u64(0))),
]

HEADERS = [  # IV.A
    case("header-version", "An object's header has a version that does not exist.", at(HEADER, b"\x63")),
    case("header-size", "An object's header says that it has 4 GiB.", at(HEADER + 8, u32(0xFFFFFFF0))),
    case("header-continued-in-itself", "An object's header continues in its own continuation, so that reading it never ends.",
         continued(next(m for m in messages(PLAIN, HEADER) if m[0] == 0)[1], 24)),
    case("header-continued-beyond", "An object's header continues at byte 2^60.", continued(1 << 60, 64)),
    case("header-continuation-huge", "The continuation of an object's header has 2^60 bytes.", continued(HEADER, 1 << 60)),
    case("header-message-size", "A message says that it is longer than its header.", at(HEADER + 18, u16(65528))),
    case("header-checksum", "An object's header of version 2 does not have the checksum that it states.", behind(b"OHDR", 12, b"\xff", LATEST)),
    case("space-version", "A dataspace has a version that does not exist.", behind(SPACE, 0, b"\x63")),
    case("space-rank-255", "A dataspace has 255 dimensions and room for three.", behind(SPACE, 1, b"\xff")),
    case("space-huge", "A weight of twelve bytes has 2^60 rows.", behind(SPACE, 8, u64(1 << 60)), WEIGHT, "1152921504606846976"),
    case("space-other-than-layout", "A weight has four rows, and three are stored.", behind(SPACE, 8, u64(4), behind(SPACE, 32, u64(4))), WEIGHT),
    case("type-class-15", "A datatype has a class that does not exist.", behind(FLOAT, 0, b"\x1f")),
    case("type-version-15", "A datatype has a version that does not exist.", behind(FLOAT, 0, b"\xf1")),
    case("type-size-zero", "A number has no bytes.", behind(FLOAT, 4, u32(0)), WEIGHT, "floating-point numbers"),
    case("type-size-huge", "A number has 4 GiB.", behind(FLOAT, 4, u32(0xFFFFFFFF)), WEIGHT, "floating-point numbers"),
    case("type-exponent-outside", "The exponent of a number has 200 bits from bit 250 on.", behind(FLOAT, 12, b"\xfa\xc8"), WEIGHT, "floating-point numbers"),
    case("layout-version", "A layout has a version that does not exist.", at(PLACE, b"\x63")),
    case("layout-class", "A layout has a class that does not exist.", at(PLACE + 1, b"\x07")),
    case("layout-beyond", "The weights lie at byte 2^40.", at(PLACE + 2, u64(1 << 40)), WEIGHT),
    case("layout-overflow", "The weights lie twelve bytes before byte 2^64, so that their end is byte 0.", at(PLACE + 2, u64(2**64 - 12)), WEIGHT),
    case("layout-size", "Twelve bytes of weights say that they are 2^60.", at(PLACE + 10, u64(1 << 60)), WEIGHT),
]

CHUNK = CHUNKED.index(b"\x03\x02\x04")  # a layout of version 3, in chunks, with three dimensions and the element (IV.A.2.i)
TREE = CHUNKED.index(b"TREE\x01")  # the tree of chunks (III.A.1)
CHUNKS = [
    case("chunk-of-no-rows", "A chunk has no rows, which is divided by.", at(CHUNK + 11, u32(0), CHUNKED)),
    case("chunk-of-no-bytes", "An element of a chunk has no bytes, which is divided by (CVE-2018-11207).", at(CHUNK + 23, u32(0), CHUNKED)),
    case("chunk-huge", "A chunk has 2^32 - 1 rows.", at(CHUNK + 11, u32(0xFFFFFFFF), CHUNKED)),
    case("chunk-rank", "Chunks have 200 dimensions.", at(CHUNK + 2, b"\xc8", CHUNKED)),
    case("chunk-tree-beyond", "The tree of chunks lies at byte 2^60.", at(CHUNK + 3, u64(1 << 60), CHUNKED)),
    case("chunk-tree-of-itself", "The tree of chunks is its own child.", at(TREE + 5, b"\x01", at(TREE + 64, u64(TREE), CHUNKED))),
    case("chunk-tree-entries", "A node of the tree of chunks says that it has 65535 children.", at(TREE + 6, u16(65535), CHUNKED)),
    case("chunk-stored-size-huge", "A chunk of twelve bytes says that 2^32 - 1 are stored.", at(TREE + 24, u32(0xFFFFFFFF), CHUNKED)),
    case("chunk-beyond", "A chunk lies at byte 2^60.", at(TREE + 64, u64(1 << 60), CHUNKED)),
    case("chunk-bytes-changed", "A byte of a packed chunk was changed.", at(int.from_bytes(CHUNKED[TREE + 64:TREE + 72], "little") + 3, b"\x5a\xa5\x5a", CHUNKED)),
    case("filters-255", "A weight is packed by 255 filters.", at(CHUNKED.index(b"\x02\0\x08\0\x01\0\x01\0shuffle\0") - 7, b"\xff", CHUNKED)),
    case("filter-name-length", "The name of a filter is longer than its message.", at(CHUNKED.index(b"deflate\0") - 6, u16(65528), CHUNKED)),
]

ATTRIBUTES = [  # IV.A.2.m, III.E
    case("attribute-version", "An attribute has a version that does not exist.", behind(b"weight_names\0", -8, b"\x63")),
    case("attribute-name-length", "The name of an attribute is longer than its message.", behind(b"weight_names\0", -6, u16(65535))),
    case("attribute-type-length", "The type of an attribute is longer than its message.", behind(b"weight_names\0", -4, u16(65535))),
    case("attribute-without-name", "The name of an attribute has no end.", behind(b"weight_names\0", 12, b"xxxx")),
    case("text-heap-beyond", "A text lies in a heap at byte 2^60.", behind(u32(len(WEIGHT)), 4, u64(1 << 60), TEXTS)),
    case("text-longer-than-heap", "A text has 2^32 - 1 bytes.", behind(u32(len(WEIGHT)), 0, u32(0xFFFFFFFF), TEXTS)),
    case("text-object-absent", "A text is the object 60000 of a heap that has one.", behind(u32(len(WEIGHT)), 12, u32(60000), TEXTS)),
    case("text-heap-size", "A heap of texts has 2^60 bytes.", behind(b"GCOL", 8, u64(1 << 60), TEXTS)),
    case("text-heap-object-size", "An object of a heap of texts has 2^60 bytes.", behind(b"GCOL", 24, u64(1 << 60), TEXTS)),
]

CASES = SUPERBLOCK + GROUPS + HEADERS + CHUNKS + ATTRIBUTES

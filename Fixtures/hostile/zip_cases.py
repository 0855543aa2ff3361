"""Zip archives that readers could see in two ways, that expand, or whose records are not what they claim.

Each case changes one thing of an archive that imports. The structure of the archive is attacked here, what lies in its records in
`zip_record_cases.py`."""
import struct

from case import Case
from zip_bytes import FLOATS, Record, archive, deflated_zeros, descriptor, extra, network, state_dict, zip64

HUGE = 2**64 - 1
# Begins like a record, so that the file is taken for an archive.
SCRIPT = b"PK\x03\x04 () { :; }; touch /tmp/attnconv-canary\n"
OTHER = struct.pack("<3f", 9, 9, 9)


def case(name: str, why: str, content: bytes, *says: str, **options) -> Case:
    return Case(name, why, {"file.pth": content}, says=list(says), **options)


def quoted_overlap() -> bytes:
    """Each deflated record but the last quotes the header of the next one as a stored block and so expands into all that follow
    (David Fifield, "A better zip bomb", WOOT 2019)."""
    stream, data, records = deflated_zeros(1 << 20), bytes(1 << 20), []
    for number in range(8, 0, -1):
        record = Record(f"m/data/{number}", data, method=8, stored=stream)
        records.insert(0, record)
        header = record.write_local(0)[:-len(stream)]
        # A stored block that is not the last one, with the header; the stream of the record itself goes on behind it.
        stream = struct.pack("<BHH", 0, len(header), len(header) ^ 0xFFFF) + header + stream
        data = header + data
    body = b"".join(record.write_local(0) for record in network())
    directory = b"".join(record.write_central(offset) for record, offset in zip(network(), front_offsets(body)))
    first = records[0].write_local(0)
    for record in records:
        directory += record.write_central(len(body) + first.index(record.write_local(0)[:30 + len(record.name)]))
    count, body = 4 + len(records), body + first
    return body + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), len(body), 0)


def front_offsets(front: bytes) -> list[int]:
    offsets, place = [], 0
    for record in network():
        offsets.append(place)
        place += len(record.write_local(place))
    assert place == len(front)
    return offsets


def second_directory() -> bytes:
    """An archive whose comment holds another directory with an end record of its own; both list the same records."""
    good = archive(network())
    directory = b"".join(r.write_central(offset) for r, offset in zip(network(), front_offsets(good[:good.index(b"PK\x01\x02")])))
    comment = directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 4, 4, len(directory), len(good), 0)
    return good[:-2] + struct.pack("<H", len(comment)) + comment


def nested() -> bytes:
    """An archive in a stored record, whose own records the outer directory lists too."""
    inner, outer = archive(network()), Record("m/outer", archive(network()))
    start = len(outer.write_local(0)) - len(inner)
    body = outer.write_local(0)
    directory = outer.write_central(0)
    place = start
    for record in network():
        directory += record.write_central(place)
        place += len(record.write_local(0))
    return body + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 5, 5, len(directory), len(body), 0)


def shared_header() -> bytes:
    """A hundred records whose directory entries all point to the first one's local header."""
    first = Record("m/data/1", bytes(1 << 20), method=8)
    offset = sum(len(record.write_local(0)) for record in network())
    bomb = network() + [first]
    body = b"".join(record.write_local(0) for record in bomb)
    places, directory = 0, b""
    for record in bomb:
        directory += record.write_central(places)
        places += len(record.write_local(0))
    for number in range(2, 102):
        directory += Record(f"m/data/{number}", first.data, method=8, stored=first.payload()).write_central(offset)
    count = len(bomb) + 100
    return body + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), len(body), 0)


def cut_directory() -> bytes:
    content = bytearray(archive(network()))
    struct.pack_into("<H", content, content.rindex(b"PK\x01\x02") + 28, 500)
    return bytes(content)


def zip64_to_itself() -> bytes:
    content = bytearray(archive(network(), zip64_end={}))
    place = content.rindex(b"PK\x06\x07")
    struct.pack_into("<Q", content, place + 8, place)
    return bytes(content)


LAYOUT = [
    case("duplicate-pickle", "Two records are called data.pkl: PyTorch takes the first, Python's zipfile and many scanners the last.",
         archive(network() + [Record("m/data.pkl", state_dict("1"))]), "m/data.pkl twice", "readers differ"),
    case("duplicate-storage", "Two records of weights have one name, so a reviewer and the loader may see different weights.",
         archive(network() + [Record("m/data/0", OTHER)]), "m/data/0 twice"),
    case("local-name-differs", "The header before the data calls the record by another name than the directory.",
         archive(network(storage=Record("m/data/0", FLOATS, local={"name": b"m/data/9"}))), "m/data/9", "m/data/0", "central directory"),
    case("local-checksum-differs", "The header before the data states another CRC-32 than the directory.",
         archive(network(storage=Record("m/data/0", FLOATS, local={"crc": 1}))), "m/data/0", "disagree", "checksum"),
    case("local-size-differs", "The header before the data states fewer bytes than the directory.",
         archive(network(storage=Record("m/data/0", FLOATS, local={"stored": 8, "size": 8}))), "m/data/0", "disagree", "size"),
    case("local-method-differs", "The header before the data says deflated, the directory says stored.",
         archive(network(storage=Record("m/data/0", FLOATS, local={"method": 8}))), "m/data/0", "different compression methods"),
    case("local-header-absent", "The directory points to bytes that are no local header.",
         archive(network(storage=Record("m/data/0", FLOATS, local={"signature": 0x08074B50}))), "no local header of m/data/0"),
    case("descriptor-differs", "The descriptor behind the data, which readers of streams believe, states another size and CRC-32.",
         archive(network(storage=Record("m/data/0", FLOATS, central={"flags": 8}, local={"flags": 8, "crc": 0, "stored": 0, "size": 0},
                                        descriptor=descriptor(7, 8, 8)))), "m/data/0", "descriptor"),
    case("name-field-differs", "A Unicode path field gives the record another name for the readers that know this field.",
         archive(network(version=Record("m/version", b"3\n", central={"extra": extra(0x7075, struct.pack("<BI", 1, 0x99C8F2DA) + b"m/data.pkl")}))),
         "m/version", "second name", "m/data.pkl"),
    case("hidden-record", "Between two records lies a third, a pickle, which only readers of streams see.",
         archive(network(byteorder=Record("m/byteorder", b"little", behind=Record("m/data.pkl", state_dict("1")).write_local(0)))),
         "m/byteorder", "belong to no record"),
    case("bytes-before-directory", "Between the last record and the directory lie bytes that no record owns.",
         archive(network(), before_directory=b"#!/bin/sh\ntouch /tmp/attnconv-canary\n"), "belong to no record"),
    case("bytes-before-archive", "A shell script stands before the archive, so the file is both.",
         archive(network(), before=SCRIPT, shift=-len(SCRIPT)), "before"),
    case("bytes-before-archive-counted", "Bytes stand before the first record, and the directory counts them.",
         archive(network(), before=SCRIPT), "before the first record"),
    case("bytes-behind-archive", "Bytes follow the end record, where no reader of the directory looks.",
         archive(network(), behind=b"#!/bin/sh\ntouch /tmp/attnconv-canary\n"), "follow the end of the zip archive"),
    case("comment-with-directory", "The comment holds another directory and end record; which one counts depends on the reader.",
         second_directory(), "belong to no record"),
    case("two-end-records", "A second, empty end record follows the first: the archive has four records or none.",
         archive(network()) + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0, 0, 0, 0, 0), "bytes of central directory"),
    case("comment-cut", "The end record announces a comment of which nothing is there.",
         archive(network(), end={"comment_length": 60000}), "before the central directory at the end"),
    case("overlap-nested", "A record lies inside of another one's bytes: a whole archive in a stored record, listed by both.",
         nested(), "overlap"),
    case("overlap-quoted", "Deflated records quote the headers of those that follow, so that one stream counts for all: Fifield's bomb.",
         quoted_overlap(), "overlap"),
    case("overlap-same-header", "A hundred records share one local header and one deflate stream.",
         shared_header(), "m/data/2", "local header says"),
    case("record-into-directory", "The last record claims so many bytes that the directory is part of it.",
         archive(network(version=Record("m/version", b"3\n", central={"stored": 60, "size": 60}, local={"stored": 60, "size": 60}))),
         "m/version", "central directory"),
    case("record-past-end", "A record claims more bytes than the file has.",
         archive(network(storage=Record("m/data/0", FLOATS, central={"stored": 1 << 30, "size": 1 << 30}, local={"stored": 1 << 30, "size": 1 << 30}))),
         "m/data/0", "past the end of the file"),
    case("offset-past-end", "The directory places a record behind the end of the file.",
         archive(network(storage=Record("m/data/0", FLOATS, central={"offset": 0xFFFFFFF0}))), "m/data/0", "4294967280"),
    case("directory-past-end", "The end record places the directory behind the end of the file.",
         archive(network(), end={"offset": 0xFFFFFFF0}), "4294967280"),
    case("more-records-than-declared", "The end record counts three records, the directory lists four.",
         archive(network(), end={"entries": 3, "entries_here": 3}), "left after its 3 records"),
    case("fewer-records-than-declared", "The end record counts 60000 records, the directory lists four.",
         archive(network(), end={"entries": 60000, "entries_here": 60000}), "after 4 of the 60000 records"),
    case("multi-disk", "The archive says that it is the third of several files.",
         archive(network(), end={"disk": 2, "directory_disk": 2}), "split over several files"),
    case("record-on-other-disk", "One record says that it lies in another file of a split archive.",
         archive(network(storage=Record("m/data/0", FLOATS, central={"disk": 3}))), "m/data/0", "split archive"),
    case("directory-header-cut", "The last header of the directory announces a name longer than the directory.",
         cut_directory(), "central directory"),
]

ZIP64 = [
    case("zip64-count-huge", "The zip64 record counts 2^62 records, which must not become an allocation.",
         archive(network(), zip64_end={"entries": 1 << 62, "entries_here": 1 << 62}, end={"entries": 0xFFFF, "entries_here": 0xFFFF}),
         "4611686018427387904 records"),
    case("zip64-directory-huge", "The zip64 record claims a directory of 2^64 - 1 bytes; offset and size overflow.",
         archive(network(), zip64_end={"size": HUGE}, end={"size": 0xFFFFFFFF}), "18446744073709551615"),
    case("zip64-offset-huge", "The zip64 record places the directory at byte 2^64 - 1.",
         archive(network(), zip64_end={"offset": HUGE}, end={"offset": 0xFFFFFFFF}), "18446744073709551615"),
    case("zip64-records-disagree", "The two end records place the directory differently.",
         archive(network(), zip64_end={"offset": 0}), "end records", "disagree"),
    case("zip64-locator-huge", "The locator points to byte 2^64 - 1.", archive(network(), zip64_end={}, locator={"offset": HUGE}),
         "18446744073709551615", "before its locator"),
    case("zip64-locator-on-record", "The locator points into the first record, whose bytes are the attacker's.",
         archive(network(), zip64_end={}, locator={"offset": 40}), "no zip64 end record at byte 40"),
    case("zip64-locator-on-itself", "The locator points to itself.", zip64_to_itself(), "zip64 end record"),
    case("zip64-other-disks", "The locator says that the archive has 2^31 parts.",
         archive(network(), zip64_end={}, locator={"disks": 1 << 31}), "split over several files"),
    case("zip64-length-lies", "The zip64 record says that it is 2^60 bytes long.", archive(network(), zip64_end={"length": 1 << 60}),
         "zip64 end record"),
    case("zip64-size-huge", "A zip64 field gives a stored record 2^63 bytes.",
         archive(network(storage=Record("m/data/0", FLOATS, central={"stored": 0xFFFFFFFF, "size": 0xFFFFFFFF, "extra": zip64(1 << 63, 1 << 63)}))),
         "m/data/0"),
    case("zip64-offset-of-record-huge", "A zip64 field places a record at byte 2^64 - 1.",
         archive(network(storage=Record("m/data/0", FLOATS, central={"offset": 0xFFFFFFFF, "extra": zip64(HUGE)}))), "m/data/0", "18446744073709551615"),
    case("zip64-field-cut", "The zip64 field that should hold two sizes holds three bytes.",
         archive(network(storage=Record("m/data/0", FLOATS, central={"stored": 0xFFFFFFFF, "size": 0xFFFFFFFF, "extra": extra(1, b"abc")}))),
         "zip64 field of", "m/data/0", "incomplete"),
    case("zip64-local-differs", "The zip64 field of the local header states other sizes than the directory.",
         archive(network(storage=Record("m/data/0", FLOATS, local={"stored": 0xFFFFFFFF, "size": 0xFFFFFFFF, "extra": zip64(1 << 40, 1 << 40)}))),
         "m/data/0", "disagree"),
]

CASES = LAYOUT + ZIP64

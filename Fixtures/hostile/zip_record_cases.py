"""Records of a zip archive: how they are packed, what they are called, and which of them a PyTorch file has."""
from case import Case
from zip_bytes import FLOATS, Record, archive, deflate, deflated_zeros, network, state_dict, zeros_crc

CLASS = "zip"


def case(name: str, why: str, content, *says: str, **options) -> Case:
    return Case(name, why, {"file.pth": content}, says=list(says), **options)


def flagged(name: str, why: str, flags: int, *says: str) -> Case:
    return case(name, why, archive(network(storage=Record("m/data/0", FLOATS, central={"flags": flags}, local={"flags": flags}))), "m/data/0", *says)


def packed(method: int) -> bytes:
    return archive(network(storage=Record("m/data/0", FLOATS, central={"method": method}, local={"method": method})))


def storage(stored: bytes, data: bytes = FLOATS, **fields) -> bytes:
    """The network with a deflated storage, whose stream and fields may not fit."""
    return archive(network(storage=Record("m/data/0", data, method=8, stored=stored, central=fields, local=fields)))


def named(name: str | bytes) -> bytes:
    return archive(network() + [Record(name, b"x")])


def bomb(path):
    """Two gigabytes of zeros in two megabytes, as a record that no tensor uses."""
    size = 1 << 31
    fields = {"crc": zeros_crc(size), "size": size}
    path.write_bytes(archive(network() + [Record("m/data/1", b"", method=8, stored=deflated_zeros(size), central=fields, local=fields)]))


def pickle_of_marks(path):
    """A pickle as long as one may be, of nothing but marks that are taken away again."""
    data = b"\x80\x02" + b"(0" * ((1 << 26) - 2) + b"N."
    path.write_bytes(archive(network(pickle=Record("m/data.pkl", data, method=8))))


def pickle_bomb(path):
    """A pickle of 128 MiB and more, in 130 KB."""
    size = (1 << 27) + 1
    fields = {"crc": zeros_crc(size), "size": size}
    path.write_bytes(archive(network(pickle=Record("m/data.pkl", b"", method=8, stored=deflated_zeros(size), central=fields, local=fields))))


STREAM = deflate(FLOATS)

PACKING = [
    flagged("encrypted", "A record is encrypted as PKZIP 2 does; read as it is, it would be noise.", 1, "encrypted", "decrypt"),
    flagged("encrypted-strongly", "A record is encrypted strongly.", 1 | 1 << 6, "encrypted"),
    flagged("encrypted-directory", "The flags say that the directory is encrypted and local headers are masked.", 1 << 13, "encrypted"),
    flagged("patched-data", "The flags say that the record is a patch for other data.", 1 << 5, "patched"),
    case("encrypted-in-local-header-only", "Only the header before the data says that the record is encrypted; PyTorch reads it as plain.",
         archive(network(storage=Record("m/data/0", FLOATS, local={"flags": 1}))), "m/data/0", "encrypted"),
    case("method-aes", "The record is encrypted by WinZip's AES, which hides behind method 99.", packed(99), "m/data/0", "method 99"),
    case("method-bzip2", "The record claims to be packed with bzip2.", packed(12), "m/data/0", "method 12"),
    case("method-lzma", "The record claims to be packed with LZMA.", packed(14), "m/data/0", "method 14"),
    case("method-zstandard", "The record claims to be packed with Zstandard.", packed(93), "m/data/0", "method 93"),
    case("stored-size-differs", "A stored record claims more bytes than are stored.",
         archive(network(storage=Record("m/data/0", FLOATS, central={"size": 1 << 20}, local={"size": 1 << 20}))),
         "m/data/0", "stored without compression", "12 bytes for 1048576"),
    case("deflate-ends-early", "The deflate stream gives fewer bytes than the directory declares.", storage(deflate(FLOATS[:8])), "m/data/0", "inflates to 8 bytes"),
    case("deflate-goes-on", "The deflate stream gives more bytes than the directory declares.", storage(deflate(FLOATS * 9)), "m/data/0", "does not inflate to the 12 bytes"),
    case("deflate-cut", "The deflate stream stops in the middle.", storage(STREAM[:-3]), "m/data/0", "does not inflate to the 12 bytes"),
    case("deflate-trailing-bytes", "Bytes follow the end of the deflate stream inside of the record.", storage(STREAM + b"hidden"), "m/data/0"),
    case("deflate-damaged", "The record says deflated and holds no deflate stream.", storage(b"\xff" * 12), "m/data/0", "deflate"),
    case("deflate-far-distance", "The deflate stream copies bytes from before its beginning.",
         storage(bytes([0x4B, 0x04, 0x12, 0x00])), "m/data/0", "deflate"),
    case("bomb-beyond-deflate", "A hundred bytes claim to inflate to a terabyte, more than deflate can.",
         storage(bytes(100), size=0xFFFFFFFF), "m/data/0", "deflated bytes can hold"),
    case("bomb-in-small-record", "The record byteorder inflates to 16 MB.",
         archive(network(byteorder=Record("m/byteorder", bytes(1 << 24), method=8))), "m/byteorder", "16777216 bytes"),
    case("bomb-unused-record", "A record that no tensor uses inflates to two gigabytes; its checksum is right.", bomb, "m/data/1", "2147483648", "inflate", large=True),
    case("bomb-pickle", "The pickle inflates to more than a pickle may have.", pickle_bomb, "m/data.pkl", "134217729 bytes", large=True),
    case("bomb-pickle-of-marks", "The pickle inflates to as many operations as a pickle may have, and they do nothing.", pickle_of_marks,
         "the file holds no tensors", large=True),
    case("checksum-of-used-record", "A weight was changed and the CRC-32 was not.",
         archive(network(storage=Record("m/data/0", FLOATS, central={"crc": 1}, local={"crc": 1}))), "m/data/0", "CRC-32", "--ignore-crc"),
    case("checksum-of-unused-record", "A record that no tensor uses was changed.",
         archive(network() + [Record("m/data/7", b"unused", central={"crc": 1}, local={"crc": 1})]), "m/data/7", "CRC-32"),
    case("checksum-of-pickle", "The pickle was changed and its CRC-32 was not.",
         archive(network(pickle=Record("m/data.pkl", state_dict(), central={"crc": 1}, local={"crc": 1}))), "m/data.pkl", "CRC-32"),
]

NAMES = [
    case("name-parent", "A record would be unpacked above the target directory.", named("m/../../.bashrc"), "../../.bashrc", "relative path"),
    case("name-absolute", "A record has an absolute path.", named("/etc/cron.d/x"), "/etc/cron.d/x", "relative path"),
    case("name-drive", "A record has a path with a drive of Windows.", named("C:\\Windows\\x"), "Windows", "relative path"),
    case("name-backslash", "A record climbs with backslashes, which are separators on Windows only.", named("m\\..\\..\\x"), "relative path"),
    case("name-nul", "A name ends for C programs before it ends for others.", named(b"m/data.pkl\0.txt"), "relative path"),
    case("name-not-utf8", "A name is no UTF-8, so readers decode it differently.", named(b"m/data/\xff\xfe"), "m/data/"),
    case("name-empty", "A record has no name.", named(b""), "relative path"),
    case("name-terminal-escape", "A name clears the terminal and forges a success message; shown raw it would be believed.",
         archive(network() + [Record("m/\x1b[2J\x1b[1;1Hwrote network.safetensors", b"x", method=12)]), "\\u{1B}[2J", "method 12"),
    case("name-turned-around", "A name shows in reverse where the terminal obeys direction marks.",
         archive(network() + [Record("m/\u202egnp.exe", b"x", method=12)]), "\\u{202E}", "method 12"),
    case("name-workflow-command", "A name is a command of GitHub Actions, if it comes to stand at the beginning of a line.",
         archive(network() + [Record("m/\n::stop-commands::x\n", b"x", method=12)]), "method 12"),
    case("name-in-other-case", "The weights have a name in another case, which file systems differ about.",
         archive(network(storage=Record("m/DATA/0", FLOATS))), "no record m/data/0"),
    case("directory-as-storage", "A directory stands where the pickle expects weights.",
         archive(network(storage=Record("m/data/0/", b""))), "no record m/data/0"),
    case("directory-with-bytes", "A record that is a directory by its name holds bytes.",
         archive(network() + [Record("m/code/", b"payload")]), "m/code/", "directory"),
    case("name-too-long", "A name has 65535 bytes, the most that its length field can say, and climbs.", named("../" * 21845), "relative path",
         large=True),
]

ROLES = [
    case("pickle-missing", "The archive holds weights and no pickle that names them.", archive(network(pickle=None)), "without data.pkl"),
    case("pickle-at-top", "data.pkl stands outside of a directory, where PyTorch does not look.",
         archive([Record("data.pkl", state_dict()), Record("data/0", FLOATS)]), "data.pkl", "in one directory"),
    case("pickle-too-deep", "data.pkl stands two directories deep.",
         archive([Record("a/m/data.pkl", state_dict()), Record("a/m/data/0", FLOATS)]), "a/m/data.pkl", "in one directory"),
    case("pickle-inside-pickle-directory", "A second checkpoint hides below the first one.",
         archive(network() + [Record("m/inner/data.pkl", state_dict())]), "2 pickles", "m/inner/data.pkl"),
    case("two-roots", "Two whole checkpoints lie in one archive.",
         archive(network() + [Record("n/data.pkl", state_dict()), Record("n/data/0", FLOATS)]), "2 pickles", "n/data.pkl"),
    case("pickle-cut", "The record data.pkl is whole, the pickle in it is not.",
         archive(network(pickle=Record("m/data.pkl", state_dict()[:60]))), "m/data.pkl"),
    case("pickle-trailing-bytes", "Bytes follow the pickle in its record; a second pickle may hide there.",
         archive(network(pickle=Record("m/data.pkl", state_dict() + b"\x80\x02cos\nsystem\n."))), "m/data.pkl", "nothing may follow"),
    case("storage-missing", "The pickle refers to weights that the archive lacks.", archive(network(storage=None)), "no record m/data/0"),
    case("storage-short", "The storage holds two numbers, the pickle says three.", archive(network(storage=Record("m/data/0", FLOATS[:8]))),
         "m/data/0", "8 bytes", "12 bytes"),
    case("storage-key-climbs", "The pickle names its weights by a path that climbs out of the archive to a file of the machine.",
         archive(network(pickle=Record("m/data.pkl", state_dict("../../../../etc/hostname")))), "no record", "etc/hostname"),
    case("storage-key-is-pickle", "The pickle names itself as its weights.",
         archive(network(pickle=Record("m/data.pkl", state_dict("../data.pkl")))), "no record"),
    case("byteorder-unknown", "The record byteorder names an order that no machine of PyTorch has.",
         archive(network(byteorder=Record("m/byteorder", b"middle"))), "m/byteorder", "\"middle\"", "little or big"),
    case("version-unknown", "The record version is no number, so PyTorch would not load the file.",
         archive(network(version=Record("m/version", b"banana\n"))), "m/version", "banana"),
    case("version-huge", "The record version has a megabyte of digits.",
         archive(network(version=Record("m/version", b"9" * (1 << 20), method=8))), "m/version", "1048576 bytes"),
    case("truncated", "The file ends before its directory, as after a broken download.", archive(network())[:300], "stops at byte 300", "download"),
    case("empty-archive", "The archive has an end record and nothing else.", archive([]), "empty zip archive"),
]

CASES = PACKING + NAMES + ROLES

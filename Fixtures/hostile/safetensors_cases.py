"""Safetensors files whose header breaks one rule of the format, each beside a tensor that would be an ECA module.

Rules: huggingface/safetensors, `README.md` ("Format") and `docs/safetensors.schema.json`; attacks: its `attacks/README.md`, and what its
readers differ about."""
import struct

from case import Case

DATA = struct.pack("<3f", 0.25, 0.5, 0.75)
ENTRY = '{"dtype":"F32","shape":[1,1,3],"data_offsets":[0,12]}'


def file(header: str | bytes, data: bytes = DATA, length: int | None = None) -> bytes:
    header = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(dtype='"F32"', shape="[1,1,3]", offsets="[0,12]", more="") -> str:
    return f'{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}{more}}}'


def tensor(**fields: str) -> str:
    return f'{{"conv.weight":{entry(**fields)}}}'


def case(name: str, why: str, content, *says: str, **options) -> Case:
    return Case(name, why, {"file.safetensors": content}, says=list(says), **options)


def with_header(name: str, why: str, header: str | bytes, *says: str, data: bytes = DATA) -> Case:
    return case(name, why, file(header, data), *says)


def long_header(path):
    """A header of one byte more than is allowed; the file is sparse."""
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", 100_000_001) + b'{"')
        out.truncate(8 + 100_000_001)


def many_tensors(path):
    """Half a million tensors without elements that all claim the same place."""
    rows = ",".join(f'"{number:x}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' for number in range(500_000))
    path.write_bytes(file("{" + rows + "}", bytes(4)))


FRAME = [
    case("length-zero", "The header has no bytes.", file("", length=0), "no supported container"),
    case("length-beyond-file", "The header claims more bytes than the file has.", file(tensor(), length=4096), "claims 4096 bytes", "fetch the file again"),
    case("length-one-hundred-megabytes", "The header claims more than the 100 MB that the format allows; a loader would allocate them.",
         file(tensor(), length=100_000_001), "100000001 bytes", "at most 100000000"),
    case("length-huge", "The header claims 2^64 - 1 bytes, which overflows where eight are added.", file(tensor(), length=2**64 - 1), "18446744073709551615", "at most 100000000"),
    case("length-real-one-hundred-megabytes", "The file has a header of 100,000,001 bytes indeed.", long_header, "100000001 bytes", "at most 100000000", large=True),
    case("length-cuts-header", "The length ends the header before its last brace; the rest would become data.",
         file(tensor(), length=len(tensor()) - 1), "not valid JSON"),
    case("cut-in-length", "The file ends inside of its first number.", b"\x10\0\0\0{", "no supported container"),
    with_header("not-json", "The header is no JSON.", "{conv.weight: F32}", "not valid JSON"),
    with_header("array", "The header is an array.", "[" + ENTRY + "]", "does not begin with '{'"),
    with_header("leading-space", "Space stands before the header; the reference implementation takes it, the format forbids it.", " " + tensor(), "does not begin with '{'"),
    with_header("byte-order-mark", "A byte order mark stands before the header.", b"\xef\xbb\xbf" + tensor().encode(), "does not begin with '{'"),
    with_header("trailing-line-break", "Padding other than spaces follows the header.", tensor() + "\n", "other than '}' and spaces"),
    with_header("trailing-nul", "NUL bytes pad the header, behind which C programs see nothing.", tensor() + "\0\0", "other than '}' and spaces"),
    with_header("two-objects", "A second object follows; readers of streams of JSON take it or not.", tensor() + tensor(), "more text after the end"),
    with_header("not-utf8", "A name is no UTF-8.", b'{"conv.\xff":' + ENTRY.encode() + b"}", "not valid UTF-8"),
    with_header("overlong-utf8", "A name hides a slash in an overlong form of UTF-8.", b'{"conv\xc0\xaf":' + ENTRY.encode() + b"}", "not valid UTF-8"),
    with_header("lone-surrogate", "A name has half of a character as an escape.", '{"\\ud800":' + ENTRY + "}", "lone surrogate"),
    with_header("control-character-raw", "A name has a raw line break.", '{"conv\n.weight":' + ENTRY + "}", "control character"),
    with_header("deep-nesting", "Arrays are nested ten thousand deep, which overflows the stack of a recursive parser.",
                '{"conv.weight":' + "[" * 10_000 + "]" * 10_000 + "}", "nested deeper than 64"),
    with_header("number-leading-zero", "An offset has a leading zero, which some parsers read as octal.", tensor(offsets="[0,012]"), "leading zeros"),
    with_header("number-not-a-number", "A dimension is NaN, which some JSON parsers take.", tensor(shape="[NaN]"), "expected a value"),
    with_header("number-of-thousand-digits", "A dimension has a thousand digits.", tensor(shape="[" + "9" * 1000 + "]"), "does not fit 64 bits"),
    with_header("comment", "The header has a comment, which some JSON parsers take.", "{/*x*/" + tensor()[1:], "name of a member"),
    with_header("trailing-comma", "A comma too many, which some JSON parsers take.", tensor()[:-1] + ",}", "name of a member"),
    with_header("single-quotes", "Names stand in single quotes, which some JSON parsers take.", tensor().replace('"', "'"), "in quotes"),
]

NAMES = [
    with_header("tensor-twice", "Two entries have one name: the reference implementation takes the last, others the first.",
                '{"conv.weight":' + ENTRY + ',"conv.weight":' + ENTRY + "}", "conv.weight", "occurs twice"),
    with_header("tensor-twice-escaped", "Two entries have one name once escapes are read.",
                '{"conv.weight":' + ENTRY + ',"\\u0063onv.weight":' + ENTRY + "}", "conv.weight", "occurs twice"),
    with_header("field-twice", "An entry has two shapes.", tensor(more=',"shape":[3]'), "\"shape\"", "occurs twice"),
    with_header("metadata-twice", "The metadata stand twice.", '{"__metadata__":{},"__metadata__":{},"conv.weight":' + ENTRY + "}", "__metadata__", "occurs twice"),
    with_header("metadata-null", "The metadata are null, which the reference implementation takes.", '{"__metadata__":null,"conv.weight":' + ENTRY + "}",
                "__metadata__ is null"),
    with_header("metadata-number", "A value of the metadata is a number.", '{"__metadata__":{"a":1},"conv.weight":' + ENTRY + "}", "expected a string"),
    with_header("metadata-nested", "A value of the metadata is an object.", '{"__metadata__":{"a":{}},"conv.weight":' + ENTRY + "}", "expected a string"),
    with_header("tensor-called-metadata", "A tensor is called like the metadata, so it is lost or the file unreadable.",
                '{"__metadata__":' + ENTRY + "}", "__metadata__", "expected a string"),
    with_header("name-empty", "A tensor has no name.", '{"":' + ENTRY + "}", 'tensor name ""'),
    with_header("name-nul", "A name ends for C programs before it ends for others.", '{"conv.weight\\u0000.x":' + ENTRY + "}", "\\u{0}"),
    with_header("name-terminal-escape", "A name clears the terminal and forges a success message.", '{"\\u001b[2J\\rwrote x":' + ENTRY.replace("F32", "F0") + "}", "\\u{1B}[2J", "unknown dtype"),
    with_header("name-turned-around", "A name shows in reverse where the terminal obeys direction marks.", '{"a\\u202eb":' + ENTRY.replace("F32", "F0") + "}", "\\u{202E}", "unknown dtype"),
    with_header("name-html", "A name is a script for a web page.", '{"<script>alert(1)</script>":' + ENTRY.replace("F32", "F0") + "}", "<script>", "unknown dtype"),
]

TENSORS = [
    with_header("entry-array", "An entry is an array.", '{"conv.weight":[]}', "conv.weight", "expected an object", data=b""),
    with_header("field-unknown", "An entry has a member that the format does not know.", tensor(more=',"codec":"zstd"'), "conv.weight", "codec"),
    with_header("field-missing", "An entry has no shape.", '{"conv.weight":{"dtype":"F32","data_offsets":[0,12]}}', "conv.weight", "\"shape\" is missing"),
    with_header("dtype-unknown", "An element type does not exist.", tensor(dtype='"F128"'), "conv.weight", "F128"),
    with_header("dtype-number", "An element type is a number.", tensor(dtype="7"), "conv.weight", "expected a string"),
    with_header("dtype-of-half-bytes", "Three elements of four bits are no whole number of bytes.", tensor(dtype='"F4"', shape="[3]", offsets="[0,2]"), "conv.weight", data=bytes(2)),
    with_header("shape-negative", "A dimension is negative.", tensor(shape="[-1,-1,3]"), "conv.weight", "dimension"),
    with_header("shape-minus-zero", "A dimension is -0.", tensor(shape="[-0,1,3]", offsets="[0,0]"), "conv.weight", data=b""),
    with_header("shape-float", "A dimension is 3.0.", tensor(shape="[1,1,3.0]"), "conv.weight", "dimension"),
    with_header("shape-exponent", "A dimension is 3e0.", tensor(shape="[1,1,3e0]"), "conv.weight", "dimension"),
    with_header("shape-text", "A dimension is a text.", tensor(shape='["3"]'), "conv.weight", "dimension"),
    with_header("shape-huge", "A dimension is 2^48, one more than the format allows.", tensor(shape="[281474976710656]"), "conv.weight", "dimension"),
    with_header("shape-overflow", "The product of the dimensions is 2^80 and in 64 bits 0.", tensor(shape="[1099511627776,1099511627776]", offsets="[0,0]"), "conv.weight", data=b""),
    with_header("shape-overflow-hidden", "The product overflows before a dimension of 0 is met.", tensor(shape="[281474976710655,281474976710655,0]", offsets="[0,0]"), "conv.weight", data=b""),
    with_header("shape-bytes-overflow", "The elements fit 64 bits, their bytes do not.", tensor(dtype='"F64"', shape="[140737488355328,65536]", offsets="[0,0]"), "conv.weight", data=b""),
    with_header("rank-ten-thousand", "A tensor has ten thousand dimensions.", tensor(shape="[" + ",".join(["1"] * 10_000) + "]", offsets="[0,4]"), "conv.weight", "dimensions", data=bytes(4)),
    with_header("offsets-one", "Only one offset is given.", tensor(offsets="[12]"), "conv.weight", "data_offsets"),
    with_header("offsets-three", "Three offsets are given.", tensor(offsets="[0,4,12]"), "conv.weight", "data_offsets"),
    with_header("offsets-reversed", "The end lies before the beginning, so the size is negative.", tensor(offsets="[12,0]"), "conv.weight", "data_offsets"),
    with_header("offsets-negative", "The data begin before the file's data, in the header.", tensor(offsets="[-12,0]"), "conv.weight", "data_offsets"),
    with_header("offsets-float", "An offset is 12.0.", tensor(offsets="[0,12.0]"), "conv.weight", "data_offsets"),
    with_header("offsets-beyond-64-bits", "An offset is 2^64.", tensor(offsets="[0,18446744073709551616]"), "does not fit 64 bits"),
    with_header("offsets-beyond-data", "The data end behind the file.", tensor(shape="[1,1,300]", offsets="[0,1200]"), "1200 bytes", "1188 are missing"),
    with_header("offsets-other-than-shape", "The offsets give 8 bytes, the shape needs 12.", tensor(offsets="[0,8]"), "conv.weight", "12 bytes", "span 8", data=DATA[:8]),
    with_header("hole-in-front", "Four bytes of data before the first tensor belong to none.", tensor(offsets="[4,16]"), "conv.weight", "hole", data=DATA + bytes(4)),
    with_header("hole-between", "Bytes between two tensors belong to none: another file may lie there.",
                '{"conv.weight":' + ENTRY + ',"x":' + entry(offsets="[16,28]") + "}", "tensor \"x\"", "hole", data=DATA + bytes(4) + DATA),
    with_header("overlap", "Two tensors share bytes, so one file becomes many.", '{"conv.weight":' + ENTRY + ',"x":' + entry(offsets="[4,16]") + "}", "tensor \"x\"", "overlaps", data=DATA + bytes(4)),
    with_header("same-bytes-twice", "Two tensors have the same bytes.", '{"conv.weight":' + ENTRY + ',"x":' + ENTRY + "}", "overlaps"),
    case("same-bytes-half-a-million-times", "Half a million tensors have the same four bytes.", many_tensors, "overlaps", large=True),
    with_header("bytes-behind", "Bytes follow the last tensor: another file may lie there.", tensor(), "37 bytes follow the last tensor",
                data=DATA + b"#!/bin/sh\ntouch /tmp/attnconv-canary\n"),
    with_header("bytes-and-no-tensor", "The file has data and no tensor.", "{}", "12 bytes follow"),
    with_header("empty-tensor-out-of-place", "A tensor without elements lies in the middle of another one.", '{"conv.weight":' + ENTRY + ',"x":' + entry(shape="[0]", offsets="[4,4]") + "}", "tensor \"x\"", "overlaps"),
    with_header("no-tensors", "The file holds nothing at all.", "{}", "no tensor", data=b""),
]

CASES = FRAME + NAMES + TENSORS

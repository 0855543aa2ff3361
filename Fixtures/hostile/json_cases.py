"""Indexes of shards, dialect files and pin files that lie. What is wrong with JSON as such stands in `safetensors_cases.py`, for the same
parser reads all of them."""
import json
import struct

from case import Case
from safetensors_canonical_cases import ARCHITECTURE, REFERENCE, TENSOR, checkpoint, content
from safetensors_cases import DATA, file
from zip_bytes import archive, network

ENTRY = {"dtype": "F32", "shape": [1, 1, 3], "data_offsets": [0, 12]}


def shard(*names: str) -> bytes:
    return file(json.dumps({name: ENTRY | {"data_offsets": [12 * i, 12 * i + 12]} for i, name in enumerate(names)}), DATA * len(names))


INDEX = "model.safetensors.index.json"
SHARDS = {"a.safetensors": shard("conv.weight"), "b.safetensors": shard("x.weight")}
MAP = {"conv.weight": "a.safetensors", "x.weight": "b.safetensors"}


def index(name: str, why: str, map, *says: str, shards=SHARDS, **options) -> Case:
    text = map if isinstance(map, bytes) else json.dumps({"metadata": {"total_size": 24}, "weight_map": map}).encode()
    return Case("index-" + name, why, {INDEX: text} | shards, list(says), **options)


def many_shards(path):
    path.write_text(json.dumps({"weight_map": {f"t{i}": f"s{i}.safetensors" for i in range(5000)}}))


INDEXES = [
    index("climbs", "The index names a file above its directory.", MAP | {"x.weight": "../../etc/hostname"}, "../../etc/hostname", "same directory"),
    index("absolute", "The index names a file by its absolute path.", MAP | {"x.weight": "/etc/hostname"}, "/etc/hostname", "same directory"),
    index("parent", "The index names the directory above as a file.", MAP | {"x.weight": ".."}, "same directory"),
    index("directory", "The index names its own directory as a file.", MAP | {"x.weight": "."}, "same directory"),
    index("empty-name", "The index names a file without a name.", MAP | {"x.weight": ""}, "same directory"),
    index("nul-in-name", "A file's name ends for the operating system before it ends for others.", MAP | {"x.weight": "b.safetensors\0.txt"}, "same directory"),
    index("missing", "The index names a file that does not exist.", MAP | {"x.weight": "c.safetensors"}, "c.safetensors", "fetch all files"),
    index("itself", "The index names itself, so reading it never ends.", MAP | {"x.weight": INDEX}, INDEX, "index"),
    index("two-of-each-other", "Two indexes name each other.", MAP | {"x.weight": "b.json"}, "b.json", "index",
          shards={"a.safetensors": shard("conv.weight"), "b.json": json.dumps({"weight_map": {"x.weight": INDEX}}).encode()}),
    index("name-is-number", "A file's name is a number.", MAP | {"x.weight": 7}, "x.weight", "expected a file name"),
    index("two-places", "The index places a tensor in two files.", MAP | {"x.weight": ["a.safetensors", "b.safetensors"]}, "x.weight", "2 files"),
    index("tensor-twice", "The index names a tensor twice, in two files.", b'{"weight_map":{"conv.weight":"a.safetensors","conv.weight":"b.safetensors"}}', "conv.weight", "occurs twice"),
    index("swapped", "The index places each tensor in the other's file.", {"conv.weight": "b.safetensors", "x.weight": "a.safetensors"}, "conv.weight", "found it in a.safetensors"),
    index("tensor-in-both-files", "Both files hold a tensor of one name, with different values.", MAP, "conv.weight", shards=SHARDS | {"b.safetensors": shard("conv.weight", "x.weight")}),
    index("stray", "A file holds a tensor that the index does not know.", MAP, "y.weight", "index lacks", shards=SHARDS | {"b.safetensors": shard("x.weight", "y.weight")}),
    index("absent", "The index names a tensor that its file lacks.", MAP | {"y.weight": "b.safetensors"}, "y.weight", "does not hold it"),
    index("empty", "The index names no tensor.", {}, "weight_map", "empty"),
    index("no-map", "The file is JSON and no index.", b'{"weights":{}}', "weight_map"),
    index("map-array", "The map is an array.", ["a.safetensors"], "weight_map"),
    index("deep", "The index is nested ten thousand deep.", b'{"weight_map":' + b"[" * 10_000, "nested deeper than 64"),
    index("damaged-shard", "One of the files is damaged.", MAP, "b.safetensors", "bytes follow the last tensor", shards=SHARDS | {"b.safetensors": SHARDS["b.safetensors"] + b"x"}),
    index("empty-shard", "One of the files has no bytes.", MAP, "b.safetensors", "empty", shards=SHARDS | {"b.safetensors": b""}),
    index("name-terminal-escape", "A file's name clears the terminal.", MAP | {"x.weight": "\x1b[2J/x"}, "\\u{1B}[2J"),
    Case("index-too-many-shards", "The index names five thousand files.", {INDEX: many_shards}, ["5000 files", "4096"], large=True),
]

DIALECT = {"schemaVersion": 1, "name": "mine", "title": "mine", "source": "mine", "accepts": {"attention": ["eca"]}, "modules": [],
           "attention": [{"kind": "eca", "standalone": True, "at": [{"canonical": "stages.{s}.blocks.{b}.attention", "source": "layer{s+1}.{b}.eca"}],
                          "modules": [{"canonical": "conv", "source": "conv", "leaves": ["weight"]}]}]}


def dialect(name: str, why: str, text, *says: str, **options) -> Case:
    content = text if isinstance(text, bytes) or callable(text) else json.dumps(text).encode()
    return Case("dialect-" + name, why, {"mine.json": content, "file.pth": archive(network())}, list(says),
                arguments=("import", "file.pth", "--dialect-file", "mine.json"), **options)


def lines(*modules: dict) -> dict:
    return DIALECT | {"modules": list(modules)}


def product() -> bytes:
    """Two thousand places of a module with two thousand lines: four million lines in 150 KB."""
    part = DIALECT["attention"][0]
    return json.dumps(DIALECT | {"attention": [part | {"at": [{"canonical": f"a{i}", "source": f"a{i}"} for i in range(2000)],
                                                       "modules": [{"canonical": f"c{i}", "source": f"c{i}"} for i in range(2000)]}]}).encode()


def small_product() -> dict:
    part = DIALECT["attention"][0]
    return DIALECT | {"attention": [part | {"at": [{"canonical": f"a{i}", "source": f"a{i}"} for i in range(300)],
                                            "modules": [{"canonical": f"c{i}", "source": f"c{i}"} for i in range(300)]}]}


DIALECTS = [
    dialect("deep", "The dialect is nested ten thousand deep.", b'{"a":' * 5000, "mine.json", "nested deeper than 64"),
    dialect("duplicates", "The dialect has two names.", b'{"name":"a","name":"b"}', "mine.json", "occurs twice"),
    dialect("huge-number", "The version has four thousand digits.", b'{"schemaVersion":' + b"9" * 4000 + b"}", "mine.json", "64 bits"),
    dialect("version-unknown", "The dialect has a version that does not exist.", DIALECT | {"schemaVersion": 99}, "mine.json", "schemaVersion"),
    dialect("member-unknown", "The dialect has a member that nobody reads.", DIALECT | {"run": "touch /tmp/attnconv-canary"}, "mine.json", "\"run\""),
    dialect("name-html", "The dialect's name is a script for a web page and a command of GitHub Actions.", DIALECT | {"name": "\n::error::<script>alert(1)</script>"}, "\\u{A}::error::", exit=0, writes=("file.safetensors",)),
    dialect("template-open", "A name has a brace that is never closed.", lines({"canonical": "stem.conv", "source": "conv{"}), "mine.json", "'{' without '}'"),
    dialect("template-unknown-variable", "A name asks for a variable that does not exist, as a format string would.", lines({"canonical": "stem.conv", "source": "{0.__class__}"}), "mine.json", "{0.__class__}"),
    dialect("template-two-variables", "A name has two numbers side by side, so that it can be read in many ways.", lines({"canonical": "stages.{s}.blocks.{b}.conv1", "source": "l{s}{b}"}), "mine.json", "two variables"),
    dialect("template-huge-offset", "A number is to be counted from 2^63.", lines({"canonical": "stages.{s}.blocks.{b}.conv1", "source": "l{s+9223372036854775807}.{b}"}), "mine.json", "expected a variable"),
    dialect("template-loses-variable", "All stages get one name.", lines({"canonical": "stages.{s}.blocks.{b}.conv1", "source": "l{b}"}), "mine.json"),
    dialect("lines-multiplied", "Three hundred places of three hundred lines stand for ninety thousand, in 30 KB.", small_product(), "mine.json", "more than 4096 lines"),
    dialect("lines-multiplied-by-millions", "Two thousand places of two thousand lines stand for four million.", product(), "mine.json", "more than 4096 lines", large=True),
    dialect("blocks-huge", "The blocks are counted in stages of 2^62.", DIALECT | {"flatBlocks": [1 << 62]}, "mine.json", "flatBlocks"),
    dialect("too-large", "The dialect has two megabytes.", lambda path: path.write_text(json.dumps(DIALECT) + " " * (2 << 20)), "mine.json", "1048576", large=True),
    dialect("not-text", "The dialect is a PyTorch archive.", archive(network()), "mine.json"),
    dialect("empty", "The dialect has no bytes.", b"", "mine.json"),
]

PIN = {"checkpoint": "file.safetensors", "content": content(), "reference": "reference.safetensors", "referenceSha256": "0" * 64,
       "tolerance": 1e-05, "architecture": ARCHITECTURE}


def pins(name: str, why: str, text, *says: str, exit=2, files=None, **options) -> Case:
    data = text if isinstance(text, bytes) or callable(text) else json.dumps({"schemaVersion": 1, "pins": text}).encode()
    beside = {"file.safetensors": checkpoint(), "reference.safetensors": REFERENCE} if files is None else files
    return Case("pins-" + name, why, {"attnconv.json": data} | beside, list(says), exit=exit, arguments=("verify",), **options)


PINS = [
    pins("deep", "The pin file is nested ten thousand deep.", b'{"pins":' + b"[" * 10_000, "attnconv.json", "nested deeper than 64"),
    pins("duplicates", "The pin file has two lists of pins; readers differ in which one they check.", b'{"schemaVersion":1,"pins":[],"pins":[]}', "attnconv.json", "occurs twice"),
    pins("empty", "The pin file pins nothing, so that nothing could ever fail.", [], "attnconv.json"),
    pins("version-unknown", "The pin file has a version that does not exist.", b'{"schemaVersion":2,"pins":[]}', "attnconv.json", "version 2"),
    pins("version-huge", "The version does not fit 64 bits.", b'{"schemaVersion":99999999999999999999,"pins":[]}', "attnconv.json", "64 bits"),
    pins("member-misspelt", "A tolerance is misspelt and would be overlooked.", [PIN | {"tolerence": 1}], "attnconv.json", "tolerence"),
    pins("member-missing", "A pin has no content digest.", [{key: PIN[key] for key in PIN if key != "content"}], "attnconv.json", "content"),
    pins("tolerance-infinite", "The tolerance is 1e999, so that everything passes.", json.dumps({"schemaVersion": 1, "pins": [PIN]}).replace("1e-05", "1e999", 1).encode(), "attnconv.json", "out of range"),
    pins("tolerance-one", "The tolerance is so large that any network passes.", [PIN | {"tolerance": 1e6}], "attnconv.json", "tolerance"),
    pins("tolerance-negative", "The tolerance is negative.", [PIN | {"tolerance": -1}], "attnconv.json", "tolerance"),
    pins("same-twice", "One checkpoint is pinned twice, with different contents.", [PIN, PIN | {"content": "1" * 64}], "attnconv.json", "file.safetensors"),
    pins("digest-short", "A digest has no digits.", [PIN | {"content": ""}], "attnconv.json", "content"),
    pins("path-nul", "A path ends for the operating system before it ends for others.", [PIN | {"checkpoint": "file.safetensors\0.txt"}], "attnconv.json", "checkpoint"),
    pins("path-empty", "A path is empty.", [PIN | {"checkpoint": ""}], "attnconv.json", "checkpoint"),
    pins("architecture-bomb", "The pinned network has 2^20 blocks in each stage.", [PIN | {"architecture": ARCHITECTURE | {"channels": 1 << 60}}], "attnconv.json", "1152921504606846976"),
    pins("not-json", "The pin file is a shell script.", b"#!/bin/sh\ntouch /tmp/attnconv-canary\n", "attnconv.json", "not valid JSON"),
    pins("not-utf8", "A path of the pin file is no UTF-8.", b'{"schemaVersion":1,"pins":[{"checkpoint":"\xff"}]}', "attnconv.json", "UTF-8"),
    pins("too-large", "The pin file has five megabytes.", lambda path: path.write_bytes(b'{"schemaVersion":1,"pins":[]}' + b" " * (5 << 20)), "attnconv.json", "4194304", large=True),
    pins("other-weights", "The pinned checkpoint holds other weights than those that were pinned.", [PIN | {"content": "1" * 64}], "file.safetensors", "1" * 64, exit=1),
    pins("other-reference", "The recorded outputs are not those that were pinned.", [PIN], "reference.safetensors", exit=1),
]

CASES = INDEXES + DIALECTS + PINS

#!/usr/bin/env python3
"""Collects seeds of every fuzzing target: small files of `Fixtures`, parts of them, and what lies in `Seeds/TARGET`.

    Tests/Fuzzing/seeds.py DIRECTORY    writes DIRECTORY/TARGET/*

Needs the standard library only.
"""

import io
import json
import struct
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FIXTURES = ROOT / "Fixtures"

# Mutations of small inputs are many and quick; libFuzzer lets inputs grow from here.
LARGEST = 1 << 14

ZIP = b"PK\x03\x04"
ZIP_END = b"PK\x05\x06"
HDF5 = b"\x89HDF\r\n\x1a\n"
LEGACY_MAGIC = bytes.fromhex("6cfc9c46f9206aa85019")  # torch/serialization.py, MAGIC_NUMBER


def is_safetensors(data: bytes) -> bool:
    return len(data) > 9 and data[8:9] == b"{" and struct.unpack("<Q", data[:8])[0] < 1 << 20


def seeds_of(path: Path, data: bytes):
    """The seeds that one fixture gives, each with its target."""
    if data.startswith((ZIP, ZIP_END)):
        yield "zip", data
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
            for name in archive.namelist():
                if name.endswith(".pkl"):
                    yield "pickle", archive.read(name)
                elif name == "config.json":
                    yield "keras-model", archive.read(name)
                elif name.endswith(".h5"):
                    yield "hdf5", archive.read(name)
        except Exception:
            pass  # Hostile archives make zipfile fail in every way; as a whole they are a seed all the same.
    elif data.startswith(HDF5):
        yield "hdf5", data
    elif LEGACY_MAGIC in data[:64]:
        yield "legacy", data
    elif is_safetensors(data):
        yield "safetensors", data
        length = struct.unpack("<Q", data[:8])[0]
        if length <= len(data) - 8:
            # The form in which the size of the data stands for the data; see SafetensorsTarget.swift.
            header = data[8 : 8 + length]
            yield "safetensors", struct.pack("<Q", len(data) - 8 - length) + header
    elif path.suffix in (".pkl", ".pth") and data[:1] in (b"\x80", b"(", b"]", b"}", b"c"):
        yield "pickle", data
    elif path.name == "attnconv.json" or b'"pins"' in data[:200]:
        yield "pins", data
    elif path.suffix == ".json" and b'"schemaVersion"' in data[:400]:
        yield "dialect", data


def ends_the_library(path: Path) -> bool:
    """Whether a case of the corpus is one with which the HDF5 library crashes or never ends: no beginning for other inputs."""
    facts = path.parent / "expected.txt"
    return facts.exists() and any(words in facts.read_text() for words in ("by signal", "processor time"))


def layers(config: bytes):
    """The layers of a Keras network, each as a description of its own."""
    for layer in json.loads(config)["config"]["layers"]:
        yield json.dumps(layer).encode()


def names_and_shapes(table: bytes) -> bytes:
    """A table of parameters in the form of NetworkTarget.swift."""
    rows = json.loads(table)["tensors"]
    return "".join(f"{name} {','.join(map(str, shape))}\n" for name, shape, _ in rows).encode()


def main() -> None:
    target_root = Path(sys.argv[1])
    found: dict[str, set[bytes]] = {}

    def add(target: str, data: bytes) -> None:
        if 0 < len(data) <= LARGEST:
            found.setdefault(target, set()).add(data)

    for path in sorted(FIXTURES.rglob("*")):
        if path.is_file() and path.suffix not in (".py", ".txt") and path.stat().st_size <= 4 * LARGEST and not ends_the_library(path):
            for target, data in seeds_of(path, path.read_bytes()):
                add(target, data)
    for path in (ROOT / "Sources/Conversion/Dialects/BuiltIn").glob("*.json"):
        add("dialect", path.read_bytes())
    for path in (FIXTURES / "keras/configs").glob("*.json"):
        add("keras-model", path.read_bytes())
        for layer in layers(path.read_bytes()):
            add("keras-model", layer)
    for path in (FIXTURES / "parameter-tables").rglob("*.json"):
        add("network", names_and_shapes(path.read_bytes()))
    for directory in (HERE / "Seeds").iterdir():
        for path in directory.iterdir():
            add(directory.name, path.read_bytes())

    for target, seeds in sorted(found.items()):
        directory = target_root / target
        directory.mkdir(parents=True, exist_ok=True)
        for data in seeds:
            (directory / sha256(data).hexdigest()[:16]).write_bytes(data)
        print(f"{target}: {len(seeds)} seeds")


main()

"""What people really pass to a converter by mistake. Run: `.venv/bin/python Fixtures/not-checkpoints/generate.py`."""
import gzip
import io
import json
import pathlib
import pickle
import struct
import sys
import tarfile
import zlib

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent
sys.path.insert(0, str(FIXTURES / "generators"))
import record  # noqa: E402
from python2_pickle import Global, Writer  # noqa: E402

files = {}


def add(name: str, data: bytes, what: str, **facts) -> None:
    (HERE / name).write_bytes(data)
    files[name] = {"what": what, "bytes": len(data), **facts}


def tar(members: dict) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


add("empty.pth", b"", "empty file")
add(
    "download-warning.pth",
    b"<!DOCTYPE html><html><head><title>File storage - Virus scan warning</title></head><body>\n"
    b"<p>resnet50_bam.pth (99M) exceeds the size that can be scanned for viruses.</p>\n"
    b'<form action="/download" method="get"><input type="submit" value="Download all the same"></form>\n</body></html>\n',
    "HTML page",
)
add(
    "git-lfs-pointer.pth",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    b"\nsize 102502400\n",
    "git-lfs pointer",
    pointsAtBytes=102502400,
)
add("compressed.pth.gz", gzip.compress((FIXTURES / "pytorch-legacy/se-module-tiny.pth").read_bytes(), mtime=0), "gzip")
add("packed.7z", b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(24), "7z")
add("text.tar", tar({"weights/readme.txt": b"the weights are somewhere else\n"}), "tar")


def legacy_tar() -> bytes:
    """torch before 0.1.10: one tensor of 2x3 floats on one storage."""
    def python2(value):
        return Writer().write(value).finish()

    values = np.arange(6, dtype="<f4") / 7
    storages = python2(1) + python2(("1", "cpu", Global("torch", "FloatStorage"))) + struct.pack("<q", 6) + values.tobytes() + python2([])
    tensors = python2(1) + python2(("2", "1", Global("torch", "FloatTensor")))
    tensors += struct.pack("<i4x2q2qq", 2, 2, 3, 3, 1, 0)
    information = {"protocol_version": 1000, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 8}}
    return tar({"sys_info": python2(information), "storages": storages, "tensors": tensors, "pickle": b"\x80\x02}U\x06weightU\x012Qs."})


add("torch-0.1.9.pth.tar", legacy_tar(), "legacy torch tar")

whole = (FIXTURES / "pytorch-zip/se-module-tiny.pth").read_bytes()
add("truncated-zip.pth", whole[: len(whole) * 3 // 5], "truncated zip", missingBytes=len(whole) - len(whole) * 3 // 5)
whole = (FIXTURES / "pytorch-legacy/cbam-resnet18-narrow.pth").read_bytes()
add("truncated-legacy.pth", whole[:-100], "truncated legacy file", missingBytes=100)
add("truncated-legacy-pickle.pth", whole[:4000], "truncated legacy file, inside its pickle")
whole = (FIXTURES / "safetensors/tiny.safetensors").read_bytes()
add("truncated.safetensors", whole[:-10], "truncated safetensors", missingBytes=10)
add("truncated-header.safetensors", whole[:50], "truncated safetensors, inside its header", missingBytes=len(whole) - 50)

add("truncated.h5", (HERE.parent / "keras" / "keras2.weights-only.h5").read_bytes()[:2048], "HDF5")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


add("picture.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0\0", 9)) + chunk(b"IEND", b""), "PNG")

# A protocol buffer: field 1 (IR version) = 8, field 2 (producer) = "pytorch", field 7 (graph) empty.
add("network.onnx", b"\x08\x08\x12\x07pytorch\x3a\x00", "ONNX")

buffer = io.BytesIO()
np.savez(buffer, weight=np.arange(6, dtype=np.float32).reshape(2, 3))
add("arrays.npz", buffer.getvalue(), "NumPy archive")
buffer = io.BytesIO()
np.save(buffer, np.arange(6, dtype=np.float32).reshape(2, 3))
add("array.npy", buffer.getvalue(), "NumPy array")
add("config.json", json.dumps({"architectures": ["ResNet"], "depth": 50}, indent=1).encode() + b"\n", "JSON text")
add("plain.pkl", pickle.dumps({"weight": [1.0, 2.0]}, protocol=4), "pickle without torch")
add("notes.txt", b"resnet50_bam: see the other folder\n", "text")
add("zeros.pth", bytes(4096), "zero bytes")

record.write(HERE, files)

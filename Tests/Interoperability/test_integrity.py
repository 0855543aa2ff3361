"""`attnconv verify --integrity` finds every flipped byte of a canonical checkpoint, and says in which tensor or metadata it is.

Swift tests try every byte of a small file. Here random bytes of larger ones are flipped, one at a time, each checked by the program
itself: in CI so many as it has the time for. `ATTNCONV_FLIPS=1000` tries 1,000 in the file of 100 MB and 9,000 in one of 3 MB."""
import hashlib
import json
import os
import random
import struct
import zlib

import checkpoints
import pytest
import torch
from safetensors.torch import save_file
from test_schemas import report

FLIPS = int(os.environ.get("ATTNCONV_FLIPS", 40))


class Header:
    """Where the parts of a canonical checkpoint lie, read with Python's json and a plain search."""

    def __init__(self, data: bytes):
        length = struct.unpack("<Q", data[:8])[0]
        self.size = 8 + length
        self.text = data[8:self.size]
        self.tensors = json.loads(self.text)
        self.metadata = self.tensors.pop("__metadata__")

    def places(self) -> list:
        """(begin, end, part, name) of the values of the metadata, of the entries of tensors, and of the data."""
        rows = []
        for key, value in self.metadata.items():
            begin = 8 + self.text.index(f'"{key}":"'.encode()) + len(key) + 4
            rows.append((begin, begin + len(json.dumps(value)) - 2, "metadata", key))
        for name, entry in self.tensors.items():
            begin = 8 + self.text.index(f'"{name}":{{'.encode())
            rows.append((begin, self.text.index(b"}", begin - 8) + 8, "entry", name))
            rows.append((self.size + entry["data_offsets"][0], self.size + entry["data_offsets"][1], "data", name))
        return rows


def flip(attnconv, path, places: list, seed: int) -> None:
    """Flips a random byte of each of these parts, one after the other, and checks what the program says."""
    stream = random.Random(seed)
    with open(path, "r+b", buffering=0) as file:
        for begin, end, part, name in places:
            offset, mask = stream.randrange(begin, end), 1 << stream.randrange(8)
            byte = os.pread(file.fileno(), 1, offset)
            os.pwrite(file.fileno(), bytes([byte[0] ^ mask]), offset)
            result = attnconv.run("verify", "--integrity", path, "--json")
            os.pwrite(file.fileno(), byte, offset)
            [row] = json.loads(result.stdout)["files"]
            found = [(damage["part"], damage["key" if part == "metadata" else "tensor"]) for damage in row["damage"]]
            assert (result.returncode, found) == (1, [(part, name)]), (offset, mask, result.stdout)
            if part != "data":
                assert row["damage"][0]["offset"] == offset


def drawn(places: list, count: int, seed: int) -> list:
    """Half of the parts by their share of the file, which is data almost always, and a sixth of each kind."""
    stream = random.Random(seed)
    parts = stream.choices(places, [end - begin for begin, end, _, _ in places], k=count - 3 * (count // 6))
    for kind in ["metadata", "entry", "data"]:
        parts += stream.choices([row for row in places if row[2] == kind], k=count // 6)
    return parts


def import_(attnconv, table: str):
    torch.save(dict(checkpoints.from_table(table)), attnconv.folder / "source.pth")
    return attnconv.import_(attnconv.folder / "source.pth")


@pytest.mark.parametrize("table, size, flips", [("moskomule_cifar_r56_se", 3_000_000, 9 * FLIPS), ("jc_imagenet_r50_cbam", 100_000_000, FLIPS)])
def test_every_flip_in_a_large_file_is_found(attnconv, table, size, flips):
    path = import_(attnconv, table)
    data = path.read_bytes()
    assert len(data) > size
    places = Header(data).places()
    attnconv.succeed("verify", "--integrity", path)
    flip(attnconv, path, drawn(places, flips, seed=1), seed=2)
    assert path.read_bytes() == data


def test_every_flip_in_a_small_file_is_found(attnconv, fixtures):
    path = attnconv.import_(fixtures / "networks/attention-module-resnet18-cbam.pth")
    places = Header(path.read_bytes()).places()
    flip(attnconv, path, drawn(places, 4 * FLIPS, seed=3), seed=4)


def test_the_seal_is_that_of_its_definition(attnconv, fixtures):
    """Schemas/checkpoint.schema.json, read by another program."""
    path = attnconv.import_(fixtures / "networks/attention-module-resnet18-cbam.pth")
    data = path.read_bytes()
    head = data[:Header(data).size]
    seal = checkpoints.metadata(path)["attnconv.header"]
    assert head[44:44 + len(seal)] == seal.encode()
    covered = head[:44] + b"0" * len(seal) + head[44 + len(seal):]
    blocks = [covered[begin:begin + 1024] for begin in range(0, len(covered), 1024)]
    assert seal == hashlib.sha256(covered).hexdigest() + "".join(f"{zlib.adler32(block):08x}" for block in blocks)


def test_reports(attnconv, fixtures):
    path = attnconv.import_(fixtures / "networks/attention-module-resnet18-cbam.pth")
    report(attnconv, "verify", "--integrity", path, schema="integrity-report")
    data = bytearray(path.read_bytes())
    for offset in range(900, len(data), 700):
        data[offset] ^= 255
    (attnconv.folder / "damaged.safetensors").write_bytes(data)
    (attnconv.folder / "short.safetensors").write_bytes(path.read_bytes()[:-1000])
    tensors = checkpoints.canonical(path)
    early = checkpoints.metadata(path)
    del early["attnconv.header"]
    save_file(tensors, attnconv.folder / "early.safetensors", metadata=early)
    files = [attnconv.folder / f"{name}.safetensors" for name in ["damaged", "short", "early", "absent"]]
    value = report(attnconv, "verify", "--integrity", *files, code=2, schema="integrity-report")
    assert [row["status"] for row in value["files"]] == ["damaged", "damaged", "unsealed", "failed"]


def test_a_file_that_safetensors_wrote_again_opens(attnconv, fixtures):
    path = attnconv.import_(fixtures / "networks/attention-module-resnet18-cbam.pth")
    again = attnconv.folder / "again.safetensors"
    save_file(checkpoints.canonical(path), again, metadata=checkpoints.metadata(path))
    assert report(attnconv, "inspect", again)["content"] == checkpoints.content(path)
    [row] = report(attnconv, "verify", "--integrity", again, code=1, schema="integrity-report")["files"]
    assert [(damage["part"], damage["offset"]) for damage in row["damage"]] == [("header", 0)]

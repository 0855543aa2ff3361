"""What the tests of crash safety share: inputs of a few megabytes, every command that writes a file, the two states that
its target may be in, and the tally.

A command is run once on each state beforehand; what it wrote then is the only other content that its target may ever
have. Everything is compared byte by byte.
"""
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import narrow
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "Fixtures/references/timm-cbam-resnet18"
OTHER = ROOT / "Fixtures/references/module-cbam"
LEFTOVER = re.compile(r"\.attnconv-[0-9a-z]+\.tmp")
EXECUTABLE = pathlib.Path(os.environ.get("ATTNCONV", ROOT / ".build/release/attnconv")).absolute()


@dataclasses.dataclass(frozen=True)
class Writer:
    """A command that writes `target`, and the file that it replaces there."""

    name: str
    arguments: tuple
    target: str
    force: tuple = ("--force",)
    status: int = 0

    def command(self, replacing: bool) -> list:
        return [EXECUTABLE, *self.arguments, *(self.force if replacing else ())]


VERIFY = ("verify", "checkpoint.safetensors", "--reference", "reference.safetensors")
WRITERS = [
    Writer("import", ("import", "network.pth", "-o", "out.safetensors"), "out.safetensors"),
    Writer("import, Keras", ("import", "network.h5", "-o", "out.safetensors"), "out.safetensors"),
    Writer("export, PyTorch", ("export", "network.safetensors", "--to", "pytorch", "-o", "out.pth"), "out.pth"),
    Writer("export, Keras", ("export", "network.safetensors", "--to", "keras", "--dialect", "tf2cv", "-o", "out.h5"), "out.h5"),
    Writer("pin", ("pin", "checkpoint.safetensors", "--reference", "reference.safetensors"), "attnconv.json", force=()),
    Writer("map", ("map", "network.pth", "--architecture", "resnet18-cbam", "-o", "out.json"), "out.json"),
    Writer("run", ("run", "checkpoint.safetensors", "--input", "reference.safetensors", "-o", "out.safetensors"), "out.safetensors"),
    Writer("verify --report", (*VERIFY, "--report", "out.html"), "out.html", force=()),
    Writer("verify --junit", (*VERIFY, "--junit", "out.xml"), "out.xml", force=()),
]
NAMES = [writer.name for writer in WRITERS]


def writer(name: str) -> Writer:
    return WRITERS[NAMES.index(name)]


def network(path: pathlib.Path, divisor: int, seed: int = 1):
    """The authors' ResNet-18 with CBAM, some times narrower, with seeded numbers."""
    generator = torch.Generator().manual_seed(seed)
    rows = narrow.narrow(narrow.load("jc_imagenet_r18_cbam"), divisor)
    torch.save(
        {
            name: torch.zeros(shape, dtype=torch.int64) if "int" in str(kind).lower() else torch.rand(shape, generator=generator) + 0.5
            for name, shape, kind in rows
        },
        path,
    )


# Chunks and a filter, so that an import has a worker decode them into a scratch file.
CHUNKED = """
import h5py, sys
with h5py.File(sys.argv[1]) as source, h5py.File(sys.argv[2], "w") as target:
    target.attrs.update(source.attrs)
    def copy(name, found):
        if isinstance(found, h5py.Dataset):
            made = target.create_dataset(name, data=found[()], **({"chunks": True, "compression": "gzip", "compression_opts": 1} if found.size > 4096 else {}))
        else:
            made = target.require_group(name)
        made.attrs.update(found.attrs)
    source.visititems(copy)
"""


class Stage:
    """A folder with the inputs of all commands, and for each command the contents that its target may have."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        network(folder / "network.pth", divisor=4)
        self.finish("import", "network.pth", "-o", "network.safetensors")
        self.finish("export", "network.safetensors", "--to", "keras", "--dialect", "tf2cv", "-o", "plain.h5")
        python = ROOT / ".venv-keras2/bin/python"
        subprocess.run([python, "-c", CHUNKED, folder / "plain.h5", folder / "network.h5"], check=True)
        (folder / "plain.h5").unlink()
        for path in REFERENCE.glob("*.safetensors"):
            shutil.copy(path, folder / path.name)
        shutil.copy(OTHER / "checkpoint.safetensors", folder / "other.safetensors")
        shutil.copy(OTHER / "reference.safetensors", folder / "other-reference.safetensors")
        self.sources = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.states = {writer.name: self.learn(writer) for writer in WRITERS}

    def finish(self, *arguments, status=0):
        result = subprocess.run([EXECUTABLE, *arguments], cwd=self.folder, capture_output=True, text=True)
        assert result.returncode == status, result.stderr

    def learn(self, writer: Writer) -> dict:
        """What the target holds: first the old content, or `None` for no file; then the new one. And the time it takes."""
        target = self.folder / writer.target
        self.finish(*writer.arguments, status=writer.status)
        alone = target.read_bytes()
        target.unlink()
        old = self.older(writer)
        times = []
        for _ in range(3):
            target.write_bytes(old)
            begin = time.perf_counter()
            self.finish(*writer.arguments, *writer.force, status=writer.status)
            times.append(time.perf_counter() - begin)
        replaced = target.read_bytes()
        target.unlink()
        assert old != replaced and self.names() == set(self.sources), self.names()
        return {False: (None, alone), True: (old, replaced), "seconds": sorted(times)[1]}

    def measure(self, writer: Writer) -> float:
        """The seconds that a run takes now, which must succeed."""
        self.prepare(writer, True)
        begin = time.perf_counter()
        self.finish(*writer.arguments, *writer.force, status=writer.status)
        seconds = time.perf_counter() - begin
        assert self.check(writer, True) == ("new", 0)
        return seconds

    def older(self, writer: Writer) -> bytes:
        """A file that the command replaces: its own of another checkpoint where it asks for that."""
        target = self.folder / writer.target
        other = ("verify", "other.safetensors", "--reference", "other-reference.safetensors")
        if writer.name == "pin":
            self.finish("pin", "other.safetensors", "--reference", "other-reference.safetensors")
        elif writer.name == "verify --report":
            self.finish(*other, "--report", writer.target)
        elif writer.name == "verify --junit":
            self.finish(*other, "--junit", writer.target)
        else:
            return b"an older file" * 1000
        old = target.read_bytes()
        target.unlink()
        return old

    def names(self) -> set:
        return {path.name for path in self.folder.iterdir()}

    def prepare(self, writer: Writer, replacing: bool):
        if replacing:
            (self.folder / writer.target).write_bytes(self.states[writer.name][True][0])

    def check(self, writer: Writer, replacing: bool) -> tuple:
        """Fails unless the target is as before or complete and all sources are as before; then clears the folder.

        Returns what the target is (`old`, `new` or `absent`) and how many temporary files were left.
        """
        target = self.folder / writer.target
        old, new = self.states[writer.name][replacing]
        found = target.read_bytes() if target.exists() else None
        assert found in (old, new), f"{writer.name}: the target has {len(found or b'')} bytes of neither version"
        for name, content in self.sources.items():
            assert (self.folder / name).read_bytes() == content, f"{writer.name} changed its source {name}"
        left = self.names() - set(self.sources) - {writer.target}
        assert all(LEFTOVER.fullmatch(name) for name in left), left
        for name in left | {writer.target}:
            (self.folder / name).unlink(missing_ok=True)
        return "new" if found == new else "absent" if found is None else "old", len(left)


def workers_in(folder: pathlib.Path) -> list:
    """Workers of the program that are alive, started in a folder: elsewhere, other tests run theirs at the same time."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                alive = (entry / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
                ours = alive and (entry / "exe").resolve() == EXECUTABLE.resolve() and (entry / "cwd").resolve() == folder.resolve()
                if ours and b"__hdf5" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def wait_for_no_worker(folder: pathlib.Path, seconds: float = 2):
    end = time.monotonic() + seconds
    while (alive := workers_in(folder)) and time.monotonic() < end:
        time.sleep(0.002)
    assert not alive, f"workers {alive} outlive the program by {seconds} s"


# Rows of the table that pytest prints at the end (see conftest.py).
TALLY: list = []


def tally(test: str, command: str, runs: int, before: int, writing: int, after: int, outcomes, left: int):
    TALLY.append((test, command, runs, before, writing, after, outcomes["old"], outcomes["new"], outcomes["absent"], left))

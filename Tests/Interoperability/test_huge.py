"""Files of gigabytes and of tens of thousands of tensors need little memory, and what is wrong with them is told in few lines.

No time is asserted, machines differ; a step that is not linear in the number of tensors would run into the time limit of a call.
"""
import json
import subprocess
import sys

import checkpoints
import pytest
from conftest import ROOT

sys.path.append(str(ROOT / "Benchmarks"))

import sparse_networks  # noqa: E402

BLOCKS = 446  # in each of four stages: 50,000 tensors

# A process that started as a copy of this one, which has PyTorch loaded, would be reported with its memory; one in between is not.
MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
output = process.stdout.read()
_, status, usage = os.wait4(process.pid, 0)
sys.stdout.write(f"{usage.ru_maxrss * 1024}\\n")
sys.stdout.flush()
sys.stdout.buffer.write(output)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.fixture
def peak(attnconv, tmp_path):
    def peak(*arguments, exit=0):
        """The highest memory of one call in megabytes, and what it printed."""
        command = [sys.executable, "-S", "-c", MEASURE, attnconv.executable, *map(str, arguments)]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert result.returncode == exit, result.stderr
        memory, _, output = result.stdout.partition("\n")
        return int(memory) / 1e6, output + result.stderr

    return peak


def test_gigabytes_need_no_memory(peak, tmp_path):
    width = sparse_networks.width_for(2_000_000_000, 4)
    tensors = sparse_networks.network(width, 4)
    sparse_networks.write_zip(tensors, tmp_path / "wide.pth")
    memory, _ = peak("import", "wide.pth", "-o", "wide.safetensors")
    assert memory < 64
    with open(tmp_path / "wide.safetensors", "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
    assert len(entries) == len(tensors)
    size = max(entry["data_offsets"][1] for entry in entries.values())
    assert 1_900_000_000 < size == sum(sparse_networks.byte_count(kind, shape) for _, kind, shape in tensors)
    memory, _ = peak("inspect", "wide.safetensors")
    assert memory < 64
    (tmp_path / "wide.pth").unlink()
    memory, _ = peak("export", "wide.safetensors", "--to", "pytorch", "-o", "back.pth")
    # A canonical checkpoint is mapped: pages that the system may take back at any time count as long as it does not.
    assert memory < 64 + size / 1e6
    assert (tmp_path / "back.pth").stat().st_size > size


def test_fifty_thousand_tensors_need_little_memory(peak, tmp_path):
    tensors = sparse_networks.network(4, BLOCKS)
    contents = set()
    for container, write in [("zip", sparse_networks.write_zip), ("legacy", sparse_networks.write_legacy), ("safetensors", sparse_networks.write_safetensors)]:
        write(tensors, tmp_path / "deep.source")
        memory, output = peak("import", "deep.source", "-o", "deep.safetensors", "--force")
        assert memory < 300, container  # 6 KB for each tensor
        assert f"{len(tensors):,} entries" in output
        contents.add(checkpoints.content(tmp_path / "deep.safetensors"))
        (tmp_path / "deep.source").unlink()
    assert len(contents) == 1
    memory, output = peak("inspect", "deep.safetensors")
    assert memory < 200
    memory, output = peak("export", "deep.safetensors", "--to", "pytorch", "-o", "back.pth")
    assert memory < 300
    memory, output = peak("import", "back.pth", "-o", "again.safetensors")
    assert memory < 300
    assert checkpoints.content(tmp_path / "again.safetensors") in contents


# What is done to the tensors of the network, the options of the import, its exit code, and what it says.
WRONG = {
    "no name is known": (lambda tensors: [(f"layer.{number}.w", "F32", (1,)) for number, _ in enumerate(tensors)], [], 2, "no dialect knows the 49984 tensor names"),
    "half are missing": (lambda tensors: [tensor for number, tensor in enumerate(tensors) if number % 2], [], 1, " missing:"),
    "half have other names": (lambda tensors: [(name + "x" * (number % 2), kind, shape) for number, (name, kind, shape) in enumerate(tensors)], [], 1, " unexpected:"),
    "a third has another shape": (lambda tensors: [(name, kind, shape if number % 3 else (*shape, 2)) for number, (name, kind, shape) in enumerate(tensors)], [], 1, " mis-shaped:"),
    "all are there twice": (lambda tensors: [*tensors, *(("module." + name, kind, shape) for name, kind, shape in tensors)], [], 2, "both become"),
    "as many are allowed": (lambda tensors: [*tensors, *(("old." + name, kind, shape) for name, kind, shape in tensors)], ["--allow-unexpected", "*"], 0, "more; --json lists all"),
    "statistics are declared": (lambda tensors: [tensor for tensor in tensors if "running" not in tensor[0]], ["--declare-statistics", "*=0,1"], 0, "more; --json lists all"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_fifty_thousand_tensors_is_told_in_few_lines(peak, tmp_path, case):
    change, options, code, words = WRONG[case]
    sparse_networks.write_safetensors(change(sparse_networks.network(4, BLOCKS)), tmp_path / "deep.source")
    memory, output = peak("import", "deep.source", "-o", "deep.safetensors", *options, exit=code)
    assert memory < 350
    assert words in output
    assert len(output.splitlines()) < 120 and len(output) < 20_000
    assert (tmp_path / "deep.safetensors").exists() == (code == 0)

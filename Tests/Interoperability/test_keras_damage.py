"""Damaged Keras files of every container: an ordinary ending within seconds, and nothing written where it failed."""
import concurrent.futures
import os
import pathlib
import random
import shutil
import subprocess

import pytest
from safetensors import safe_open

from conftest import FIXTURES, ROOT

SEEDS = 200
CPU_SECONDS = 5
CONTAINERS = {
    "network.h5": "network.h5", "chunked.h5": "chunked.h5", "network.weights.h5": "network.weights.h5",
    "stored.keras": "stored.keras", "deflated.keras": "deflated.keras",
    # The damaged file of several, and the one that is named.
    "shards_00001.weights.h5": "shards.weights.json", "shards.weights.json": "shards.weights.json",
}


@pytest.fixture(scope="module")
def containers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("containers")
    program = os.environ.get("ATTNCONV", ROOT / ".build/release/attnconv")
    shutil.copy(FIXTURES / "keras/kobiso-cbam.h5", folder / "network.h5")
    subprocess.run([program, "import", folder / "network.h5", "-o", folder / "c.safetensors"], check=True, capture_output=True)
    subprocess.run([program, "export", folder / "c.safetensors", "--to", "keras", "-o", folder / "network.weights.h5"], check=True, capture_output=True)
    python = os.environ.get("KERAS2_PYTHON", str(ROOT / ".venv-keras2/bin/python"))
    script = pathlib.Path(__file__).with_name("keras_containers.py")
    subprocess.run([python, script, folder / "network.h5", folder / "network.weights.h5", folder], check=True)
    return folder


def run(program, folder: pathlib.Path, source: str, expected=(0, 1, 2)) -> int:
    """Imports a file; fails where the program ends by a signal, takes long, or leaves something behind."""
    before = set(os.listdir(folder))
    process = subprocess.Popen([program, "import", source, "-o", "out.safetensors"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    messages = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status = os.waitstatus_to_exitcode(status)
    # The processor time of the workers is part of it. Time on the wall belongs to the machine.
    seconds = usage.ru_utime + usage.ru_stime
    assert status in expected, f"exit {status}: {messages}"
    assert seconds < CPU_SECONDS, f"{seconds} s of processor time: {messages}"
    assert status == 0 or messages.startswith("error: ") or "\nerror: " in messages or status == 1, messages
    left = set(os.listdir(folder)) - before
    assert left == ({"out.safetensors"} if status == 0 else set()), (status, left, messages)
    if status == 0:
        (folder / "out.safetensors").unlink()
    return status


def spread(jobs, count=2) -> list:
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda job: job(), jobs))


def test_the_undamaged_containers_hold_one_network(attnconv, containers):
    contents = set()
    for source in set(CONTAINERS.values()):
        with safe_open(attnconv.import_(containers / source, "--force"), "pt") as checkpoint:
            contents.add(checkpoint.metadata()["attnconv.content"])
    assert len(contents) == 1


@pytest.mark.parametrize("damaged", CONTAINERS)
def test_flipped_bits(attnconv, containers, tmp_path, damaged):
    content = (containers / damaged).read_bytes()

    def job(seed):
        folder = tmp_path / f"{seed}"
        folder.mkdir()
        for name in os.listdir(containers):
            if name.startswith("shards") and damaged.startswith("shards"):
                os.link(containers / name, folder / name)
        draw = random.Random(seed)
        changed = bytearray(content)
        for _ in range(draw.choice((1, 1, 1, 8))):
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        (folder / damaged).unlink(missing_ok=True)
        (folder / damaged).write_bytes(changed)
        status = run(attnconv.executable, folder, CONTAINERS[damaged])
        shutil.rmtree(folder)
        return status

    statuses = spread([lambda seed=seed: job(seed) for seed in range(SEEDS)])
    assert len(statuses) == SEEDS and 2 in statuses


# Every other length of a small HDF5 file; of an archive, whose directory stands at the end, fewer.
@pytest.mark.parametrize("name, step", [("../hostile/hdf5/soft-link/file.h5", 2), ("keras3.deflated.keras", 7)])
def test_truncation(attnconv, tmp_path, name, step):
    content = (FIXTURES / "keras" / name).read_bytes()

    def job(length):
        folder = tmp_path / f"{length}"
        folder.mkdir()
        (folder / "cut").write_bytes(content[:length])
        run(attnconv.executable, folder, "cut", (2,))
        shutil.rmtree(folder)

    spread([lambda length=length: job(length) for length in range(0, len(content), step)])

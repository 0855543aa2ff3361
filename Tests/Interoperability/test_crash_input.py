"""Inputs that change while they are read, and inputs and directories that may not be touched."""
import os
import random
import shutil
import subprocess
import time

import crash_runs
import pytest

CHANGED = "the file changed while it was being read"


def cut(path):
    os.truncate(path, path.stat().st_size // 3)


def empty(path):
    os.truncate(path, 0)


def grow(path):
    with open(path, "ab") as file:
        file.write(b"\0" * 4096)


def rewrite(path):
    """Other bytes of the same number, in the same file."""
    with open(path, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(size // 2)
        file.write(os.urandom(size - size // 2))


def replace(path):
    """Another file takes the name: whoever has opened the old one may go on with that."""
    other = path.with_name("replacement")
    other.write_bytes(b"another file")
    other.replace(path)


def is_open(path, process) -> bool:
    folder = f"/proc/{process}/fd"
    try:
        return any(os.readlink(f"{folder}/{number}") == str(path) for number in os.listdir(folder))
    except FileNotFoundError:  # closed meanwhile, or the process has ended
        return False


CASES = [
    ("import", "network.pth"), ("import, Keras", "network.h5"), ("export, PyTorch", "network.safetensors"),
    ("export, Keras", "network.safetensors"), ("run", "checkpoint.safetensors"), ("verify --report", "checkpoint.safetensors"),
    ("pin", "reference.safetensors"),
]


@pytest.mark.parametrize("change", [cut, empty, grow, rewrite, replace], ids=lambda change: change.__name__)
@pytest.mark.parametrize("name, source", CASES, ids=[case[0] for case in CASES])
def test_a_source_that_changes_while_it_is_read_is_an_error(stage, name, source, change):
    writer = crash_runs.writer(name)
    dice = random.Random(f"{name} {change.__name__}")
    path = stage.folder / source
    seconds = stage.states[name]["seconds"]
    refused = 0
    for number in range(12):
        replacing = number % 2 == 1
        stage.prepare(writer, replacing)
        process = subprocess.Popen(writer.command(replacing), cwd=stage.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        # What changes before it is opened is just another file.
        while process.poll() is None and not is_open(path, process.pid):
            pass
        time.sleep(seconds * (number + dice.random()) / 24)
        change(path)
        messages = process.communicate(timeout=20)[1]
        path.write_bytes(stage.sources[source])
        # 1 where the verdict is about what was there at the beginning of the run.
        assert process.returncode in (writer.status, 1, 2), (process.returncode, messages)
        if process.returncode == 2:
            refused += 1
            assert messages.startswith("error: ") and "Fatal" not in messages, messages
        if writer.name == "verify --report" and process.returncode:
            # The page says that nothing could be verified.
            page = (stage.folder / writer.target).read_bytes() if (stage.folder / writer.target).exists() else b""
            assert page == (stage.states[name][True][0] if replacing else b"") or b"</html>" in page[-20:]
            (stage.folder / writer.target).unlink(missing_ok=True)
            continue
        outcome, left = stage.check(writer, replacing)
        assert left == 0 and (outcome == "new") == (process.returncode == writer.status), (outcome, left, messages)
    assert refused >= 1 or change is replace, f"{refused} of 12 runs noticed"


def test_a_checkpoint_that_is_cut_while_it_is_mapped_is_an_error(stage, tmp_path):
    """The program is stopped after it has mapped the file, and goes on when the file is shorter."""
    for command, status in ((("export", "c.safetensors", "--to", "pytorch", "-o", "out.pth"), 2), (("export", "c.safetensors", "--to", "pytorch", "-o", "out.pth", "--json"), 2)):
        path = tmp_path / "c.safetensors"
        shutil.copy(stage.folder / "network.safetensors", path)
        process = subprocess.Popen([crash_runs.EXECUTABLE, *command], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        maps = f"/proc/{process.pid}/maps"
        while process.poll() is None and str(path) not in open(maps).read():
            pass
        process.send_signal(19)
        os.truncate(path, 4096)
        process.send_signal(18)
        output, messages = process.communicate(timeout=20)
        assert process.returncode == status, (process.returncode, messages)
        assert messages == "error: c.safetensors: the file changed while it was being read\nhint: wait until it is written completely, then try again\n"
        assert ('"identifier": "changed"' in output) == ("--json" in command), output
        assert [found.name for found in tmp_path.iterdir()] == ["c.safetensors"]

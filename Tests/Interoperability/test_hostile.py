"""The hostile corpus on the program as it is shipped: the large files too, and what the program asks the system for.

What it says to large files is recorded with `ATTNCONV_RECORD_GOLDEN=1 pytest test_hostile.py -k large`, and then read."""
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from conftest import FIXTURES, ROOT

CORPUS = FIXTURES / "hostile"
CANARY = pathlib.Path("/tmp/attnconv-canary")
SECONDS, MEGABYTES = 5, 512
# On the wall, where other tests run beside it: only to end what hangs.
PATIENCE = 60

CASES = sorted(path.parent for path in CORPUS.glob("*/*/expected.json") if path.parts[-3] != "large")
LARGE = sorted(path.parent for path in CORPUS.glob("large/*/*/expected.json"))


def name(folder: pathlib.Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


@pytest.fixture(scope="session")
def large(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("large")
    # h5py, which writes the large HDF5 files.
    python = os.environ.get("KERAS3_PYTHON", str(ROOT / ".venv-keras3/bin/python"))
    subprocess.run([python, CORPUS / "generate.py", "--large", folder], check=True)
    return folder


def prepare(files: pathlib.Path, tmp_path: pathlib.Path) -> dict[str, int]:
    """Copies the input files of a case to an empty folder; their names with their sizes."""
    CANARY.unlink(missing_ok=True)
    for path in files.iterdir():
        if not path.name.startswith("expected."):
            # Large ones stay where they are, and sparse.
            os.link(path, tmp_path / path.name) if path.stat().st_size > 65536 else shutil.copy(path, tmp_path)
    return {path.name: path.stat().st_size for path in tmp_path.iterdir()}


def check(attnconv, case: pathlib.Path, files: pathlib.Path, tmp_path: pathlib.Path) -> None:
    expected = json.loads((case / "expected.json").read_text())
    inputs = prepare(files, tmp_path)
    runner = pathlib.Path(__file__).with_name("hostile_run.py")
    result = subprocess.run([sys.executable, "-ISB", runner, str(PATIENCE), attnconv.executable, *expected["arguments"]], cwd=tmp_path, check=True, capture_output=True, text=True)
    run = json.loads(result.stdout)
    said = run["output"] + run["messages"]
    assert run["status"] == expected["exit"], (run["status"], said, expected["why"])
    if os.environ.get("ATTNCONV_RECORD_GOLDEN") == "1" and case in LARGE:
        (case / "expected.txt").write_text(said)
    assert expected.get("varies") or said == (case / "expected.txt").read_text()
    assert all(phrase in said for phrase in expected["says"])
    assert run["seconds"] < SECONDS and run["megabytes"] < MEGABYTES, (run["seconds"], run["megabytes"])
    assert {path.name for path in tmp_path.iterdir()} == set(inputs) | set(expected.get("writes", []))
    assert all((tmp_path / file).stat().st_size == size for file, size in inputs.items())
    assert not CANARY.exists(), "a payload ran"


@pytest.mark.parametrize("case", CASES, ids=name)
def test_small_files(attnconv, tmp_path, case):
    check(attnconv, case, case, tmp_path)


@pytest.mark.parametrize("case", LARGE, ids=name)
def test_large_files(attnconv, large, tmp_path, case):
    check(attnconv, case, large / case.parent.name / case.name, tmp_path)


@pytest.mark.parametrize("case", ["legacy/no-data", "pickle-inert/os-system"])
def test_every_truncation(attnconv, tmp_path, case):
    """A family, not counted among the cases: a legacy stream and an archive, cut at every byte."""
    content = (CORPUS / case / "input.pth").read_bytes()
    for length in range(len(content)):
        (tmp_path / "input.pth").write_bytes(content[:length])
        result = attnconv.run("import", "input.pth")
        assert result.returncode == 2 and result.stderr.startswith("error: "), (length, result)
        assert [path.name for path in tmp_path.iterdir()] == ["input.pth"]


# What the runtime and its libraries look at in order to start, whatever the arguments are, and the state of threads, of
# which the runtime counts those that are ready to run.
SYSTEM_PLACES = re.compile(r"/(etc/ld\.so\.|proc/\d+/stat$|lib|usr/lib|proc/self/|proc/meminfo|proc/cpuinfo|proc/sys/vm/overcommit_memory|dev/null|dev/urandom|sys/devices/system/cpu|sys/fs/cgroup|sys/kernel/mm)")
OPENED = re.compile(r'(?:open|openat|openat2|creat)\((?:(?:AT_FDCWD|\d+)(?:<(?P<base>[^>]*)>)?, )?"(?P<path>[^"]*)", (?P<flags>\{?[A-Za-z_=|0-9]+)')
EXECUTED = re.compile(r"\bexecve(?:at)?\(\"(?P<path>[^\"]*)\", \[(?P<words>[^\]]*)\]")
TRACED = "open,openat,openat2,creat,execve,execveat,socket,socketpair,connect,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir,mkdirat,chmod,fchmodat"


def can_trace(tmp_path) -> bool:
    return shutil.which("strace") is not None and subprocess.run(["strace", "-o", tmp_path / "probe", "true"], capture_output=True).returncode == 0


@pytest.fixture
def traced(tmp_path_factory):
    if not can_trace(tmp_path_factory.mktemp("probe")):
        pytest.skip("strace is not installed or ptrace is forbidden here")


def calls(attnconv, arguments, folder: pathlib.Path, log: pathlib.Path) -> list[str]:
    command = ["strace", "-f", "-qq", "-y", "-s", "4096", "-e", f"trace={TRACED}", "-o", log, attnconv.executable.resolve(), *arguments]
    subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
    return log.read_text(errors="replace").splitlines()


def libraries(attnconv) -> set[str]:
    """The libraries that the program is linked with, wherever they are installed."""
    listed = subprocess.run(["ldd", attnconv.executable], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"(/[^ ]+)", listed))


@pytest.mark.parametrize("group", sorted({case.parent.name for case in CASES}))
def test_nothing_but_the_arguments_is_touched(attnconv, traced, tmp_path, group):
    """No file is opened but the inputs, the output and what the runtime needs, no program runs but the program's own
    worker, and there is no socket: for every case of a class."""
    opened = collections.Counter()
    linked = libraries(attnconv)
    for case in (case for case in CASES if case.parent.name == group):
        folder = tmp_path / case.name
        folder.mkdir()
        expected = json.loads((case / "expected.json").read_text())
        inputs = prepare(case, folder)
        allowed = {str(folder / file) for file in [*inputs, *expected.get("writes", [])]}
        lines = calls(attnconv, expected["arguments"], folder, tmp_path / "log")
        assert any("execve" in line for line in lines), "strace saw nothing"
        for line in lines:
            _, _, call = line.partition(" ")
            call = call.strip()
            if match := OPENED.match(call):
                path = os.path.normpath(os.path.join(match["base"] or folder, match["path"]))
                opened[path] += 1
                # Libraries are looked for beside the program first, a shard or pinned file beside the file that names it.
                if "= -1 ENOENT" in call and (".so" in os.path.basename(path) or os.path.dirname(path) == str(folder)):
                    continue
                writes = re.search(r"O_WRONLY|O_RDWR|O_CREAT", match["flags"])
                # Where the output will be: a file without a name, the folder itself, or a temporary name in it.
                own = os.path.dirname(path) == str(folder) and os.path.basename(path).startswith(".attnconv-")
                own = own or path == str(folder)
                if writes:
                    assert own or path in {str(folder / file) for file in expected.get("writes", [])} or path == "/dev/null" or "O_TMPFILE" in call, line
                else:
                    assert own or path in allowed or path in linked or SYSTEM_PLACES.match(path), line
            elif match := EXECUTED.match(call):
                assert match["path"] == str(attnconv.executable.resolve()) or match["path"] == "/proc/self/exe", line
                worker = match["words"].split(", ")[1:2]
                assert line == lines[0] or worker in [['"__hdf5-index"'], ['"__hdf5-read"']], line
            elif re.match(r"(open|openat|openat2|creat)\(", call):
                pytest.fail(f"not understood: {line}")
            elif re.match(r"(socket|socketpair|connect)\(", call):
                pytest.fail(line)
            elif re.match(r"(un)?link|rename|symlink|mkdir|chmod", call):
                # Without an output, only files of its own under temporary names.
                paths = re.findall(r'"([^"]*)"', call)
                assert expected.get("writes") or all(os.path.basename(path).startswith(".attnconv-") for path in paths), line
        assert not CANARY.exists(), "a payload ran"
        shutil.rmtree(folder)
    assert any(path.endswith(file) for path in opened for file in inputs), "the inputs were never opened"


def test_the_trace_sees_what_it_forbids(attnconv, traced, tmp_path):
    """A program that does open another file, runs another and makes a socket shows all three."""
    script = tmp_path / "program"
    script.write_text(f"#!{sys.executable} -IS\nimport os, socket\nopen('/etc/hostname')\nsocket.socket()\nos.spawnl(os.P_WAIT, '/bin/true', 'true')\n")
    script.chmod(0o755)
    fake = type("Fake", (), {"executable": script})
    text = "\n".join(calls(fake, [], tmp_path, tmp_path / "log"))
    assert "/etc/hostname" in text and "socket(" in text and '"/bin/true"' in text

"""A full disk, no more inodes, a limit on file sizes, a read-only disk: exit 2, a message that says what is missing and what
to do, the old file as it was, nothing left."""
import collections
import hashlib
import subprocess

import crash_mounts
import crash_runs
import crash_trace
import pytest

NO_SPACE = "no space left on device"
SPACE_HINT = "hint: free some space (see df and df -i), or write to another disk"
LIMIT_HINT = "hint: raise the limit on the size of files (see ulimit -f), or write to a disk that holds larger files"
READ_ONLY_HINT = "hint: choose a directory that exists and can be written to"


@pytest.fixture(scope="module", autouse=True)
def mounting(tmp_path_factory):
    if not crash_mounts.allowed(tmp_path_factory.mktemp("probe")):
        pytest.skip("this machine forbids mounting")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def job(stage, tmp_path, writer, replacing, mount, **options) -> dict:
    """The inputs stay on the disk of the test; only the output goes to the one that is mounted."""
    inputs = set(stage.sources)
    arguments = [str(stage.folder / word) if word in inputs else word for word in writer.arguments]
    # A pin file names what it pins relative to itself.
    files = {}
    if replacing:
        old = tmp_path / "old"
        old.write_bytes(stage.states[writer.name][True][0])
        files[writer.target] = str(old)
    if writer.name == "pin":
        arguments += ["--pins", writer.target]
    return {"mount": mount, "files": files, "arguments": [*arguments, *(writer.force if replacing else ())], **options}


def check_refusals(stage, writer, replacing, jobs, results, message, hint):
    """All runs fail as a whole, and say so."""
    old = {writer.target: sha256(stage.states[writer.name][True][0])} if replacing else {}
    for case, result in zip(jobs, results):
        assert result["status"] == 2, (case["mount"], result)
        assert message in result["errors"] and hint in result["errors"].splitlines(), result["errors"]
        assert result["files"] == old, (case["mount"], result["files"])


# Commands that reserve room. Many file systems cannot do that, and a full disk is then met while writing.
RESERVING = ["import", "import, Keras", "export, PyTorch", "export, Keras"]


@pytest.mark.parametrize("replacing", [False, True], ids=["new", "replacing"])
@pytest.mark.parametrize("name, late", [(name, False) for name in crash_runs.NAMES] + [(name, True) for name in RESERVING])
def test_a_full_disk_of_any_size_changes_nothing(stage, tmp_path, name, late, replacing):
    prefix, log = [], tmp_path / "log"
    if late:
        crash_trace.require()
        prefix = ["strace", "-f", "-qq", "-A", "-o", str(log), "-e", "trace=fallocate", "-e", "inject=fallocate:error=EOPNOTSUPP"]
    writer = crash_runs.writer(name)
    old, new = stage.states[name][replacing]
    page = 4096
    # A tmpfs holds whole pages: from one, which is nothing but the directory's own, to one too few.
    used = -(-len(old or b"") // page)
    needed = -(-len(new) // page)
    rooms = sorted({0, 1, needed // 3, needed * 2 // 3, needed - 1} & set(range(needed)))
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(pages):
        return ["-t", "tmpfs", "-o", f"size={max(1, pages + used) * page},nr_inodes=100", "none"]

    if not replacing and 0 in rooms:
        # No tmpfs is smaller than a page.
        rooms.remove(0)
    jobs = [job(stage, tmp_path, writer, replacing, mount(room), prefix=prefix) for room in rooms]
    jobs += [job(stage, tmp_path, writer, replacing, ["-t", "tmpfs", "-o", "size=64m", "none"], prefix=prefix)]
    results = crash_mounts.run(jobs, folder, crash_runs.EXECUTABLE)
    check_refusals(stage, writer, replacing, jobs[:-1], results[:-1], NO_SPACE, SPACE_HINT)
    last = results[-1]
    assert last["status"] == writer.status and list(last["files"]) == [writer.target], last
    assert not late or "(INJECTED)" in log.read_text(), "nothing failed, so nothing was shown"
    outcomes = collections.Counter({"old" if replacing else "absent": len(rooms), "new": 1})
    crash_runs.tally("full disk" + (", met late" if late else "") + (", replacing" if replacing else ""), name, len(jobs), 0, len(rooms), 1, outcomes, 0)


@pytest.mark.parametrize("name", ["import", "import, Keras", "export, Keras", "pin", "verify --report"])
def test_a_disk_without_inodes_changes_nothing(stage, tmp_path, name):
    writer = crash_runs.writer(name)
    folder = tmp_path / "disk"
    folder.mkdir()
    # The directory itself takes one, and the old file another.
    jobs = [
        job(stage, tmp_path, writer, replacing, ["-t", "tmpfs", "-o", f"size=64m,nr_inodes={1 + replacing}", "none"])
        for replacing in (False, True)
    ]
    for replacing, case in zip((False, True), jobs):
        results = crash_mounts.run([case], folder, crash_runs.EXECUTABLE)
        check_refusals(stage, writer, replacing, [case], results, NO_SPACE, SPACE_HINT)


@pytest.mark.parametrize("replacing", [False, True], ids=["new", "replacing"])
@pytest.mark.parametrize("name", crash_runs.NAMES)
def test_a_limit_on_the_size_of_files_is_an_ordinary_error(stage, tmp_path, name, replacing):
    """Beyond it the system sends SIGXFSZ, which ends whoever does not ask it not to."""
    writer = crash_runs.writer(name)
    old, new = stage.states[name][replacing]
    folder = tmp_path / "disk"
    folder.mkdir()
    limits = sorted({0, 1, len(new) // 2, len(new) - 1})
    jobs = [job(stage, tmp_path, writer, replacing, ["-t", "tmpfs", "none"], limit=limit) for limit in limits]
    if name == "pin":
        # What it writes depends on where the files are.
        jobs = jobs[:2]
    results = crash_mounts.run(jobs, folder, crash_runs.EXECUTABLE)
    check_refusals(stage, writer, replacing, jobs, results, "file too large", LIMIT_HINT)


@pytest.mark.parametrize("name", crash_runs.NAMES)
def test_a_read_only_disk_is_an_ordinary_error(stage, tmp_path, name):
    writer = crash_runs.writer(name)
    folder = tmp_path / "disk"
    folder.mkdir()
    jobs = [
        job(stage, tmp_path, writer, replacing, ["-t", "tmpfs", "none"], then=[["mount", "-o", "remount,ro", "FOLDER"]])
        for replacing in (False, True)
    ]
    for replacing, case in zip((False, True), jobs):
        results = crash_mounts.run([case], folder, crash_runs.EXECUTABLE)
        check_refusals(stage, writer, replacing, [case], results, "read-only file system", READ_ONLY_HINT)

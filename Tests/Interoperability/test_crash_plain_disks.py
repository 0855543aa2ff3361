"""File systems without unnamed files (`O_TMPFILE`), without hard links, or without both: made by errors that strace puts in
the place of the calls, and really, where this machine mounts an overlay.
"""
import collections
import signal
import subprocess
import time

import crash_mounts
import crash_runs
import crash_trace
import pytest

# An answer of vfat, NFS or old overlays to O_TMPFILE; of vfat and exFAT to links; of 9p and some sandboxes to naming an
# unnamed file.
UNNAMED, LINKS, NAMING = "openat:error=EOPNOTSUPP", "link:error=EPERM", "linkat:error=EPERM"
EXCLUSIVELY = "renameat2:error=EINVAL"
CALLS = "openat,link,linkat,rename,renameat2,unlink,fsync"
KINDS = {
    "no-unnamed-files": [UNNAMED],
    "no-unnamed-files-no-links": [UNNAMED, LINKS],
    "no-unnamed-files-no-links-no-exclusive-rename": [UNNAMED, LINKS, EXCLUSIVELY],
    "no-links-of-unnamed-files": [NAMING],
    "no-links-at-all": [NAMING, LINKS],
}


@pytest.fixture(scope="module", autouse=True)
def tracing():
    crash_trace.require()


def command(stage, writer, replacing, injections) -> tuple:
    """The arguments with an absolute output, whose directory is then a path of its own in the calls."""
    target = stage.folder / writer.target
    words = [target if word == writer.target else word for word in writer.command(replacing)]
    if writer.name == "pin":
        words += ["--pins", target]
    # Only opening the directory fails, and not opening what lies in it.
    paths = ["-P", stage.folder, "-P", target] if UNNAMED in injections else []
    return words, paths


def begin(stage, writer, replacing, injections, log) -> subprocess.Popen:
    words, paths = command(stage, writer, replacing, injections)
    options = [option for injection in injections for option in ("-e", f"inject={injection}")]
    options += ["-f", "-qq", "-o", log, "-e", f"trace={CALLS}", "-e", "signal=none", *paths]
    return subprocess.Popen(["strace", *options, *words], cwd=stage.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


WRITERS = ["import", "import, Keras", "export, Keras", "pin", "verify --report"]
# The failing call is told by its path, and these two open the target to read it too.
READERS = {"pin", "verify --report"}


@pytest.mark.parametrize("replacing", [False, True], ids=["new", "replacing"])
@pytest.mark.parametrize("kind, name", [(kind, name) for kind in KINDS for name in WRITERS if UNNAMED not in KINDS[kind] or name not in READERS])
def test_the_file_appears_all_the_same_and_nothing_is_left(stage, tmp_path, kind, name, replacing):
    writer = crash_runs.writer(name)
    stage.prepare(writer, replacing)
    process = begin(stage, writer, replacing, KINDS[kind], tmp_path / "log")
    messages = process.communicate(timeout=60)[1]
    assert process.returncode == writer.status, messages
    log = (tmp_path / "log").read_text()
    assert "(INJECTED)" in log, "nothing failed, so nothing was shown"
    assert stage.check(writer, replacing) == ("new", 0)


@pytest.mark.parametrize("kind", KINDS)
def test_an_existing_file_is_never_replaced_without_force(stage, tmp_path, kind):
    """The other file appears while the program is at work."""
    writer = crash_runs.writer("import")
    target = stage.folder / writer.target
    log = tmp_path / "log"
    process = begin(stage, writer, False, KINDS[kind], log)
    # As soon as there is a file that is no input, named or not, the check for an older one has been made.
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end and not (log.exists() and "O_TMPFILE" in log.read_text()):
        time.sleep(0.0005)
    target.write_bytes(b"somebody else's file")
    messages = process.communicate(timeout=60)[1]
    found = target.read_bytes()
    target.unlink()
    left = stage.names() - set(stage.sources)
    assert not left, left
    if process.returncode == 0:
        pytest.fail("the program replaced a file that appeared meanwhile, or was done before")
    assert process.returncode == 2 and "the output file already exists" in messages, messages
    assert found == b"somebody else's file"


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in READERS])
def test_signals_remove_the_temporary_file(stage, tmp_path, name):
    """Here the file has a name from the beginning. SIGKILL leaves it, every other ending takes it away."""
    writer = crash_runs.writer(name)
    outcomes, left = collections.Counter(), 0
    for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        for delay in (0.0, 0.002, 0.01):
            stage.prepare(writer, True)
            process = begin(stage, writer, True, KINDS["no-unnamed-files"], tmp_path / "log")
            end = time.monotonic() + 20
            while process.poll() is None and time.monotonic() < end and not any(crash_runs.LEFTOVER.fullmatch(entry) for entry in stage.names()):
                pass
            time.sleep(delay)
            program = child(process.pid)
            if program:
                subprocess.run(["kill", f"-{sent.value}", str(program)], stderr=subprocess.DEVNULL)
            process.communicate(timeout=60)
            crash_runs.wait_for_no_worker(stage.folder)
            outcome, count = stage.check(writer, True)
            assert count == 0 or sent == signal.SIGKILL, f"{sent!r} left {count} temporary files"
            outcomes[outcome] += 1
            left += count
    crash_runs.tally("signals, no O_TMPFILE", name, 12, 0, 12, 0, outcomes, left)


def child(tracer: int):
    """The program that strace runs."""
    try:
        found = open(f"/proc/{tracer}/task/{tracer}/children").read().split()
    except OSError:
        return None
    return int(found[0]) if found else None


def test_an_overlay_is_a_disk_like_any_other(stage, tmp_path):
    for name in ("upper", "work", "lower", "disk"):
        (tmp_path / name).mkdir()
    mount = ["-t", "overlay", "-o", f"lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work", "none"]
    probe = subprocess.run([*crash_mounts.namespace(), "mount", *mount, tmp_path / "disk"], capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"this machine mounts no overlay here: {probe.stderr.strip()}")
    for name in ("import", "import, Keras", "export, Keras"):
        writer = crash_runs.writer(name)
        arguments = [str(stage.folder / word) if word in stage.sources else word for word in writer.arguments]
        (result,) = crash_mounts.run([{"mount": mount, "arguments": arguments}], tmp_path / "disk", crash_runs.EXECUTABLE)
        assert result["status"] == 0 and list(result["files"]) == [writer.target], result
        (tmp_path / "upper" / writer.target).unlink()

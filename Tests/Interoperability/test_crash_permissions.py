"""Places that may not be read or written: exit 2, a message that names the place, nothing changed."""
import os
import pathlib
import shutil
import subprocess

import crash_runs
import pytest

NOBODY = 65534
WRITABLE = "hint: choose a directory that exists and can be written to"


@pytest.fixture
def place(stage, tmp_path):
    """A folder with a small network, which everybody may use, as may those above it."""
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.geteuid() and path != pathlib.Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    shutil.copy(stage.folder / "network.safetensors", tmp_path / "network.safetensors")
    tmp_path.chmod(0o777)
    return tmp_path


def run(folder, *arguments, before=""):
    """Runs the program as a user without privileges, for whom permissions hold."""
    command = ["sh", "-c", f'{before}\nexec "$@"', "sh", str(crash_runs.EXECUTABLE), *map(str, arguments)]
    if os.geteuid() == 0:
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20)


def export(folder, target, *options, source="network.safetensors", before=""):
    return run(folder, "export", source, "--to", "pytorch", "-o", target, *options, before=before)


def check(result, message, hint=None):
    assert result.returncode == 2, (result.returncode, result.stderr)
    lines = result.stderr.splitlines()
    assert lines[0] == f"error: {message}" and lines[1:] == ([hint] if hint else []), result.stderr


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["new", "replacing"])
def test_a_directory_that_may_not_be_written(place, force):
    closed = place / "closed"
    closed.mkdir()
    if force:
        (closed / "out.pth").write_bytes(b"old")
    closed.chmod(0o555)
    check(export(place, "closed/out.pth", *force), "closed: cannot create a file in this directory: permission denied", WRITABLE)
    assert {path.name: path.read_bytes() for path in closed.iterdir()} == ({"out.pth": b"old"} if force else {})
    closed.chmod(0o777)


def test_a_directory_that_may_not_be_searched(place):
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    closed.chmod(0o600 if os.geteuid() else 0o700)
    check(export(place, "closed/out.pth"), "closed: cannot create a file in this directory: permission denied", WRITABLE)
    closed.chmod(0o700)


def test_a_source_that_may_not_be_read(place):
    (place / "network.safetensors").chmod(0)
    check(export(place, "out.pth"), "network.safetensors: permission denied")
    assert sorted(os.listdir(place)) == ["network.safetensors"]


def test_a_file_of_somebody_else_in_a_directory_of_ours_is_replaced(place):
    """As with `mv`: the directory decides, and the old file may be read only."""
    (place / "out.pth").write_bytes(b"old")
    (place / "out.pth").chmod(0o400)
    assert export(place, "out.pth", "--force").returncode == 0
    assert (place / "out.pth").stat().st_size > 1000


def test_a_sticky_directory_protects_the_files_of_others(place):
    """As `/tmp`. The file can be written under a temporary name, but not take the place of the old one."""
    if os.geteuid():
        pytest.skip("takes two users")
    (place / "out.pth").write_bytes(b"old")
    place.chmod(0o1777)
    check(export(place, "out.pth", "--force"), "out.pth: cannot write: operation not permitted", WRITABLE)
    assert (place / "out.pth").read_bytes() == b"old" and sorted(os.listdir(place)) == ["network.safetensors", "out.pth"]


@pytest.mark.parametrize(
    "make, message, hint",
    [
        (lambda path: path.mkdir(), "found a directory where the output file should go", "hint: name a file with -o"),
        (os.mkfifo, "found a special file where the output file should go", "hint: name a file with -o"),
        (lambda path: path.symlink_to("/dev/full"), "found a special file where the output file should go", "hint: name a file with -o"),
        (lambda path: path.symlink_to("."), "found a directory where the output file should go", "hint: name a file with -o"),
    ],
    ids=["directory", "fifo", "device", "link-to-directory"],
)
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["plain", "force"])
def test_what_is_no_file_is_never_an_output(place, make, message, hint, force):
    make(place / "out.pth")
    before = (place / "out.pth").lstat()
    check(export(place, "out.pth", *force), f"out.pth: {message}", hint)
    assert (place / "out.pth").lstat().st_ino == before.st_ino and len(os.listdir(place)) == 2


def test_dev_full_is_never_an_output(place):
    check(export(place, "/dev/full", "--force"), "/dev/full: found a special file where the output file should go", "hint: name a file with -o")


def test_a_dangling_link_is_a_name_that_exists(place):
    """It is not followed: without --force nothing happens, with --force the link itself is replaced."""
    (place / "out.pth").symlink_to("elsewhere")
    check(export(place, "out.pth"), "out.pth: the output file already exists", "hint: use --force to replace it, or -o to name another")
    assert (place / "out.pth").is_symlink() and sorted(os.listdir(place)) == ["network.safetensors", "out.pth"]
    assert export(place, "out.pth", "--force").returncode == 0
    assert not (place / "out.pth").is_symlink() and sorted(os.listdir(place)) == ["network.safetensors", "out.pth"]


def test_a_source_that_is_a_fifo_is_not_waited_for(place):
    os.mkfifo(place / "pipe")
    check(export(place, "out.pth", source="pipe"), "pipe: not a regular file", "hint: save the data to a file first")


def test_a_working_directory_that_was_removed(place):
    result = export(place, "out.pth", source=place / "network.safetensors", before=f'mkdir gone && cd gone && rmdir "{place}/gone"')
    check(result, ".: cannot create a file in this directory: no such file or directory", WRITABLE)


def test_the_output_may_take_the_name_of_its_source(place):
    """Both are open at once, and the source keeps its bytes to the end."""
    assert export(place, "network.safetensors", "--force").returncode == 0
    assert (place / "network.safetensors").read_bytes()[:4] == b"PK\x03\x04"

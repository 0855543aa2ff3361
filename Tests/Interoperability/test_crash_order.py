"""What the program asks of the system, and in which order: bytes reach the disk before their name appears, the name before
the program says that it is done; and SIGKILL in the place of any of these calls leaves the old or the new file.
"""
import collections
import re
import signal

import crash_runs
import crash_trace
import pytest

# Calls that change a file or a directory, or that make such a change last.
CALLS = "openat,open,creat,write,pwrite64,ftruncate,fallocate,fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,close"
NAMING = ("linkat", "link", "rename", "renameat", "renameat2")


@pytest.fixture(scope="module", autouse=True)
def tracing():
    crash_trace.require()


def trace(stage, writer, replacing, log, *injections):
    stage.prepare(writer, replacing)
    result = crash_trace.run(writer.command(replacing), stage.folder, CALLS, log, *injections)
    return result, crash_trace.parse(log)


@pytest.mark.parametrize("replacing", [False, True], ids=["new", "replacing"])
@pytest.mark.parametrize("name", crash_runs.NAMES)
def test_bytes_reach_the_disk_before_the_name_and_the_name_before_the_end(stage, tmp_path, name, replacing):
    writer = crash_runs.writer(name)
    result, calls = trace(stage, writer, replacing, tmp_path / "log")
    assert result.returncode == writer.status, result.stderr
    names = [place for place, call in enumerate(calls) if call[1] in NAMING and call[3] == 0 and writer.target in call[2].split(", ")[-2 if call[1] == "linkat" else -1]]
    assert len(names) == 1, [calls[place] for place in names]
    named = names[0]
    # Where a file is replaced, the nameless file got a temporary name just before.
    sources = [call for call in calls[:named + 1] if call[1] == "linkat" and call[3] == 0]
    descriptor = re.search(r'"/proc/self/fd/(\d+)"', sources[-1][2])
    opened = max(place for place, call in enumerate(calls[:named]) if call[1] == "openat" and "O_TMPFILE" in call[2] and call[3] == int(descriptor[1]) )
    mine = [(place, call) for place, call in enumerate(calls) if place > opened and re.match(rf"{descriptor[1]}<", call[2]) and place < named + 3]
    written = [place for place, call in mine if call[1] in ("write", "pwrite64", "ftruncate", "fallocate")]
    synced = [place for place, call in mine if call[1] == "fsync" and call[3] == 0]
    assert written or "Keras" in name, mine
    assert len(synced) == 1 and all(place < synced[0] for place in written) and synced[0] < named, (written, synced, named)
    after = [call for call in calls[named + 1:] if call[1] == "fsync" and call[3] == 0]
    assert len(after) == 1 and re.match(rf"\d+<{re.escape(str(stage.folder))}>", after[0][2]), after
    assert stage.check(writer, replacing) == ("new", 0)


def killed_at(call, number):
    return f"{call}:signal=SIGKILL:when={number}"


@pytest.mark.parametrize("replacing", [False, True], ids=["new", "replacing"])
@pytest.mark.parametrize("name", ["import", "export, PyTorch", "export, Keras", "pin"])
def test_a_kill_at_any_call_that_matters_leaves_the_old_or_the_new_file(stage, tmp_path, name, replacing):
    """The calls from the first byte to the last are killed once each: the first and the last of those of a kind that are many."""
    writer = crash_runs.writer(name)
    _, calls = trace(stage, writer, replacing, tmp_path / "log")
    stage.check(writer, replacing)
    outcomes, moments, left = collections.Counter(), collections.Counter(), 0
    for call in ("ftruncate", "pwrite64", "fsync", *NAMING, "unlink"):
        # strace counts the calls of each thread.
        threads = collections.Counter(found[0] for found in calls if found[1] == call)
        most = max(threads.values(), default=0)
        for number in sorted({1, 2, 3, most - 1, most} & set(range(1, most + 1))):
            result, _ = trace(stage, writer, replacing, tmp_path / "log", killed_at(call, number))
            assert result.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL, writer.status, 2), (call, number, result.returncode, result.stderr)
            crash_runs.wait_for_no_worker(stage.folder)
            outcome, count = stage.check(writer, replacing)
            killed = result.returncode not in (writer.status, 2)
            moments["writing" if killed else "after"] += 1
            # Only where a file is replaced does it have a temporary name, between two calls.
            assert count == 0 or (replacing and call in ("rename", "renameat", "renameat2")), (call, number, count)
            outcomes[outcome] += 1
            left += count
    crash_runs.tally("SIGKILL at a call" + (", replacing" if replacing else ""), name, sum(moments.values()), 0, moments["writing"], moments["after"], outcomes, left)
    assert moments["writing"] >= 4, moments
    assert outcomes["new"] >= 1 and outcomes["old" if replacing else "absent"] >= 3, outcomes

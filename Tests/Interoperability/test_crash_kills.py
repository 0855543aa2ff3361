"""SIGKILL at any moment leaves the complete old file or the complete new one."""
import collections
import os
import pathlib
import random
import signal
import subprocess
import time

import crash_runs
import pytest

# The commands that the promise is about first; the others write in the same way.
KILLS = {name: 200 if name in ("import", "export, PyTorch", "export, Keras", "pin") else 40 for name in crash_runs.NAMES}


def moment(process: subprocess.Popen, folder: pathlib.Path) -> str:
    """How far a process is: before it has an output file, while it writes one, or after it has ended."""
    try:
        links = [os.readlink(link) for link in pathlib.Path(f"/proc/{process.pid}/fd").iterdir()]
    except OSError:
        return "after"
    if any(link.startswith(f"{folder}/") and (link.endswith(" (deleted)") or ".attnconv-" in link) for link in links):
        return "writing"
    return "after" if process.poll() is not None else "before"


@pytest.mark.parametrize("name", crash_runs.NAMES)
def test_a_kill_leaves_the_old_or_the_new_file(stage, name):
    writer = crash_runs.writer(name)
    dice = random.Random(f"kill {name}")
    moments, outcomes, left = collections.Counter(), collections.Counter(), 0
    for number in range(KILLS[name] + 20):
        # The last ones come later and later, up to 1.8 times the length of a run (of 60), where none was let to its end before.
        if number >= KILLS[name] and moments["after"] and outcomes["new"]:
            break
        # How long a run takes changes with what else the machine does.
        if number % 8 == 0:
            seconds = stage.measure(writer)
        replacing = number % 2 == 0
        stage.prepare(writer, replacing)
        # Evenly over the run and a little beyond, one in each slice, so that every phase is hit.
        delay = (number + dice.random()) / KILLS[name] * seconds * 1.2
        begin = time.perf_counter()
        process = subprocess.Popen(
            writer.command(replacing), cwd=stage.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(max(0, delay - (time.perf_counter() - begin)))
        when = moment(process, stage.folder)
        process.kill()
        status = process.wait()
        assert status in (-signal.SIGKILL, writer.status), status
        moments["after" if status == writer.status else when] += 1
        if "Keras" in name:
            crash_runs.wait_for_no_worker(stage.folder)
        outcome, count = stage.check(writer, replacing)
        outcomes[outcome] += 1
        left += count
    crash_runs.tally("SIGKILL", name, sum(moments.values()), moments["before"], moments["writing"], moments["after"], outcomes, left)
    # A test that kills too early or too late shows nothing.
    assert moments["before"] >= 1, moments
    assert moments["after"] >= 1 and outcomes["new"] >= 1, (moments, outcomes)
    assert outcomes["old"] >= 1 and outcomes["absent"] >= 1, outcomes
    if KILLS[name] == 200 and name != "pin":
        assert moments["writing"] >= KILLS[name] / 25, moments

"""Runs the program under strace: which calls it makes in which order, and what happens where one of them fails or is the
last one.
"""
import pathlib
import re
import shutil
import subprocess

import pytest

CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")


def require():
    """Skips a test where processes may not be traced; a missing strace is a fault of the environment."""
    assert shutil.which("strace"), "install strace (Tools/python-environment.sh does)"
    probe = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"this machine forbids ptrace: {probe.stderr.strip()}")


def run(command: list, folder: pathlib.Path, calls: str, log: pathlib.Path, *injections: str) -> subprocess.CompletedProcess:
    """Runs a command, writes down the calls, and injects what is asked for."""
    # Injections need every call to stop, which the filter of --seccomp-bpf prevents.
    options = [*([] if injections else ["--seccomp-bpf"]), "-f", "-qq", "-y", "-s", "0", "-o", log, "-e", f"trace={calls}", "-e", "signal=none"]
    for injection in injections:
        options += ["-e", f"inject={injection}"]
    return subprocess.run(["strace", *options, *command], cwd=folder, capture_output=True, text=True, timeout=60)


def parse(log: pathlib.Path) -> list:
    """The calls of a log, as (process, name, arguments, result), in the order in which they ended."""
    pending, calls = {}, []
    for line in log.read_text().splitlines():
        if line.endswith("<unfinished ...>"):
            process, _, rest = line.partition(" ")
            pending[process] = rest.strip().removesuffix("<unfinished ...>")
            continue
        if resumed := RESUMED.match(line):
            line = f"{resumed[1]} {pending.pop(resumed[1], '')}{resumed[3]}"
        if call := CALL.match(line):
            calls.append((call[1], call[2], call[3], int(call[4])))
    return calls

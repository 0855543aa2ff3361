"""Ctrl-C, a closed terminal and `kill` end the program with 130, 129 and 143; nothing is left behind, no worker either."""
import collections
import os
import pathlib
import random
import re
import signal
import subprocess
import time

import crash_runs
import pytest

ENDINGS = {signal.SIGINT: 130, signal.SIGHUP: 129, signal.SIGTERM: 143}
RUNS = 12


@pytest.fixture(scope="module", autouse=True)
def default_signals():
    """Undoes what a shell's `&` or `nohup` did to the tests: a signal that is ignored stays so in every child."""
    before = {number: signal.getsignal(number) for number in ENDINGS}
    ignored = [number for number, handler in before.items() if handler == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


def start(command, folder, **options) -> subprocess.Popen:
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **options}
    return subprocess.Popen(command, cwd=folder, **options)


def worker_of(process: subprocess.Popen, seconds: float = 20):
    """Waits until a worker of a process runs; `None` where the process ends before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        for thread in pathlib.Path(f"/proc/{process.pid}/task").glob("*/children"):
            try:
                found = thread.read_text().split()
            except OSError:
                continue
            if found:
                return int(found[0])
    return None


def confined(worker: int) -> bool:
    """Waits until a worker has given up its rights; `False` where it ends before."""
    while True:
        try:
            limits = pathlib.Path(f"/proc/{worker}/limits").read_text()
        except OSError:
            return False
        if not limits or re.search(r"Max open files +0 +0 ", limits):
            return bool(limits)


@pytest.mark.parametrize("name", crash_runs.NAMES)
def test_a_signal_at_any_moment_leaves_nothing_behind(stage, name):
    writer = crash_runs.writer(name)
    dice = random.Random(f"signal {name}")
    seconds = stage.states[name]["seconds"]
    statuses, outcomes = collections.Counter(), collections.Counter()
    for number in range(RUNS * len(ENDINGS)):
        sent = list(ENDINGS)[number % len(ENDINGS)]
        replacing = number // len(ENDINGS) % 2 == 0
        stage.prepare(writer, replacing)
        process = start(writer.command(replacing), stage.folder)
        time.sleep(dice.random() * seconds * 1.1)
        process.send_signal(sent)
        # A second one, as impatient people send it, must not keep the first from its work.
        if number % 4 == 3:
            process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=20)
        # Before the handler is there, in the first milliseconds, the signal itself ends the program.
        allowed = {writer.status, ENDINGS[sent], -sent} | ({143, -signal.SIGTERM} if number % 4 == 3 else set())
        assert status in allowed, (sent, status)
        statuses["ended" if status == writer.status else "caught" if status > 0 else "early"] += 1
        crash_runs.wait_for_no_worker(stage.folder)
        outcome, left = stage.check(writer, replacing)
        assert left == 0, f"{name}, {sent!r}: {left} temporary files are left"
        outcomes[outcome] += 1
    crash_runs.tally("INT, HUP, TERM", name, RUNS * len(ENDINGS), statuses["early"], statuses["caught"], statuses["ended"], outcomes, 0)
    assert statuses["caught"] >= 1, statuses


@pytest.mark.parametrize("name", ["import, Keras", "export, Keras"])
@pytest.mark.parametrize("sent", [*ENDINGS, signal.SIGKILL], ids=lambda sent: sent.name)
def test_no_worker_outlives_the_program(stage, name, sent):
    """The worker sleeps (SIGSTOP) and could not notice by itself that its parent is gone."""
    writer = crash_runs.writer(name)
    seen = 0
    for _ in range(5):
        process = start(writer.command(False), stage.folder)
        worker = worker_of(process)
        # Stopped where it can open no more files: what ends it with its parent is set up long before.
        if worker and confined(worker):
            os.kill(worker, signal.SIGSTOP)
            seen += worker in crash_runs.workers_in(stage.folder)
        process.send_signal(sent)
        assert process.wait(timeout=20) in (ENDINGS.get(sent, -sent), -sent, 0)
        crash_runs.wait_for_no_worker(stage.folder)
        stage.check(writer, False)
    assert seen >= 1, f"only {seen} of 5 runs were met while a worker was there"


@pytest.mark.parametrize("sent", [signal.SIGHUP, signal.SIGINT], ids=lambda sent: sent.name)
def test_a_signal_that_the_caller_ignores_stays_ignored(stage, sent):
    """`nohup attnconv` outlives its terminal, and Ctrl-C in a script does not end what it started with `&`."""
    writer = crash_runs.writer("import")
    for _ in range(5):
        before = signal.signal(sent, signal.SIG_IGN)
        process = start(writer.command(False), stage.folder)
        signal.signal(sent, before)
        while process.poll() is None:
            process.send_signal(sent)
            time.sleep(0.002)
        assert process.returncode == 0
        assert stage.check(writer, False) == ("new", 0)


def test_a_reader_that_goes_away_is_no_error(stage):
    for writer in crash_runs.WRITERS:
        reading, writing = os.pipe()
        os.close(reading)
        process = start([*writer.command(False), "--json"], stage.folder, stdout=writing, stderr=writing)
        os.close(writing)
        assert process.wait(timeout=20) == writer.status, writer.name
        assert stage.check(writer, False) == ("new", 0)


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_a_result_that_cannot_be_written_is_an_error(stage, options):
    with open("/dev/full", "w") as full:
        process = start([crash_runs.EXECUTABLE, "inspect", "network.pth", *options], stage.folder, stdout=full, stderr=subprocess.PIPE)
        assert process.communicate()[1] == b"error: cannot write the result: no space left on device\n"
    assert process.returncode == 2


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
def test_closed_standard_streams_never_become_an_output_file(stage, closed):
    """A file that is opened next gets the number of the closed stream, and with it every message that is meant for that."""
    for name in ("import", "export, Keras", "verify --report"):
        writer = crash_runs.writer(name)
        redirections = " ".join(f"{number}{'<' if number == 0 else '>'}&-" for number in closed)
        command = ["sh", "-c", f'exec "$@" {redirections}', "sh", *writer.command(False)]
        result = subprocess.run(command, cwd=stage.folder, capture_output=True, timeout=20)
        assert result.returncode == writer.status, result.stderr
        assert stage.check(writer, False) == ("new", 0)

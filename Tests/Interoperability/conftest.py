"""Runs the built `attnconv` (environment variable ATTNCONV, else the release build) against the Python packages."""
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Fixtures"
sys.path[:0] = [str(pathlib.Path(__file__).parent), str(FIXTURES / "generators")]
sys.dont_write_bytecode = True

import torch  # noqa: E402

torch.set_grad_enabled(False)


class Attnconv:
    """The program under test. A call that should work fails the test with the program's own message."""

    def __init__(self, executable: pathlib.Path, folder: pathlib.Path):
        self.executable, self.folder = executable, folder

    def run(self, *arguments) -> subprocess.CompletedProcess:
        # Output goes to the test's own folder even where the program chooses the place.
        return subprocess.run([self.executable, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True, timeout=300)

    def succeed(self, *arguments) -> subprocess.CompletedProcess:
        result = self.run(*arguments)
        if result.returncode:
            pytest.fail(f"attnconv {' '.join(map(str, arguments))}\nexit {result.returncode}\n{result.stderr}{result.stdout}", pytrace=False)
        return result

    def import_(self, source, *options, name="canonical") -> pathlib.Path:
        output = self.folder / f"{name}.safetensors"
        self.succeed("import", source, "-o", output, *options)
        return output

    def export(self, canonical, *options, to="pytorch", name="back") -> pathlib.Path:
        output = self.folder / f"{name}.{'pth' if to == 'pytorch' else 'safetensors'}"
        self.succeed("export", canonical, "--to", to, "-o", output, *options)
        return output


@pytest.fixture
def attnconv(tmp_path) -> Attnconv:
    executable = pathlib.Path(os.environ.get("ATTNCONV", ROOT / ".build/release/attnconv")).absolute()
    if not executable.is_file():
        pytest.fail(f"{executable} does not exist; build it (swift build -c release) or set ATTNCONV", pytrace=False)
    return Attnconv(executable, tmp_path)


@pytest.fixture
def fixtures() -> pathlib.Path:
    return FIXTURES


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    """Inputs and expected outputs of every command that writes a file; see `crash_runs.py`."""
    import crash_runs

    return crash_runs.Stage(tmp_path_factory.mktemp("crash"))


def tally() -> list:
    """A row for each test of crash safety that this process ran."""
    return getattr(sys.modules.get("crash_runs"), "TALLY", [])


TALLIES_OF_WORKERS = []


def pytest_sessionfinish(session):
    """A worker process hands its rows to the process that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tally"] = [tuple(map(str, row)) for row in tally()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    TALLIES_OF_WORKERS.extend(getattr(node, "workeroutput", {}).get("tally", []))


def pytest_terminal_summary(terminalreporter):
    """What the tests of crash safety did, and what they found each time."""
    rows = sorted([*tally(), *TALLIES_OF_WORKERS])
    if not rows:
        return
    titles = ("test", "command", "runs", "before", "writing", "after", "old file", "new file", "no file", "temporary files left")
    table = [titles, *(tuple(map(str, row)) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(titles))]
    terminalreporter.section("crash safety")
    for row in table:
        cells = [cell.ljust(width) if place < 2 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths))]
        terminalreporter.write_line("  ".join(cells).rstrip())

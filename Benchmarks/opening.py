"""Measures how long `attnconv` takes to start, and the library to open a canonical checkpoint and list its tensors.

    make bench-programs                      # the program, ExecutionBenchmark and the Python packages
    python3 Benchmarks/opening.py            # Markdown on stdout
    python3 Benchmarks/opening.py --write    # also its section of Benchmarks/RESULTS.md

Every number is of a new process, because a program that looks at one file pays for everything once. Peers take turns: the same checkpoint
is opened and listed by the safetensors package, whose imports are not counted, and the start of a whole program is set beside Python's.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from measuring import PYTHON, ROOT, executable, machine, measure, write_section

WRITE_MODEL = """
import sys, torch, torchvision
torch.manual_seed(0)
torch.save(torchvision.models.resnet50().state_dict(), sys.argv[1])
"""
OPEN = """
import sys, time
import numpy
from safetensors import safe_open
start = time.perf_counter()
with safe_open(sys.argv[1], "numpy") as file:
    listing = [(name, file.get_slice(name).get_dtype(), file.get_slice(name).get_shape()) for name in file.keys()]
print([time.perf_counter() - start])
assert len(listing) == 320
"""


def answer(command: list) -> float:
    """The time that a process measured itself."""
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)[0]


def report(opened: dict, started: dict, runs: int) -> str:
    own, other = opened["attnconv"], opened["safetensors"]
    rows = [
        ("ResNet-50 (320 tensors): open, check header and content digest, list", own),
        ("Python: `safetensors.safe_open`, list", other),
        ("whole process: `attnconv --version`", started["version"]),
        ("whole process: `attnconv --help`", started["help"]),
        ("whole process: `attnconv inspect` of that checkpoint", started["inspect"]),
        ("whole process: `python -c pass`", started["python"]),
        ("whole process: `python -c 'import safetensors'`", started["safetensors"]),
        ("whole process: `python -c 'import torch'`", started["torch"]),
    ]
    lines = [f"{machine('torch', 'safetensors')}. Medians of {runs} new processes each, competitors in turn; files in the page cache.", "", "| what | time |", "| --- | --- |"]
    lines += [f"| {what} | {1000 * seconds:.1f} ms |" for what, seconds in rows]
    lines += [
        "",
        "| target | measured |",
        "| --- | --- |",
        f"| opening and listing at most 3 ms | {1000 * own:.1f} ms, {own / other:.2f} times safetensors in Python |",
        f"| start-up at most 10 ms | {1000 * started['version']:.1f} ms, {started['version'] / started['python']:.2f} times an empty Python |",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attnconv", default=os.environ.get("ATTNCONV", ROOT / ".build/release/attnconv"), type=pathlib.Path)
    parser.add_argument("--benchmark", default=ROOT / ".build/release/ExecutionBenchmark", type=pathlib.Path)
    parser.add_argument("--runs", default=25, type=int)
    parser.add_argument("--write", action="store_true", help="also write the section Opening of Benchmarks/RESULTS.md")
    options = parser.parse_args()
    attnconv = executable(options.attnconv, "make release, or --attnconv PATH")
    benchmark = executable(options.benchmark, "make bench-programs, or --benchmark PATH")

    folder = pathlib.Path(tempfile.mkdtemp(prefix="benchmark-", dir=ROOT / ".build"))
    try:
        source, checkpoint = folder / "resnet50.pth", folder / "resnet50.safetensors"
        subprocess.run([PYTHON, "-W", "ignore", "-c", WRITE_MODEL, source], check=True)
        subprocess.run([attnconv, "import", source, "-o", checkpoint], check=True, stdout=subprocess.DEVNULL)
        openers = {"attnconv": [benchmark, "open", checkpoint], "safetensors": [PYTHON, "-c", OPEN, checkpoint]}
        starters = {
            "version": [attnconv, "--version"],
            "help": [attnconv, "--help"],
            "inspect": [attnconv, "inspect", checkpoint],
            "python": [PYTHON, "-c", "pass"],
            "safetensors": [PYTHON, "-c", "import safetensors"],
            "torch": [PYTHON, "-c", "import torch"],
        }
        opened, started = ({name: [] for name in commands} for commands in (openers, starters))
        print(f"{options.runs} rounds", file=sys.stderr)
        for turn in range(options.runs + 1):
            for name, command in openers.items():
                opened[name].append(answer(command))
            for name, command in starters.items():
                # Importing torch takes a second and a half; a fifth of the rounds is enough for it.
                if name != "torch" or turn % 5 == 0:
                    started[name].append(measure(command)[0])
        # The first round brings programs and files into the page cache.
        medians = [{name: statistics.median(times[1:]) for name, times in values.items()} for values in (opened, started)]
        text = report(*medians, options.runs)
    finally:
        shutil.rmtree(folder)
    print(text, end="")
    if options.write:
        write_section("Opening", text)


if __name__ == "__main__":
    main()

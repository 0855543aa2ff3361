"""Measures `attnconv import` against copying the file and against a Python process that converts it.

    Tools/python-environment.sh && make release
    python3 Benchmarks/import.py            # Markdown on stdout
    python3 Benchmarks/import.py --write    # also its section of Benchmarks/RESULTS.md

Ratios of medians from one run are what the numbers are for; absolute times belong to the machine. Competitors take turns,
so that a slow minute hits all of them. Sources are in the page cache, targets do not exist, and everything dirty is on the
disk before a clock starts. `attnconv` and the copy end with the data on the disk; the Python process does not wait for that.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from measuring import PYTHON, ROOT, against_copy, executable, machine, measure, write_section

WRITE_MODEL = """
import sys, torch, torchvision
torch.manual_seed(0)
model = torchvision.models.resnet50(num_classes=int(sys.argv[2]))
torch.save(model.state_dict(), sys.argv[1])
"""
CONVERT = """
import sys, torch
from safetensors.torch import save_file
save_file(torch.load(sys.argv[1], weights_only=True), sys.argv[2])
"""
# The classifier has 2048 inputs: this many classes make a file of 2 GB, as large as a ResNet-50 gets without being anything else.
FILES = {"100 MB": 1000, "2 GB": 238_000}


def report(sizes: dict, results: dict, help_seconds: float, runs: int) -> str:
    lines = [
        f"{machine('torch', 'safetensors')}. Median of {runs} runs, competitors in turn; fastest and slowest in brackets. Every CRC and digest computed.",
        "",
        "| file | what | time | compared with `attnconv` | peak memory |",
        "| --- | --- | --- | --- | --- |",
    ]
    titles = {"copy": "`cp` + `sync` of file and directory", "attnconv": "`attnconv import`", "python": "Python: `torch.load` + `save_file`"}
    for file, result in results.items():
        own = result["attnconv"]["seconds"]
        for name, values in result.items():
            milliseconds = [f"{1000 * values[key]:.0f}" for key in ("seconds", "fastest", "slowest")]
            # The copy runs in a shell whose own memory says nothing about `cp`.
            peak = "" if name == "copy" else f"{values['peak'] / 1e6:.0f} MB"
            ratio = "" if name == "attnconv" else f"{values['seconds'] / own:.2f}"
            lines.append(f"| {file} ({sizes[file] / 1e6:.1f} MB) | {titles[name]} | {milliseconds[0]} ms ({milliseconds[1]} to {milliseconds[2]}) | {ratio} | {peak} |")
    lines += ["", "| target | measured |", "| --- | --- |"]
    for file, result in results.items():
        own = result["attnconv"]
        lines.append(f"| {file}: at most 1.25 times the copy | {own['seconds'] / result['copy']['seconds']:.2f} times |")
        lines.append(f"| {file}: at least 15 times faster than Python | {result['python']['seconds'] / own['seconds']:.1f} times |")
        lines.append(f"| {file}: peak memory under 64 MB | {own['peak'] / 1e6:.0f} MB |")
    lines.append(f"| `attnconv --help` under 20 ms | {1000 * help_seconds:.1f} ms |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attnconv", default=os.environ.get("ATTNCONV", ROOT / ".build/release/attnconv"), type=pathlib.Path)
    parser.add_argument("--runs", default=7, type=int)
    parser.add_argument("--small", action="store_true", help="leave out the 2 GB file")
    parser.add_argument("--folder", type=pathlib.Path, help="where to put the files (8 GB; default: a new folder in .build)")
    parser.add_argument("--write", action="store_true", help="also write the section Import of Benchmarks/RESULTS.md")
    options = parser.parse_args()
    attnconv = executable(options.attnconv, "make release, or --attnconv PATH")

    folder = pathlib.Path(tempfile.mkdtemp(prefix="benchmark-", dir=options.folder or ROOT / ".build"))
    try:
        sizes, results = {}, {}
        for file, classes in FILES.items():
            if options.small and file != "100 MB":
                continue
            source = folder / "resnet50.pth"
            subprocess.run([PYTHON, "-W", "ignore", "-c", WRITE_MODEL, source, str(classes)], check=True)
            sizes[file] = source.stat().st_size
            print(f"{file}: {options.runs} rounds", file=sys.stderr)
            results[file] = against_copy(attnconv, source, [PYTHON, "-c", CONVERT], "converted.safetensors", options.runs, options.runs)
            source.unlink()
        starts = [measure([attnconv, "--help"], None)[0] for _ in range(3 * options.runs)]
        text = report(sizes, results, statistics.median(starts), options.runs)
    finally:
        shutil.rmtree(folder)
    print(text, end="")
    if options.write:
        write_section("Import", text)


if __name__ == "__main__":
    main()

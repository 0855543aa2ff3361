"""Measures `attnconv import` of a Keras file against copying it and against a Python process with Keras that loads and saves it.

    Tools/python-environment.sh && Tools/keras-environment.sh 2 && make release
    python3 Benchmarks/import_keras.py            # Markdown on stdout
    python3 Benchmarks/import_keras.py --write    # also its section of Benchmarks/RESULTS.md

The file is a ResNet-50 of tf2cv, 103 MB, of which every kernel is transposed on the way. What `import.py` says about ratios, turns and
disks holds here too. The Python process builds the network, loads the weights, and saves them.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from measuring import ROOT, against_copy, executable, machine, write_section

KERAS = ROOT / ".venv-keras2/bin/python"
NETWORK = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
from tf2cv.model_provider import get_model
network = get_model("resnet50", pretrained=False, data_format="channels_last")
network(np.zeros((1, 224, 224, 3), "float32"))
"""
WRITE = NETWORK + "network.save_weights(sys.argv[1])\n"
CONVERT = NETWORK + "network.load_weights(sys.argv[1])\nnetwork.save_weights(sys.argv[2])\n"


def _peak(pid: int) -> int:
    """The highest resident memory of a process so far, in bytes; 0 once it is gone."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def peak_together(command, target: pathlib.Path) -> int:
    """The peaks of a program and of its largest worker, added up: no moment had more. Runs beside the measured ones."""
    target.unlink(missing_ok=True)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    own, workers = 0, {}
    while process.poll() is None:
        own = max(own, _peak(process.pid))
        for children in pathlib.Path(f"/proc/{process.pid}/task").glob("*/children"):
            try:
                for worker in map(int, children.read_text().split()):
                    workers[worker] = max(workers.get(worker, 0), _peak(worker))
            except (FileNotFoundError, ProcessLookupError):
                continue
        time.sleep(0.0005)
    target.unlink()
    assert process.returncode == 0 and workers
    return own + max(workers.values())


def report(size: int, results: dict, together: int, runs: int) -> str:
    versions = subprocess.run([KERAS, "-c", "from importlib.metadata import version as v; print('Keras', v('keras') + ', tf2cv', v('tf2cv'))"], capture_output=True, text=True, check=True)
    lines = [
        f"{machine()}{versions.stdout.strip()}. ResNet-50, {size / 1e6:.1f} MB, weights alone. Median of {runs} runs ({min(runs, 3)} of Python), competitors in turn; fastest and slowest in brackets.",
        "",
        "| what | time | compared with `attnconv` | peak memory |",
        "| --- | --- | --- | --- |",
    ]
    titles = {"copy": "`cp` + `sync` of file and directory", "attnconv": "`attnconv import`", "python": "Python: build the network, `load_weights`, `save_weights`"}
    own = results["attnconv"]["seconds"]
    for name, values in results.items():
        milliseconds = [f"{1000 * values[key]:.0f}" for key in ("seconds", "fastest", "slowest")]
        peak = {"copy": "", "attnconv": f"{together / 1e6:.0f} MB with the worker"}.get(name, f"{values['peak'] / 1e6:.0f} MB")
        ratio = "" if name == "attnconv" else f"{values['seconds'] / own:.2f}"
        lines.append(f"| {titles[name]} | {milliseconds[0]} ms ({milliseconds[1]} to {milliseconds[2]}) | {ratio} | {peak} |")
    lines += [
        "", "| target | measured |", "| --- | --- |",
        f"| at most 1.7 times the copy | {own / results['copy']['seconds']:.2f} times |",
        f"| at least 20 times faster than Python | {results['python']['seconds'] / own:.1f} times |",
        f"| peak memory of program and worker under 128 MB | {together / 1e6:.0f} MB |",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attnconv", default=os.environ.get("ATTNCONV", ROOT / ".build/release/attnconv"), type=pathlib.Path)
    parser.add_argument("--runs", default=7, type=int)
    parser.add_argument("--folder", type=pathlib.Path, help="where to put the files (500 MB; default: a new folder in .build)")
    parser.add_argument("--write", action="store_true", help="also write the section Keras import of Benchmarks/RESULTS.md")
    options = parser.parse_args()
    attnconv = executable(options.attnconv, "make release, or --attnconv PATH")

    folder = pathlib.Path(tempfile.mkdtemp(prefix="benchmark-", dir=options.folder or ROOT / ".build"))
    try:
        source = folder / "resnet50.h5"
        subprocess.run([KERAS, "-W", "ignore", "-c", WRITE, source], check=True)
        size = source.stat().st_size
        print(f"{options.runs} rounds", file=sys.stderr)
        # Twenty times slower: three rounds tell.
        results = against_copy(attnconv, source, [KERAS, "-W", "ignore", "-c", CONVERT], "converted.h5", options.runs, min(options.runs, 3))
        target = folder / "imported.safetensors"
        together = max(peak_together([attnconv, "import", source, "-o", target], target) for _ in range(3))
        text = report(size, results, together, options.runs)
    finally:
        shutil.rmtree(folder)
    print(text, end="")
    if options.write:
        write_section("Keras import", text)


if __name__ == "__main__":
    main()

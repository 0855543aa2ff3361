"""Measures running networks against ONNX Runtime and PyTorch, `attnconv verify` against PyTorch, and loading a network.

    make bench-programs                        # the program, ExecutionBenchmark and the Python packages
    python3 Benchmarks/execution.py            # Markdown on stdout
    python3 Benchmarks/execution.py --write    # also its section of Benchmarks/RESULTS.md

Ratios of medians from one run are what the numbers are for; absolute times belong to the machine. Each competitor is a
process of its own that has loaded the same weights and waits; they take turns of a few runs. Before anything is measured,
each has shown that it computes what PyTorch recorded, to 1e-5 of the largest output.
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
import time

from measuring import PYTHON, ROOT, executable, machine, measure, write_section

COMPETITORS = ROOT / "Benchmarks/competitors.py"
NETWORKS = {"resnet50": "ResNet-50", "resnet50-cbam": "ResNet-50 + CBAM"}
ENGINES = {"attnconv": "`attnconv`", "onnxruntime": "ONNX Runtime", "torch": "PyTorch"}
SIZES = [(1, 1), (1, 2), (8, 1), (8, 2)]  # batch, threads


class Worker:
    """A process that answers a number with the times of so many runs."""

    def __init__(self, command):
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def times(self, count: int) -> list:
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"error: {self.process.args[0]}: ended with {self.process.wait()}")
        return json.loads(line)

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def compare(benchmark: str, folder: pathlib.Path, network: str, batch: int, threads: int, rounds: int) -> dict:
    """Median seconds of a run by engine."""
    commands = {name: [PYTHON, "-W", "ignore", COMPETITORS, name, folder, network, batch, threads] for name in ("onnxruntime", "torch")}
    commands["attnconv"] = [benchmark, "run", folder / f"{network}.canonical.safetensors", batch, threads]
    workers = {name: Worker(command) for name, command in commands.items()}
    for worker in workers.values():
        worker.times(3)
    turn = 8 // batch + 2
    times = {name: [] for name in workers}
    for _ in range(rounds):
        for name, worker in workers.items():
            time.sleep(0.02)  # threads of the one before may still be spinning
            times[name] += worker.times(turn)
    for worker in workers.values():
        worker.end()
    return {name: statistics.median(values) for name, values in times.items()}


def verify(attnconv: str, folder: pathlib.Path, rounds: int) -> dict:
    """Median seconds and peak bytes of whole processes that compare ResNet-50 + BAM with a reference of two images."""
    reference = folder / "resnet50-bam.2.safetensors"
    commands = {
        "attnconv": [attnconv, "verify", folder / "resnet50-bam.canonical.safetensors", "--reference", reference, "--engine", "onednn"],
        "torch": [PYTHON, "-W", "ignore", COMPETITORS, "verify", folder / "resnet50-bam.pth", reference],
    }
    for command in commands.values():  # once unmeasured: programs and files come into the page cache
        measure(command)
    results = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            results[name].append(measure(command))
    return {name: (statistics.median(seconds for seconds, _ in values), max(peak for _, peak in values)) for name, values in results.items()}


def load(benchmark: str, folder: pathlib.Path, rounds: int) -> dict:
    """Median seconds from the path of a checkpoint to a network that can run, each in a new process."""
    checkpoint = folder / "resnet50.canonical.safetensors"
    times = {"load": [], "load-checked": []}
    for _ in range(rounds + 1):
        for mode, values in times.items():
            values += json.loads(subprocess.run([benchmark, mode, checkpoint, "1", str(os.cpu_count())], capture_output=True, text=True, check=True).stdout)
    return {mode: statistics.median(values[1:]) for mode, values in times.items()}


def report(networks: dict, verified: dict, loaded: dict, rounds: int) -> str:
    lines = [
        f"{machine('torch', 'onnxruntime', 'timm', 'pytorchcv')}. Images of 224x224; medians of {rounds} rounds, competitors in turn; the same weights "
        "in all, outputs compared before.",
        "",
        "| network | batch | threads | " + " | ".join(ENGINES.values()) + " | to ONNX Runtime | to PyTorch |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    ratios = {"onnxruntime": [], "torch": []}
    for (network, batch, threads), times in networks.items():
        own = times["attnconv"]
        for other, values in ratios.items():
            values.append(own / times[other])
        cells = [NETWORKS[network], batch, threads, *(f"{1000 * times[name]:.1f} ms" for name in ENGINES)]
        cells += [f"{own / times[other]:.2f}" for other in ratios]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    own, other = verified["attnconv"], verified["torch"]
    lines += [
        "",
        "| whole process | time | peak memory |",
        "| --- | --- | --- |",
        f"| `attnconv verify`, ResNet-50 + BAM, batch 2, every digest | {1000 * own[0]:.0f} ms | {own[1] / 1e6:.0f} MB |",
        f"| Python: `torch.load`, the same network, the same comparison | {1000 * other[0]:.0f} ms | {other[1] / 1e6:.0f} MB |",
        "",
        "| ResNet-50 from a checkpoint in the page cache, compiled for batch 1 | time |",
        "| --- | --- |",
        f"| `checkingDigests: false` | {1000 * loaded['load']:.1f} ms |",
        f"| every digest checked | {1000 * loaded['load-checked']:.1f} ms |",
        "",
        "| target | measured |",
        "| --- | --- |",
        f"| at most 1.15 times ONNX Runtime | {min(ratios['onnxruntime']):.2f} to {max(ratios['onnxruntime']):.2f} times |",
        f"| faster than PyTorch | {min(ratios['torch']):.2f} to {max(ratios['torch']):.2f} times |",
        f"| `verify` at least 8 times faster than Python | {other[0] / own[0]:.1f} times |",
        f"| loading under 60 ms | {1000 * loaded['load']:.1f} ms |",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attnconv", default=os.environ.get("ATTNCONV", ROOT / ".build/release/attnconv"), type=pathlib.Path)
    parser.add_argument("--benchmark", default=ROOT / ".build/release/ExecutionBenchmark", type=pathlib.Path)
    parser.add_argument("--rounds", default=15, type=int)
    parser.add_argument("--folder", type=pathlib.Path, help="where to put the files (1 GB; default: a new folder in .build)")
    parser.add_argument("--write", action="store_true", help="also write the section Execution of Benchmarks/RESULTS.md")
    options = parser.parse_args()
    attnconv = executable(options.attnconv, "make release, or --attnconv PATH")
    benchmark = executable(options.benchmark, "make bench-programs, or --benchmark PATH")

    folder = pathlib.Path(tempfile.mkdtemp(prefix="benchmark-", dir=options.folder or ROOT / ".build"))
    try:
        print("writing networks", file=sys.stderr)
        subprocess.run([PYTHON, "-W", "ignore", COMPETITORS, "prepare", folder], check=True, stdout=subprocess.DEVNULL)
        for network in (*NETWORKS, "resnet50-bam"):
            canonical = folder / f"{network}.canonical.safetensors"
            subprocess.run([attnconv, "import", folder / f"{network}.pth", "-o", canonical], check=True, stdout=subprocess.DEVNULL)
            for reference in folder.glob(f"{network}.[0-9].safetensors"):
                subprocess.run([attnconv, "verify", canonical, "--reference", reference, "--engine", "onednn"], check=True, stdout=subprocess.DEVNULL)
        networks = {}
        for network in NETWORKS:
            for batch, threads in SIZES:
                if threads <= os.cpu_count():
                    print(f"{network}, batch {batch}, threads {threads}", file=sys.stderr)
                    networks[network, batch, threads] = compare(benchmark, folder, network, batch, threads, options.rounds)
        print("verify and load", file=sys.stderr)
        text = report(networks, verify(attnconv, folder, options.rounds), load(benchmark, folder, options.rounds), options.rounds)
    finally:
        shutil.rmtree(folder)
    print(text, end="")
    if options.write:
        write_section("Execution", text)


if __name__ == "__main__":
    main()

"""Measures how the time and the memory of `attnconv` grow with the bytes and with the tensors of a file.

    Tools/python-environment.sh && Tools/keras-environment.sh 2 && make release
    python3 Benchmarks/huge.py            # Markdown on stdout
    python3 Benchmarks/huge.py --write    # also its section of Benchmarks/RESULTS.md, and Benchmarks/huge.svg

The files are networks that `sparse_networks.py` writes: of 500 tensors that become wider, and of narrow layers that become
more. Their weights are zeros that take no room on the disk; what is written of them does, 21 GB at once. Each point is the
better of two runs, one after the other, to a target on the disk: on a virtual machine the first run costs the system several times
as much (`dd`: 4 s a GB, then 1.1 s), probably because it gets memory from its host that the second finds there. "Processor" is the time of all cores and of the worker processes,
which hardly depends on what else the machine does, and "of it the program" the part outside of the system; memory is the peak of
the program and, for Keras, that of its largest worker added. An export reads the checkpoint through a map, whose pages count as
its memory although the system may take them back at any time.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from measuring import PYTHON, ROOT, executable, machine, write_section
from sparse_networks import STAGES, width_for

KERAS = ROOT / ".venv-keras2/bin/python"
CHART = ROOT / "Benchmarks/huge.svg"
WRITER = ROOT / "Benchmarks/sparse_networks.py"
CONVERT = """
import sys, torch
from safetensors.torch import save_file
save_file(torch.load(sys.argv[1], weights_only=True)["state_dict"], sys.argv[2])
"""
COPY = 'dd if="$1" of="$2" bs=128K conv=fsync status=none'
CONTAINERS = {"zip": "PyTorch zip", "legacy": "PyTorch legacy", "safetensors": "safetensors", "keras": "Keras HDF5"}
BLOCKS = 4  # in each stage of the networks that become wider
NARROW = 4  # the width of those that become deeper

# (command, container): the sizes in GB, and the numbers of tensors. The first line is the curve, the others say that it holds for them, too;
# PyTorch, which holds the file in memory twice, ends where that is no longer sensible. `dd` tells what the system takes to read and write as much.
SIZES = {
    ("import", "zip"): [1, 2, 4, 6, 8, 10],
    ("import", "legacy"): [2, 10],
    ("import", "safetensors"): [2, 10],
    ("import", "keras"): [2, 6],
    ("export", "zip"): [2, 10],
    ("inspect", "zip"): [2, 10],
    ("torch", "zip"): [1, 2, 4],
    ("dd", "zip"): [2, 10],
}
COUNTS = {
    ("import", "zip"): [2_000, 20_000, 50_000, 100_000, 200_000],
    ("import", "legacy"): [20_000, 200_000],
    ("import", "safetensors"): [20_000, 200_000],
    ("import", "keras"): [2_000, 20_000],
    ("export", "zip"): [20_000, 200_000],
    ("inspect", "zip"): [20_000, 200_000],
    ("torch", "zip"): [20_000, 200_000],
}


def peak_of(pid: int) -> int:
    """The highest resident memory of a process so far, in bytes; 0 once it is gone."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def workers_of(pid: int) -> list:
    found = []
    for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, children.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def measure(command: list, target: pathlib.Path | None) -> dict:
    """What the better of two runs needs, and the higher peak of memory."""
    runs = sorted((measure_once(command, target) for _ in range(2)), key=lambda run: run["processor"])
    return runs[0] | {"peak": max(run["peak"] for run in runs)}


def measure_once(command: list, target: pathlib.Path | None) -> dict:
    """Seconds, seconds of processor time, and peak memory in bytes, of a program and its workers."""
    if target:
        target.unlink(missing_ok=True)
    os.sync()
    with tempfile.TemporaryFile() as messages:
        start = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=messages)
        own, workers = 0, {}
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            own = max(own, peak_of(process.pid))
            for worker in workers_of(process.pid):
                workers[worker] = max(workers.get(worker, 0), peak_of(worker))
            time.sleep(0.002)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            messages.seek(0)
            sys.exit(f"error: {' '.join(map(str, command))}: exit {process.returncode}\n{messages.read().decode(errors='replace')}")
    peak = max(usage.ru_maxrss * 1024, own + max(workers.values(), default=0))
    return {"seconds": seconds, "processor": usage.ru_utime + usage.ru_stime, "program": usage.ru_utime, "peak": peak}


class Files:
    """One source at a time, and what is made of it."""

    def __init__(self, attnconv: str, folder: pathlib.Path):
        self.attnconv, self.folder = attnconv, folder

    def source(self, container: str, width: int, blocks: int) -> pathlib.Path:
        path = self.folder / ("source.h5" if container == "keras" else "source.safetensors" if container == "safetensors" else "source.pth")
        python = KERAS if container == "keras" else sys.executable
        subprocess.run([python, WRITER, container, str(width), str(blocks), path], check=True)
        return path

    def run(self, container: str, commands: list, width: int, blocks: int) -> dict:
        """What each command needs for one network, and the size of its file."""
        source = self.source(container, width, blocks)
        imported, other = self.folder / "imported.safetensors", self.folder / "other"
        size = source.stat().st_size
        results = {}
        try:
            if "inspect" in commands:
                results["inspect"] = measure([self.attnconv, "inspect", source], None)
            if "dd" in commands:
                results["dd"] = measure(["sh", "-c", COPY, "sh", source, other], other)
                other.unlink()
            if "torch" in commands:
                results["torch"] = measure([PYTHON, "-c", CONVERT, source, other], other)
                other.unlink()
            if {"import", "export"} & set(commands):
                results["import"] = measure([self.attnconv, "import", source, "-o", imported], imported)
            if "export" in commands:
                results["export"] = measure([self.attnconv, "export", imported, "--to", "pytorch", "-o", other], other)
        finally:
            for path in (source, imported, other):
                path.unlink(missing_ok=True)
        return {command: result | {"size": size} for command, result in results.items() if command in commands}


def series(points: dict, run, unit: str) -> dict:
    """Results by (command, container) and point; commands on one file are measured while it is there."""
    results = {key: {} for key in points}
    for container in CONTAINERS:
        for point in sorted({point for key, values in points.items() if key[1] == container for point in values}):
            commands = [key[0] for key, values in points.items() if key[1] == container and point in values]
            print(f"{container}, {point:,} {unit}: {', '.join(commands)}", file=sys.stderr)
            for command, result in run(container, commands, point).items():
                results[command, container][point] = result
    return results


def title(command: str, container: str) -> str:
    if command == "dd":
        return "`dd bs=128K conv=fsync`"
    if command == "torch":
        return "Python: `torch.load` + `save_file`"
    return f"`attnconv {command}`" + (" to PyTorch" if command == "export" else f" of {CONTAINERS[container]}")


def table(results: dict, unit: str, divisor: float, per: str) -> list:
    lines = [f"| what | {unit} | time | processor | of it the program | processor for {per} | peak memory |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for (command, container), values in results.items():
        for point, result in values.items():
            cost = result["processor"] / point * divisor
            lines.append(
                f"| {title(command, container)} | {point:,} | {result['seconds']:.2f} s | {result['processor']:.2f} s | {result['program']:.2f} s | {cost:.2f} s | {result['peak'] / 1e6:,.0f} MB |"
            )
    return lines


def growth(values: dict, time: str = "processor") -> tuple:
    """Two points of a curve, the last and the nearest of at most a fifth of it; how many times the processor time of a unit is that of the first, and the
    bytes of memory that each unit between them takes. `time` is "processor", or "program" for the part that the system has not taken."""
    last = max(values)
    first = max(point for point in values if 5 * point <= last)
    slope = (values[last][time] / last) / (values[first][time] / first)
    memory = (values[last]["peak"] - values[first]["peak"]) / (last - first)
    return first, last, slope, memory


def report(sizes: dict, counts: dict) -> str:
    lines = [f"{machine('torch', 'safetensors')}. The better of two runs each; the peak of an export has the pages of the mapped checkpoint in it.", "", "Networks of 488 tensors (Keras: 406) that become wider:", ""]
    lines += table(sizes, "GB", 1, "1 GB")
    lines += ["", "Networks of narrow layers that become deeper, 1.3 KB a tensor:", ""]
    lines += table(counts, "tensors", 10_000, "10,000 tensors")
    first, last, slope, memory = growth(sizes["import", "zip"], "program")
    lines += ["", "| target | measured |", "| --- | --- |"]
    lines.append(f"| memory does not grow with the bytes: under 64 MB for {last} GB | {sizes['import', 'zip'][last]['peak'] / 1e6:.0f} MB, {sizes['import', 'zip'][first]['peak'] / 1e6:.0f} MB for {first} GB |")
    lines.append(f"| time grows with the bytes: at most 1.3 times as much for a byte of {last} GB as of {first} GB | {slope:.2f} times in the program; with the system's share {growth(sizes['import', 'zip'])[2]:.2f} times, `dd` {growth(sizes['dd', 'zip'])[2]:.2f} times |")
    first, last, slope, memory = growth(counts["import", "zip"])
    lines.append(f"| time grows with the tensors: at most 1.3 times as much for a tensor of {last:,} as of {first:,} | {slope:.2f} times |")
    lines.append(f"| memory of an index: under 5120 bytes a tensor | {memory:.0f} bytes |")
    return "\n".join(lines) + "\n"


# --- the chart -------------------------------------------------------------------------------------------------------------

INK, GRID = "#57606a", "#d0d7de"
COLORS = {"import": "#0969da", "torch": "#bc4c00"}


def tick_text(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}".removesuffix(".0")


def panel(x: int, heading: str, curves: dict, unit: str, value_unit: str) -> list:
    """One diagram of 330 x 200 pixels: {command: [(point, value)]}."""
    width, height, top = 330, 200, 40
    right = max(point for curve in curves.values() for point, _ in curve)
    peak = max(value for curve in curves.values() for _, value in curve)
    parts = [f'<g transform="translate({x},{top})"><text x="0" y="-16" font-weight="600">{heading}</text>']
    for tick in range(5):
        y = height - height * tick / 4
        parts.append(f'<line x1="0" y1="{y:.0f}" x2="{width}" y2="{y:.0f}" stroke="{GRID}"/>')
        parts.append(f'<text x="-6" y="{y + 4:.0f}" text-anchor="end">{tick_text(peak * tick / 4)}</text>')
        parts.append(f'<text x="{width * tick / 4:.0f}" y="{height + 18}" text-anchor="middle">{tick_text(right * tick / 4)}</text>')
    parts.append(f'<text x="{width}" y="{height + 36}" text-anchor="end">{unit}; {value_unit}</text>')
    for command, curve in curves.items():
        points = [(width * point / right, height - height * value / peak) for point, value in sorted(curve)]
        parts.append(f'<polyline fill="none" stroke="{COLORS[command]}" stroke-width="2" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{COLORS[command]}"/>' for a, b in points]
    return parts + ["</g>"]


def chart(sizes: dict, counts: dict) -> str:
    def curves(results, value):
        return {command: [(point, result[value] * scale) for point, result in results[command, "zip"].items()] for command in COLORS for scale in [1 if value == "seconds" else 1e-6]}

    parts = panel(70, "Peak memory", curves(sizes, "peak"), "GB in the file", "MB")
    parts += panel(500, "Time", curves(sizes, "seconds"), "GB in the file", "s")
    parts += panel(930, "Time", curves(counts, "seconds"), "tensors in the file", "s")
    legend = [("import", "attnconv import"), ("torch", "torch.load + save_file")]
    for number, (command, text) in enumerate(legend):
        parts.append(f'<circle cx="{70 + 200 * number}" cy="305" r="4" fill="{COLORS[command]}"/><text x="{80 + 200 * number}" y="309">{text}</text>')
    style = f"font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{INK}\""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1290 325" {style}>\n<rect width="1290" height="325" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attnconv", default=os.environ.get("ATTNCONV", ROOT / ".build/release/attnconv"), type=pathlib.Path)
    parser.add_argument("--small", action="store_true", help="only files up to 2 GB and 20,000 tensors")
    parser.add_argument("--folder", type=pathlib.Path, help="where to put the files (21 GB; default: a new folder in .build)")
    parser.add_argument("--write", action="store_true", help="also write the section Huge files of Benchmarks/RESULTS.md, and the chart")
    options = parser.parse_args()
    attnconv = executable(options.attnconv, "make release, or --attnconv PATH")
    sizes, counts = SIZES, COUNTS
    if options.small:
        sizes = {key: [0.1, 0.5, 1] for key in SIZES}
        counts = {key: [2_000, 20_000] for key in COUNTS}

    folder = pathlib.Path(tempfile.mkdtemp(prefix="benchmark-", dir=options.folder or ROOT / ".build"))
    try:
        files = Files(attnconv, folder)
        sizes = series(sizes, lambda container, commands, size: files.run(container, commands, width_for(int(size * 1e9), BLOCKS), BLOCKS), "GB")
        # 28 tensors in a block of each stage, 32 elsewhere.
        counts = series(counts, lambda container, commands, count: files.run(container, commands, NARROW, round((count - 32) / 28 / STAGES)), "tensors")
        text = report(sizes, counts)
    finally:
        shutil.rmtree(folder)
    print(text, end="")
    if options.write:
        CHART.write_text(chart(sizes, counts))
        write_section("Huge files", text)


if __name__ == "__main__":
    main()

"""What the benchmarks share: one cold process and its peak memory, what the machine is, and RESULTS.md."""
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time

# This process imports no torch: a child's peak memory is never reported lower than its parent's at the fork.
ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv/bin/python"
RESULTS = ROOT / "Benchmarks/RESULTS.md"
SECTIONS = ["Opening", "Import", "Keras import", "Huge files", "Execution"]


def measure(command, target: pathlib.Path | None = None) -> tuple[float, int]:
    """Seconds, and peak memory in bytes, of one process; `target` does not exist before."""
    if target:
        target.unlink(missing_ok=True)
    os.sync()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"error: {command[0]}: exit {process.returncode}\n{message.decode(errors='replace')}")
    return seconds, usage.ru_maxrss * 1024


def against_copy(attnconv: str, source: pathlib.Path, python: list, target: str, runs: int, python_runs: int) -> dict:
    """Median, fastest and slowest seconds and the peak memory of a copy, an import, and a Python process given source and target."""
    copied, imported, converted = (source.parent / name for name in (f"copied{source.suffix}", "imported.safetensors", target))
    copy = 'cp "$1" "$2" && sync "$2" && sync "$(dirname "$2")"'
    competitors = {
        "copy": (["sh", "-c", copy, "sh", source, copied], copied, runs),
        "attnconv": ([attnconv, "import", source, "-o", imported], imported, runs),
        "python": ([*python, source, converted], converted, python_runs),
    }
    for command, output, _ in competitors.values():  # one round unmeasured: programs and source come into the page cache
        measure(command, output)
    results = {name: [] for name in competitors}
    for turn in range(runs):
        for name, (command, output, count) in competitors.items():
            if turn < count:
                results[name].append(measure(command, output))
    for _, output, _ in competitors.values():
        output.unlink()
    return {
        name: {
            "seconds": statistics.median(seconds for seconds, _ in values),
            "fastest": min(seconds for seconds, _ in values),
            "slowest": max(seconds for seconds, _ in values),
            "peak": max(peak for _, peak in values),
        }
        for name, values in results.items()
    }


def executable(path: pathlib.Path, hint: str) -> str:
    if not os.access(path, os.X_OK):
        sys.exit(f"error: {path}: not an executable\nhint: {hint}")
    return str(path.absolute())


def machine(*packages: str) -> str:
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    versions = subprocess.run([PYTHON, "-c", code, *packages], capture_output=True, text=True, check=True).stdout.split()
    software = ", ".join(f"{name} {version}" for name, version in zip(packages, versions))
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release().split('-')[0]}; {software}"


def write_section(title: str, text: str) -> None:
    """Replaces one section of RESULTS.md and leaves the others as they are."""
    before = RESULTS.read_text() if RESULTS.exists() else ""
    sections = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", before, re.MULTILINE | re.DOTALL)) | {title: f"\n{text.strip()}\n"}
    parts = ["# Benchmarks\n\n`make bench` writes this file; ratios of one run count, times belong to the machine.\n"]
    parts += [f"## {name}\n\n{sections[name].strip()}\n" for name in SECTIONS if name in sections]
    RESULTS.write_text("\n".join(parts))

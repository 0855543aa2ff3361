"""Runs the program on file systems of its own: `python crash_mounts.py`, in a private mount namespace, reads jobs as JSON
from standard input and writes what became of each.

A job is `{"mount": [arguments of mount], "files": {name: path}, "arguments": [...], "limit": bytes, "prefix": [...]}`. The
file system is mounted, the files are copied to it, the program runs in it, behind the prefix, and it is unmounted
again. Only the standard library is used.
"""
import hashlib
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys


def namespace() -> list:
    """The command that begins a private mount namespace, as root or, where users may, as root of a user namespace."""
    base = ["unshare", "--mount", "--propagation", "private"]
    return base if os.geteuid() == 0 else [*base, "--user", "--map-root-user"]


def allowed(folder) -> bool:
    """Whether this machine lets a file system be mounted."""
    probe = subprocess.run([*namespace(), "mount", "-t", "tmpfs", "none", folder], capture_output=True)
    return probe.returncode == 0


def run(jobs: list, folder, executable) -> list:
    """Runs jobs in a namespace; each result holds `status`, `errors`, and `files`: the digest of each file by name."""
    result = subprocess.run(
        [*namespace(), sys.executable, __file__, folder, executable], input=json.dumps(jobs), capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def digest(path) -> str:
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def perform(job: dict, folder: pathlib.Path, executable: str) -> dict:
    subprocess.run(["mount", *job["mount"], folder], check=True)
    try:
        for name, source in job.get("files", {}).items():
            shutil.copyfile(source, folder / name)
        for command in job.get("then", []):
            subprocess.run([word.replace("FOLDER", str(folder)) for word in command], check=True)

        def limit():
            if "limit" in job:
                resource.setrlimit(resource.RLIMIT_FSIZE, (job["limit"], job["limit"]))

        done = subprocess.run([*job.get("prefix", []), executable, *job["arguments"]], cwd=folder, capture_output=True, text=True, preexec_fn=limit)
        files = {path.name: digest(path) for path in folder.iterdir() if path.is_file()}
        return {"status": done.returncode, "errors": done.stderr, "files": files}
    finally:
        subprocess.run(["umount", folder], check=True)


if __name__ == "__main__":
    place, program = pathlib.Path(sys.argv[1]), sys.argv[2]
    json.dump([perform(job, place, program) for job in json.load(sys.stdin)], sys.stdout)

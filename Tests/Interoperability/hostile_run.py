"""Runs a program and prints as JSON how it ended: `hostile_run.py SECONDS PROGRAM ARGUMENT...`. A process of its own,
because the resident size that the system tells of a child begins with that of its parent, and pytest's is large."""
import json
import os
import resource
import signal
import sys
import tempfile

MEGABYTES = 512

seconds, program = int(sys.argv[1]), sys.argv[2]
with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as messages:
    child = os.fork()
    if child == 0:
        # Private writable memory, of the program and of each process that it starts (setrlimit(2), RLIMIT_DATA).
        resource.setrlimit(resource.RLIMIT_DATA, (MEGABYTES << 20,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(messages.fileno(), 2)
        os.execv(program, sys.argv[2:])
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(seconds)
    _, status, usage = os.wait4(child, 0)
    signal.alarm(0)
    texts = []
    for file in (output, messages):
        file.seek(0)
        texts.append(file.read().decode())
print(json.dumps({
    "status": os.waitstatus_to_exitcode(status), "output": texts[0], "messages": texts[1],
    # Those of the program and of all workers that it waited for; the size is that of the largest.
    "seconds": usage.ru_utime + usage.ru_stime, "megabytes": usage.ru_maxrss / 1024,
}))

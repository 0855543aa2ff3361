"""Pickles that name code. By design an unknown global is inert data, so each stands where a tensor or state dict has to be."""
from case import CANARY, COMMAND, Case
from pickle_bytes import *  # noqa: F403

CLASS = "pickle"


def instead_of_state_dict(name: str, module: str, function: str, *arguments: bytes, why: str) -> Case:
    return Case(name, why, checkpoint(call(module, function, *arguments)), says=[f"class {module}.{function}", "no tensor"])


def instead_of_tensor(name: str, value: bytes, why: str, says: list[str]) -> Case:
    return Case(name, why, checkpoint(pairs((text(NAME), value))), says=says)


CODE = f"import os; os.system({COMMAND!r})"

CASES = [
    instead_of_state_dict("os-system", "os", "system", text(COMMAND), why="The whole file is a call of os.system, which runs a shell command."),
    instead_of_state_dict("posix-system", "posix", "system", text(COMMAND), why="posix.system is what os.system is called in a pickle written on Linux."),
    instead_of_state_dict("nt-system", "nt", "system", text("cmd /c echo x > attnconv-canary"), why="nt.system is what os.system is called in a pickle written on Windows."),
    instead_of_state_dict("eval", "builtins", "eval", text(f"__import__('os').system({COMMAND!r})"), why="builtins.eval runs an expression."),
    instead_of_state_dict("eval-python2", "__builtin__", "eval", text(f"__import__('os').system({COMMAND!r})"), why="eval by its name in Python 2."),
    instead_of_state_dict("exec", "builtins", "exec", text(CODE), why="builtins.exec runs statements."),
]

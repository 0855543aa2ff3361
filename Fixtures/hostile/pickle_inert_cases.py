"""Good checkpoints with an attack beside the weights. They import, nothing of the attack runs, and the report names it.

Not among the attacks that must be refused: a training run may well hold objects of classes that are not known."""
from case import COMMAND, Case
from legacy_cases import DATA, KEYS, MAGIC, SYSTEM, VERSION, weights
from pickle_bytes import *  # noqa: F403

RUN = call("os", "system", text(COMMAND))
EXPRESSION = f"__import__('os').system({COMMAND!r})"
OUTPUT = "out.safetensors"


def inert(name: str, why: str, *says: str, files: dict[str, bytes]) -> Case:
    return Case(name, why, files, says=[*says, f"wrote {OUTPUT}", "eca-module"], exit=0, arguments=("import", "FILE", "-o", OUTPUT), writes=(OUTPUT,))


def beside(name: str, value: bytes, why: str, *says: str) -> Case:
    """Another entry of the dict that holds the state dict."""
    return inert(name, why, *says, files=checkpoint(dictionary(state_dict=STATE_DICT, callback=value), deflated=len(value) > 10_000))


def instead(name: str, value: bytes, why: str, *says: str) -> Case:
    """A state dict that is itself good, written in an odd way."""
    return inert(name, why, *says, files=checkpoint(value))


CASES = [
    beside("os-system", RUN, "A callback of a training run is a call of os.system.", "not rebuilt", "os.system (1)"),
    beside("posix-system", call("posix", "system", text(COMMAND)), "os.system by the name that Python writes on Linux.", "posix.system (1)"),
    beside("eval", call("builtins", "eval", text(EXPRESSION)), "An expression to be evaluated.", "builtins.eval (1)"),
    beside("exec", call("builtins", "exec", text(EXPRESSION)), "Statements to be run.", "builtins.exec (1)"),
    beside("subprocess", call("subprocess", "Popen", list_(text("touch"), text("/tmp/attnconv-canary"))), "A process to be started.", "subprocess.Popen (1)"),
    beside("getattr", call("builtins", "getattr", call("builtins", "__import__", text("os")), text("system")) + tuple_(text(COMMAND)) + REDUCE,
           "os.system put together by getattr and __import__.", "builtins.getattr (2)", "builtins.__import__ (1)"),
    beside("inst", b"(S'" + COMMAND.encode() + b"'\nios\nsystem\n", "INST, a call of protocol 0.", "os.system (1)"),
    beside("obj", MARK + global_("os", "system") + text(COMMAND) + OBJ, "OBJ, a call of protocol 1.", "os.system (1)"),
    beside("newobj-ex", global_("os", "system") + EMPTY_TUPLE + dictionary(command=text(COMMAND)) + NEWOBJ_EX, "NEWOBJ_EX, a call of protocol 4.", "os.system (1)"),
    beside("setstate", global_("bdb", "Bdb") + EMPTY_TUPLE + NEWOBJ + pairs((text("__setstate__"), global_("os", "system"))) + BUILD + text(COMMAND) + BUILD,
           "BUILD with a planted __setstate__.", "bdb.Bdb (1)", "os.system (1)"),
    beside("extension", b"\x82\x01" + tuple_(text(COMMAND)) + REDUCE, "EXT1, a number of the program's own registry.", "copyreg.extension_1 (1)"),
    beside("memo-built-global", text("system") + put(90) + POP + text("os") + put(91) + POP + get(91) + get(90) + STACK_GLOBAL + tuple_(text(COMMAND)) + REDUCE,
           "A global of two strings of the memo.", "os.system (1)"),
    beside("object-in-a-key", pairs((RUN, integer(1))), "The call is the key of a dict.", "os.system (1)"),
    beside("object-that-imitates-weights", pairs((text(NAME), RUN)), "A second state dict whose tensor is a call.", "os.system (1)"),
    beside("dropped-call", RUN + POP + NONE, "The result of the call is dropped at once.", "os.system (1)"),
    beside("calls-100000-deep", global_("os", "system") * 100_000 + NONE + (TUPLE1 + REDUCE) * 100_000, "100,000 calls, each the argument of the one before.", "os.system (100000)"),
    beside("list-of-itself", EMPTY_LIST + put(90) + get(90) + APPEND, "A list beside the weights holds itself.", "holds itself and is not followed"),
    beside("lists-100000-deep", EMPTY_LIST * 100_000 + APPEND * 99_999, "100,000 lists inside of each other.", "64 levels deep"),
    beside("names-that-steer", call("\x1b[31mos", "system") + TUPLE1, "The name of the class recolours the terminal.", "\\u{1B}[31mos.system (1)"),
    inert("below-the-state-dict", "A call is left on the stack below the state dict.", "os.system (1)", files=checkpoint(RUN + STATE_DICT)),
    instead("backward-hooks", pairs((text(NAME), call("torch._utils", "_rebuild_tensor_v2", storage(), integer(0), integers((1, 1, 3)), integers((3, 3, 1)), FALSE, RUN))),
            "The hooks of the tensor, which PyTorch calls, are a call of os.system.", "os.system (1)"),
    instead("default-factory", call("collections", "defaultdict", global_("os", "system"), STATE_DICT), "The factory of a defaultdict is os.system.", "os.system (1)"),
    instead("state-of-a-tensor", pairs((text(NAME), tensor() + dictionary(__class__=global_("os", "system"), shape=RUN) + BUILD)), "BUILD gives the tensor another class and shape.", "os.system"),
    instead("state-of-a-dict", STATE_DICT + dictionary(__setitem__=global_("os", "system")) + BUILD, "BUILD gives the state dict a method.", "os.system (1)"),
    instead("location-is-a-command", pairs((text(NAME), tensor(storage(location="cuda:0; " + COMMAND)))), "The device of the storage is a shell command.", "1 entries"),
    instead("location-meta", pairs((text(NAME), tensor(storage(location="meta")))), "The device of the storage is meta, which has no bytes; the file has them.", "1 entries"),
    instead("frame-of-nothing", b"\x95" + bytes(8) + STATE_DICT, "A frame of no bytes, with everything behind it.", "1 entries"),
    inert("legacy-os-system", "A call of os.system beside the weights of a legacy stream.", "os.system (1)",
          files={"input.pth": MAGIC + VERSION + SYSTEM + PROTO2 + dictionary(state_dict=pairs((text(NAME), weights())), callback=RUN) + STOP + KEYS + DATA}),
    inert("legacy-class-source", "A class of a legacy stream brings source text along.", "os.system (1)",
          files={"input.pth": MAGIC + VERSION + SYSTEM + PROTO2 + dictionary(state_dict=pairs((text(NAME), weights())), callback=persistent(
              text("module"), global_("os", "system"), text("evil.py"), text(COMMAND)) + tuple_(text(COMMAND)) + REDUCE) + STOP + KEYS + DATA}),
    inert("legacy-system-information", "The system information of a legacy stream holds a call, and sizes that no machine has.", "wrote",
          files={"input.pth": MAGIC + VERSION + PROTO2 + dictionary(little_endian=TRUE, type_sizes=dictionary(int=integer(-1), long=RUN)) + STOP
                 + PROTO2 + pairs((text(NAME), weights())) + STOP + KEYS + DATA}),
]

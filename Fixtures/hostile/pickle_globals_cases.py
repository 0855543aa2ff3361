"""Pickles that name code. By design an unknown global is inert data, so each stands where a tensor or state dict has to be."""
from case import CANARY, COMMAND, Case
from pickle_bytes import *  # noqa: F403

CLASS = "pickle"

CODE = f"import os; os.system({COMMAND!r})"
EXPRESSION = f"__import__('os').system({COMMAND!r})"
SYSTEM = global_("os", "system")
RUN = SYSTEM + tuple_(text(COMMAND)) + REDUCE


def whole(name: str, module: str, function: str, *arguments: bytes, why: str) -> Case:
    """The call is the whole file."""
    return Case(name, why, checkpoint(call(module, function, *arguments)), says=[f"{module}.{function}", "no tensor"])


def weight(name: str, value: bytes, why: str, *says: str, deflated: bool = False) -> Case:
    """The call stands in the place of the one tensor of a network."""
    return Case(name, why, checkpoint(pairs((text(NAME), value)), deflated=deflated), says=list(says))


def opcodes(name: str, pickle: bytes, why: str, *says: str) -> Case:
    return Case(name, why, raw(pickle), says=list(says))


CASES = [
    whole("os-system", "os", "system", text(COMMAND), why="The whole file is a call of os.system, which runs a shell command."),
    whole("posix-system", "posix", "system", text(COMMAND), why="posix.system is what os.system is called in a pickle written on Linux."),
    whole("nt-system", "nt", "system", text("cmd /c echo x > attnconv-canary"), why="nt.system is what os.system is called in a pickle written on Windows."),
    whole("eval", "builtins", "eval", text(EXPRESSION), why="builtins.eval runs an expression."),
    whole("eval-python2", "__builtin__", "eval", text(EXPRESSION), why="eval runs an expression, by its name in Python 2."),
    whole("exec", "builtins", "exec", text(CODE), why="builtins.exec runs statements."),
    whole("subprocess-popen", "subprocess", "Popen", list_(text("touch"), text(CANARY)), why="subprocess.Popen starts a process."),
    whole("open-for-writing", "builtins", "open", text(CANARY), text("w"), why="builtins.open creates a file, without a command."),
    whole("import-module", "importlib", "import_module", text("attnconv_canary"), why="An import runs the code of a module beside the file."),
    whole("run-path", "runpy", "run_path", text("payload.py"), why="runpy.run_path runs a script beside the file."),
    whole("load-library", "ctypes", "CDLL", text("./payload.so"), why="ctypes.CDLL loads a library, whose constructors run."),
    whole("webbrowser", "webbrowser", "open", text("http://127.0.0.1:9/"), why="webbrowser.open starts a program and reaches the network."),
    whole("connect", "socket", "create_connection", tuple_(text("127.0.0.1"), integer(9)), why="A socket tells somebody that the file was opened."),
    whole("torch-hub", "torch.hub", "load", text("owner/name"), text("entry"), why="torch.hub.load fetches code and runs it; its module begins with torch."),
    whole("torch-load", "torch", "load", text("other.pth"), why="torch.load would open another file, without protection."),
    whole("load-from-bytes", "torch.storage", "_load_from_bytes", b"B" + struct.pack("<I", 4) + b"cos\n",
          why="torch.storage._load_from_bytes unpickles its argument, without protection."),
    whole("pickle-in-pickle", "pickle", "loads", b"B" + struct.pack("<I", len(RUN) + 1) + RUN + STOP,
          why="pickle.loads unpickles a byte string that holds a second attack."),
    whole("marshalled-code", "types", "FunctionType", call("marshal", "loads", b"B" + struct.pack("<I", 4) + b"c\0\0\0"), EMPTY_DICT,
          why="A function is made of bytecode; marshal.loads trusts its bytes."),
    whole("dotted-name", "os", "system.__call__", text(COMMAND), why="The name has a dot: protocol 4 follows attributes."),
    whole("through-another-module", "posixpath", "os.system", text(COMMAND), why="os.system reached through a module that imports os, past a list of modules."),
    whole("through-torch", "torch._utils", "os.system", text(COMMAND), why="os.system reached through a module that is on every allow-list."),
    whole("through-serialization", "torch.serialization", "os.system", text(COMMAND), why="os.system as an attribute of the very module that loads checkpoints."),
    whole("empty-module", "", "os.system", text(COMMAND), why="The module has no name, the function has two."),
    Case("getattr", "os.system is put together by getattr and __import__, so that the pickle never names it.",
         checkpoint(call("builtins", "getattr", call("builtins", "__import__", text("os")), text("system")) + tuple_(text(COMMAND)) + REDUCE),
         says=["builtins.getattr", "no tensor"]),
    Case("methodcaller", "operator.methodcaller is called with its result of __import__: two calls in a row.",
         checkpoint(call("operator", "methodcaller", text("system"), text(COMMAND)) + tuple_(call("builtins", "__import__", text("os"))) + REDUCE),
         says=["operator.methodcaller", "no tensor"]),
    Case("result-of-a-lookalike", "A name that only looks like a tensor function: its letter a is Cyrillic.",
         checkpoint(pairs((text(NAME), global_("torch._utils", "_rebuild_p\u0430rameter") + tuple_(RUN, TRUE, NO_HOOKS) + REDUCE))),
         says=["no tensors", "_rebuild_p\u0430rameter"]),
    Case("trailing-space", "A known function with a space behind its name.",
         checkpoint(pairs((text(NAME), global_("torch._utils", "_rebuild_tensor_v2 ") + tuple_(text(COMMAND)) + REDUCE))),
         says=["no tensors", "_rebuild_tensor_v2 "]),
    # How a global gets onto the stack.
    Case("memo-built-global", "Module and name are ordinary strings that STACK_GLOBAL takes from the memo later.",
         raw(b"\x80\x04" + text("system") + put(0) + POP + text("os") + put(7) + POP + get(7) + get(0) + STACK_GLOBAL + tuple_(text(COMMAND)) + REDUCE + STOP),
         says=["os.system", "no tensor"]),
    Case("computed-name", "The name of a global is the result of a call, so that no scanner finds it in the file.",
         raw(b"\x80\x04" + text("os") + call("operator", "concat", text("sys"), text("tem")) + STACK_GLOBAL + tuple_(text(COMMAND)) + REDUCE + STOP),
         says=["STACK_GLOBAL", "operator.concat"]),
    Case("encoded-name", "The name of a global is a text that _codecs.encode made into bytes.",
         raw(b"\x80\x04" + text("os") + call("_codecs", "encode", text("system"), text("latin1")) + STACK_GLOBAL + tuple_(text(COMMAND)) + REDUCE + STOP),
         says=["os.system", "no tensor"]),
    opcodes("global-of-numbers", b"\x80\x04" + integer(1) + NONE + STACK_GLOBAL + STOP, "Module and name of a global are a number and None.", "STACK_GLOBAL", "integer 1"),
    Case("name-with-newline", "A global whose name breaks the line and forges a second message.",
         raw(b"\x80\x04" + text("os\nerror: all is well") + text("system") + STACK_GLOBAL + EMPTY_TUPLE + REDUCE + STOP), says=["os\\u{A}error", "no tensor"]),
    Case("name-with-escape", "A global whose name clears the terminal and recolours it.",
         raw(b"\x80\x04" + text("\x1b[2J\x1b[31mos") + text("system") + STACK_GLOBAL + EMPTY_TUPLE + REDUCE + STOP), says=["\\u{1B}", "no tensor"]),
    Case("name-of-5000-bytes", "A global whose name has more bytes than any module.",
         raw(b"\x80\x04" + text("m" * 5000) + text("n") + STACK_GLOBAL + STOP), says=["STACK_GLOBAL", "4096 bytes"]),
    # Which opcode makes the call.
    opcodes("inst", b"(S'" + COMMAND.encode() + b"'\nios\nsystem\n.", "INST calls a class of protocol 0 without REDUCE.", "os.system", "no tensor"),
    opcodes("obj", MARK + SYSTEM + text(COMMAND) + OBJ + STOP, "OBJ calls a class of protocol 1 without REDUCE.", "os.system", "no tensor"),
    opcodes("newobj", PROTO2 + SYSTEM + tuple_(text(COMMAND)) + NEWOBJ + STOP, "NEWOBJ calls a function as if it were a class.", "os.system", "no tensor"),
    opcodes("newobj-ex", b"\x80\x04" + SYSTEM + EMPTY_TUPLE + dictionary(command=text(COMMAND)) + NEWOBJ_EX + STOP, "NEWOBJ_EX calls with keyword arguments.", "os.system", "no tensor"),
    opcodes("newobj-function", PROTO2 + call("copyreg", "__newobj__", SYSTEM, text(COMMAND)) + STOP, "copyreg.__newobj__, which is on the allow-list, is given os.system as a class.", "os.system", "no tensor"),
    opcodes("reconstructor", PROTO2 + call("copyreg", "_reconstructor", SYSTEM, global_("builtins", "str"), text(COMMAND)) + STOP,
            "copyreg._reconstructor, which is on the allow-list, is given os.system as a class.", "os.system", "no tensor"),
    opcodes("setstate", PROTO2 + global_("bdb", "Bdb") + EMPTY_TUPLE + NEWOBJ + pairs((text("__setstate__"), SYSTEM)) + BUILD + text(COMMAND) + BUILD + STOP,
            "BUILD plants os.system as __setstate__, a second BUILD calls it.", "bdb.Bdb", "no tensor"),
    opcodes("build-slots", PROTO2 + global_("m", "C") + EMPTY_TUPLE + NEWOBJ + NONE + pairs((text("__class__"), SYSTEM)) + TUPLE2 + BUILD + STOP,
            "BUILD gives slots that replace the class of the object.", "m.C", "no tensor"),
    opcodes("extension-1", PROTO2 + b"\x82\x01" + tuple_(text(COMMAND)) + REDUCE + STOP, "EXT1 names a function by a number of the program's own registry.", "extension_1", "no tensor"),
    opcodes("extension-2", PROTO2 + b"\x83\x00\x01" + tuple_(text(COMMAND)) + REDUCE + STOP, "EXT2 names a function by a number of two bytes.", "extension_256", "no tensor"),
    opcodes("extension-4", PROTO2 + b"\x84\xff\xff\xff\xff" + tuple_(text(COMMAND)) + REDUCE + STOP, "EXT4 names a function by a number that Python reads as -1.", "extension_", "no tensor"),
    opcodes("call-of-a-call", PROTO2 + RUN + tuple_(text(COMMAND)) + REDUCE + STOP, "The result of a call is called again.", "os.system", "no tensor"),
    # Where a tensor, a size, a storage or a container has to be.
    weight("instead-of-a-tensor", RUN, "A call of os.system stands where the only tensor has to be.", "no tensors", "os.system"),
    weight("instead-of-a-storage", tensor(RUN), "The storage of the tensor is the result of os.system.", "os.system", "storage"),
    weight("instead-of-a-size", tensor(shape=RUN), "The size of the tensor is the result of os.system.", "_rebuild_tensor_v2", "size", "os.system"),
    weight("instead-of-a-stride", tensor(strides=call("torch", "Size", RUN)), "The stride is a torch.Size of the result of os.system.", "os.system"),
    weight("instead-of-a-parameter", call("torch._utils", "_rebuild_parameter", RUN, TRUE, NO_HOOKS), "A parameter is rebuilt of the result of os.system.", "no tensors", "os.system"),
    weight("instead-of-a-type", call("torch._tensor", "_rebuild_from_type_v2", SYSTEM, global_("torch", "Tensor"), tuple_(text(COMMAND)), EMPTY_DICT),
           "_rebuild_from_type_v2, which is on every allow-list, calls its first argument: os.system.", "no tensors", "os.system"),
    weight("instead-of-a-storage-class", tensor(persistent(text("storage"), SYSTEM, text("0"), text("cpu"), integer(3))),
           "The storage class of the persistent id is os.system.", "storage of an unknown class", "os.system"),
    Case("instead-of-pairs", "OrderedDict, which is on every allow-list, is filled from the result of os.system.",
         checkpoint(call("collections", "OrderedDict", RUN)), says=["dict", "os.system"]),
    Case("instead-of-items", "A set is filled from the result of os.system.", checkpoint(call("builtins", "set", RUN)), says=["expected a list or tuple", "os.system"]),
]

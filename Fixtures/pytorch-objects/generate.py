"""Checkpoints with other objects beside the tensors, which `torch.load(weights_only=True)` refuses, and files that are
programs rather than data. Run: `.venv/bin/python Fixtures/pytorch-objects/generate.py`.

Do not load these files with `weights_only=False` elsewhere than in a sandbox: two of them would run a command.
"""
import argparse
import datetime
import functools
import os
import pathlib
import sys
import tempfile

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "generators"))
import attention_blocks  # noqa: E402
import containers  # noqa: E402
import narrow  # noqa: E402
import narrow_cbam  # noqa: E402
import record  # noqa: E402
import weights  # noqa: E402

contents, files = {}, {}


def add(file, content, container="pytorch-zip", **facts):
    files[file] = {"content": content, "container": container, "writtenBy": record.WRITER, **facts}


def module_state(seed: int = 1) -> dict:
    """The official CBAM module, 8 channels."""
    table = [(name, [8 if size == 64 else 2 if size == 4 else size for size in shape], kind) for name, shape, kind in narrow.load("mod_cbam_c64")]
    return narrow_cbam.state_dict(seed, table=table)


contents["cbam-module"] = record.rows(module_state())
contents["cbam-module-average"] = record.rows(module_state(2))
contents["se-cifar-resnet20"] = record.rows(narrow_cbam.state_dict(table=narrow.narrow(narrow.load("moskomule_cifar_r20_se"), 8)))

# A whole training run: every kind of object that real checkpoints carry.
network = narrow_cbam.state_dict(table=narrow.narrow(narrow.load("moskomule_cifar_r20_se"), 8))
weight = torch.nn.Parameter(torch.ones(4))
optimizer = torch.optim.AdamW([{"params": [weight], "lr": 1e-3, "betas": (0.9, 0.99)}])
weight.grad = torch.ones(4)
optimizer.step()
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 30)
run = {
    "epoch": -1,
    "model": {"net": {"module." + name: value for name, value in network.items()}},
    "args": argparse.Namespace(arch="se_resnet20", lr=0.1, betas=(0.9, 0.99), data=pathlib.PurePosixPath("data/cifar10"), resume=None),
    "best_acc": np.float64(91.5),
    "history": np.arange(6, dtype=np.float32).reshape(2, 3),
    "saved_at": datetime.datetime(2021, 3, 4, 5, 6, 7),
    "optimizer": optimizer.state_dict(),
    "scheduler": scheduler,
    "warmup": functools.partial(max, 1, key=abs),
    "logger": attention_blocks.RunLogger(),
    "seen": {1, 2, 3},
    "frozen": frozenset({"fc"}),
    "complex": 1 + 2j,
    "rng_state": torch.arange(16, dtype=torch.uint8),
    "big": 2**80,
    "device": torch.device("cuda:0"),
    "shape": torch.Size([3, 32, 32]),
    "dtype": torch.float16,
}
torch.save(run, HERE / "training-run.pth")
add("training-run.pth", "se-cifar-resnet20", keyPath="model.net", prefix="module.")
containers.save_legacy(run, HERE / "training-run.legacy.pth.tar")
add("training-run.legacy.pth.tar", "se-cifar-resnet20", container="pytorch-legacy", keyPath="model.net", prefix="module.")

# Both averaged and raw weights: the reader has to say so, and to let the user choose.
torch.save({"state_dict": module_state(), "state_dict_ema": module_state(2), "epoch": 3}, HERE / "averaged.pth")
add("averaged.pth", "cbam-module", keyPath="state_dict", also={"keyPath": "state_dict_ema", "content": "cbam-module-average"})

torch.save({index: value for index, value in enumerate(module_state().values())}, HERE / "integer-keys.pth")
add("integer-keys.pth", None)
state = module_state()
first = next(iter(state))
torch.save({**{"module." + name: value for name, value in state.items()}, first: state[first] + 1}, HERE / "duplicate-after-prefix.pth")
add("duplicate-after-prefix.pth", None, duplicate=first)

# The module itself instead of its state dict: its parameters are data inside the pickle.
block = attention_blocks.SqueezeExcitation()
with torch.no_grad():
    for name, value in block.state_dict().items():
        value.copy_(torch.from_numpy(weights.values(name, value.shape, set(), 1)))
contents["se-module"] = record.rows(block.state_dict())
torch.save(block, HERE / "whole-module.pth")
add("whole-module.pth", "se-module", wholeModule=True)
# The legacy format stores each class's source file and text too: here a placeholder instead of local paths and torch's own code.
original = torch.serialization.get_source_lines_and_file
torch.serialization.get_source_lines_and_file = lambda kind: ([f"class {kind.__name__}: ...\n"], 1, kind.__module__ + ".py")
containers.save_legacy(block, HERE / "whole-module.legacy.pth")
torch.serialization.get_source_lines_and_file = original
add("whole-module.legacy.pth", "se-module", container="pytorch-legacy", wholeModule=True)

# The debug records of a script name local source files, and nothing needs them.
with tempfile.TemporaryDirectory() as folder:
    script = pathlib.Path(folder, "torchscript.pt")
    torch.jit.script(block).save(str(script))
    containers.without(script, HERE / "torchscript.pt", lambda record_name: record_name.endswith(".debug_pkl"))
add("torchscript.pt", "se-module", container="torchscript")


class Command:
    """Runs a shell command in whoever unpickles it. A reader that treats pickles as data never does."""

    def __reduce__(self):
        return os.system, ("touch /tmp/attnconv-canary",)


hostile = {"state_dict": module_state(), "callback": Command()}
torch.save(hostile, HERE / "hostile.pth")
add("hostile.pth", "cbam-module", keyPath="state_dict", canary="/tmp/attnconv-canary")
containers.save_legacy(hostile, HERE / "hostile.legacy.pth")
add("hostile.legacy.pth", "cbam-module", container="pytorch-legacy", keyPath="state_dict", canary="/tmp/attnconv-canary")

record.write(HERE, files, contents)

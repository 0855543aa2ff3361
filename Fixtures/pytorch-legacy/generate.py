"""Checkpoints in torch's legacy format (0.1.10 to 1.5, and on request until today).
Run: `.venv/bin/python Fixtures/pytorch-legacy/generate.py`."""
import collections
import pathlib
import sys

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "generators"))
import containers  # noqa: E402
import narrow_cbam  # noqa: E402
import record  # noqa: E402
import weights  # noqa: E402
from python2_pickle import Call, Global, Storage, legacy_file  # noqa: E402

contents, files = {}, {}


def add(file, content, written_by=record.WRITER, **facts):
    files[file] = {"content": content, "container": "pytorch-legacy", "writtenBy": written_by, **facts}


name = "cbam-resnet18-narrow"
contents[name] = record.rows(narrow_cbam.state_dict())
containers.save_legacy(narrow_cbam.state_dict(), HERE / f"{name}.pth")
add(f"{name}.pth", name)

# A checkpoint as the original training scripts save it: DataParallel, on a GPU, next to optimizer and scores. Its `arch`
# contradicts the tensors, as a released file's does.
state_dict = narrow_cbam.state_dict(prefix="module.")
parameters = [torch.nn.Parameter(value) for key, value in state_dict.items() if key.endswith(("fc.weight", "fc.bias"))]
optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=1e-4)
for parameter in parameters:
    parameter.grad = torch.ones_like(parameter)
optimizer.step()
# The optimizer step changed the two tensors in place; the checkpoint holds the original values.
state_dict = narrow_cbam.state_dict(prefix="module.")
for file, best in [(f"{name}.training.pth.tar", torch.tensor(71.25)), (f"{name}.numpy-score.pth.tar", np.float64(71.25))]:
    checkpoint = {"epoch": 90, "arch": "resnet50", "state_dict": state_dict, "best_prec1": best, "optimizer": optimizer.state_dict()}
    containers.save_legacy(checkpoint, HERE / file, location="cuda:0")
    add(file, name, keyPath="state_dict", prefix="module.", location="cuda:0", arch="resnet50")

tiny = {f"fc.{i}.weight": torch.from_numpy(weights.values(f"fc.{i}.weight", shape, set(), 1)) for i, shape in [(0, (1, 4)), (2, (4, 1))]}
contents["se-module-tiny"] = record.rows(tiny)
containers.save_legacy(tiny, HERE / "se-module-tiny.pth")
add("se-module-tiny.pth", "se-module-tiny")

# Before 0.4: Python 2 strings, the four-argument rebuild function, neither `_metadata` nor batch counters.
kinds = {np.dtype("float32"): "FloatStorage", np.dtype("int64"): "LongStorage"}
old_table = [row for row in narrow_cbam.TABLE if not row[0].endswith("num_batches_tracked")]
arrays = weights.fill(old_table)
contents["cbam-resnet18-narrow-uncounted"] = record.rows({key: torch.from_numpy(value) for key, value in arrays.items()})
storages, rebuilt = {}, collections.OrderedDict()
for index, (key, value) in enumerate(arrays.items()):
    storage = str(94_000_000_000_000 + 4096 * index)
    storages[storage] = value
    strides = tuple(stride // value.itemsize for stride in value.strides)
    rebuilt["module." + key] = Call(
        Global("torch._utils", "_rebuild_tensor"),
        (Storage(kinds[value.dtype], storage, "cuda:0", value.size, None), 0, value.shape, strides),
    )
checkpoint = {"epoch": 90, "arch": "resnet18", "state_dict": rebuilt, "best_prec1": 71.25}
(HERE / f"{name}.before-0.4.pth.tar").write_bytes(legacy_file(checkpoint, storages))
add(f"{name}.before-0.4.pth.tar", "cbam-resnet18-narrow-uncounted", written_by="this generator, after torch 0.3 under Python 2",
    keyPath="state_dict", prefix="module.", location="cuda:0")

# Views: two tensors on one storage, as torch writes them today ...
base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 7
views = {"transposed": base.t(), "sliced": base[1:3, ::2], "overlapping": base.as_strided((5, 4), (3, 1), 2),
         "expanded": base[:1, :3].expand(4, 3), "scalar": torch.tensor(0.25), "empty": torch.empty(3, 0, 2), "half": base.half()[1]}
contents["views"] = record.rows(views)
containers.save_legacy(views, HERE / "views.pth")
add("views.pth", "views")

# ... and storages that are themselves views of another storage, which only the oldest versions wrote. The tensor's
# offset counts from the start of the view, the view's offset from the start of its root; both in elements.
root, flat = "94000000000000", base.flatten()


def old_view(view, offset, size, stride):
    return Call(Global("torch._utils", "_rebuild_tensor"), (Storage("FloatStorage", root, "cpu", 24, view), offset, size, stride))


storage_views = {
    "whole": (old_view(None, 0, (4, 6), (6, 1)), base),
    "tail": (old_view(("94000000000064", 10, 14), 0, (2, 7), (7, 1)), flat[10:24].reshape(2, 7)),
    "inner": (old_view(("94000000000064", 10, 14), 3, (5,), (2,)), flat[13:22:2]),
    "single": (old_view(("94000000000128", 23, 1), 0, (1,), (1,)), flat[23:24]),
}
contents["storage-views"] = record.rows({key: value for key, (_, value) in storage_views.items()})
(HERE / "storage-views.pth").write_bytes(legacy_file({key: call for key, (call, _) in storage_views.items()}, {root: flat.numpy()}))
add("storage-views.pth", "storage-views", written_by="this generator, after torch 0.2 under Python 2")

record.write(HERE, files, contents)

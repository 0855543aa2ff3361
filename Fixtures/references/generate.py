"""Canonical checkpoints with what other programs compute from them.
Run: `.venv/bin/python Fixtures/references/generate.py`; ATTNCONV names the program to import with (default: the release build).

Each folder holds `checkpoint.safetensors`, as `attnconv import` wrote it, and `reference.safetensors`: `input`, `output` and
`taps.<node>`, computed in float64 and stored as float32. Weights and inputs are functions of names, shapes and seeds.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "generators")]
import evaluations  # noqa: E402
import narrow  # noqa: E402
import narrow_cbam  # noqa: E402
import narrow_packages  # noqa: E402
import official  # noqa: E402
import record  # noqa: E402
import weights  # noqa: E402

ATTNCONV = os.environ.get("ATTNCONV", str(HERE.parents[1] / ".build/release/attnconv"))
torch.set_grad_enabled(False)


def image(shape, seed: int, cell: int = 1):
    """Random cells of `cell` x `cell` pixels between -2 and 2; large inputs in cells compress well."""
    stream = np.random.Generator(np.random.PCG64(seed))
    n, c, h, w = shape
    values = 4 * stream.random((n, c, -(-h // cell), -(-w // cell))) - 2
    values = np.repeat(np.repeat(values, cell, axis=2), cell, axis=3)[:, :, :h, :w]
    return torch.from_numpy(np.ascontiguousarray(values.astype(np.float32)))


def write(case: str, state: dict, model: str, x, output, taps: dict):
    folder = HERE / case
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        source = pathlib.Path(temporary, f"{case}.pth")
        torch.save(dict(state), source)
        subprocess.run([ATTNCONV, "import", source, "-o", folder / "checkpoint.safetensors", "--force"], check=True, capture_output=True)
    tensors = {"input": x, "output": output} | {f"taps.{node}": value for node, value in taps.items()}
    metadata = {"producer": record.WRITER, "model": model}
    save_file(
        {name: value.to(torch.float32).contiguous() for name, value in tensors.items()}, folder / "reference.safetensors",
        metadata={"attnconv.reference": json.dumps(metadata, sort_keys=True)},
    )
    for file in folder.iterdir():
        file.chmod(0o644)


def package(case: str, index: tuple, shape, nodes: dict, seed: int, cell: int = 1):
    """A network of `narrow_packages`, with gates kept half open."""
    [(_, dialect, _, module)] = [row for row in narrow_packages.networks() if row[:2] == index]
    state = official.calibrated(narrow_packages.filled(module))
    module.load_state_dict(state)
    x = image(shape, seed, cell)
    write(case, state, f"{dialect} {index[0]}, narrow", x, *evaluations.run_module(module, nodes, x))


def functions(case: str, state: dict, model: str, evaluate, shape, seed: int):
    x = image(shape, seed)
    write(case, state, model, x, *evaluate(state, x))


def table(name: str) -> dict:
    return {name: torch.from_numpy(value) for name, value in weights.fill(narrow.load(name)).items()}


LAYERS_18, LAYERS_50 = narrow_packages.LAYERS_18, narrow_packages.LAYERS_50
torch_blocks = evaluations.blocks(LAYERS_18, "layer{t}.{b}")
package("timm-legacy-seresnet18", ("legacy-seresnet18", "timm"), (2, 3, 37, 45), {"pool0": "stem.pool", **torch_blocks}, 1)
package("timm-cbam-resnet18", ("cbam-resnet18", "timm"), (2, 3, 40, 48), {"maxpool": "stem.pool", **torch_blocks}, 2)
package(
    "timm-ecaresnet50d", ("ecaresnet50d", "timm"), (1, 3, 44, 50),
    {"maxpool": "stem.pool", **evaluations.blocks(LAYERS_50, "layer{t}.{b}")}, 3)
package(
    "torchvision-mobilenet-v2", ("mobilenet-v2", "torchvision"), (2, 3, 33, 40),
    {"features.0": "stem.relu", "features.1": "stages.0.blocks.0.add", "features.3": "stages.1.blocks.1.add",
     "features.6": "stages.2.blocks.2.add", "features.17": "stages.6.blocks.0.norm3", "features.18": "final.relu"}, 4)
# Its head pools 7x7 windows, so the input must be large.
package(
    "pytorchcv-bam-resnet18", ("bam-resnet18", "pytorchcv"), (1, 3, 200, 216),
    {"features.stage2.unit1.bam": "stages.0.attention.scale", "features.stage3.unit1.bam": "stages.1.attention.scale",
     "features.stage4": "stages.3.blocks.1.relu", "features.final_pool": "head.pool"}, 5, cell=8)

state = official.calibrated(narrow_cbam.state_dict(table=narrow.narrow(narrow.load("jc_cifar100_r18_bam"), 32)))
functions("cifar-resnet18-bam", state, "attention-module CIFAR ResNet-18 + BAM, narrow", evaluations.cifar, (2, 3, 32, 32), 6)
functions("module-bam", table("mod_bam_c64"), "attention-module BAM", evaluations.bam, (2, 64, 5, 8), 7)
functions("module-cbam", table("mod_cbam_c64"), "attention-module CBAM", evaluations.cbam, (2, 64, 5, 7), 11)
functions("module-nam", table("mod_nam_c64"), "NAM channel attention", evaluations.nam, (2, 64, 4, 3), 8)
functions("module-eca-ns", table("mod_ecans_k3"), "ECA-NS", evaluations.eca_per_channel, (2, 64, 3, 4), 9)
functions("module-cbam-k49", table("xmu_cbam_k49"), "External-Attention CBAM", evaluations.external_cbam, (2, 64, 5, 6), 10)

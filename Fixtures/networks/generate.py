"""One small file per dialect and kind of network. Run: `.venv/bin/python Fixtures/networks/generate.py`.

Where a package on PyPI builds the network, the package does so, at 2 channels instead of 64; elsewhere the names come
from `parameter-tables/`. Depth is never cut: every name of the full network is there. The container is the one each
code base really wrote.
"""
import importlib.metadata
import pathlib
import sys

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "generators"))
import containers  # noqa: E402
import narrow  # noqa: E402
import narrow_cbam  # noqa: E402
import narrow_packages  # noqa: E402
import record  # noqa: E402

files = {}


def add(file, state, container, dialect, architecture, **facts):
    path = HERE / file
    if container == "safetensors":
        save_file(dict(state), path, metadata={"format": "pt"})
        path.chmod(0o644)
    elif container == "pytorch-zip":
        torch.save(state, path)
    else:
        containers.save_legacy(state, path)
    files[file] = {"container": container, "dialect": dialect, "architecture": architecture, **record.summary(state), **facts}


def from_table(file, table, dialect, architecture, divisor=32, container="pytorch-legacy"):
    rows = narrow.load(table)
    if divisor > 1:
        # Bottleneck blocks end 4 times as wide, so the usual 8 still leaves a hidden channel.
        rows = narrow.narrow(rows, divisor, reduction=8 if "_r50_" in table else 2)
    add(file, narrow_cbam.state_dict(table=rows), container, dialect, architecture, table=table)


for table, dialect, architecture in [
    ("jc_cifar100_r18_none", "attention-module", "cifar resnet18"),
    ("jc_cifar100_r18_bam", "attention-module", "cifar resnet18 + bam"),
    ("jc_imagenet_r50_bam", "attention-module", "resnet50 + bam"),
    ("jc_imagenet_r18_cbam", "attention-module", "resnet18 + cbam"),
    ("nam_cifar100_r18_nam", "nam", "cifar resnet18 + nam"),
    ("nam_imagenet_r50_nam", "nam", "resnet50 + nam"),
    ("ecanet_r18_k3577", "ecanet", "resnet18 + eca"),
    ("ecanet_r50_k3557", "ecanet", "resnet50 + eca"),
    ("moskomule_r18_se", "senet-moskomule", "resnet18 + se"),
    ("cadene_r50_se", "cadene", "resnet50 + se"),
    ("luuuyi_r18_cbam", "luuuyi-cbam", "resnet18 + cbam"),
]:
    name = architecture.replace(" + ", "-").replace(" ", "-")
    from_table(f"{dialect}-{name}.pth", table, dialect, architecture)
from_table("senet-moskomule-cifar-resnet20-se.pth", "moskomule_cifar_r20_se", "senet-moskomule", "cifar resnet20 + se", divisor=8)

# Single modules are small enough at full size (64 channels).
for table in ["mod_bam_c64", "mod_cbam_c64", "mod_cbamnospatial_c64", "mod_eca_k3", "mod_eca_k5", "mod_ecans_k3", "mod_nam_c64", "mod_se_c64"]:
    from_table(f"module-{table.removeprefix('mod_').replace('_', '-')}.pth", table, "official module", f"module {table.split('_')[1]}", divisor=1)
for table in ["xmu_bam_c64r16", "xmu_cbam_k49", "xmu_cbam_k7", "xmu_eca_k3", "xmu_se_c64r16"]:
    name = table.removeprefix("xmu_").replace("_", "-")
    from_table(f"external-attention-{name}.pth", table, "external-attention", f"module {table.split('_')[1]}", divisor=1)

# Networks that the packages build.
for name, dialect, architecture, module in narrow_packages.networks():
    state = narrow_packages.filled(module)
    container, ending = {
        "timm": ("safetensors", "safetensors"), "torchvision": ("pytorch-legacy", "pth"), "pytorchcv": ("pytorch-zip", "pth"),
    }[dialect]
    version = importlib.metadata.version(dialect)
    add(f"{dialect}-{name}.{ending}", state, container, dialect, architecture, package=f"{dialect} {version}")
    if name == "mobilenet-v2":
        mobile = state

# The official ECA MobileNetV2 has torchvision's names and shapes plus one kernel a block.
rows = [(name, list(mobile[name].shape) if name in mobile else shape, kind) for name, shape, kind in narrow.load("ecanet_mobilenetv2_k13")]
add("ecanet-mobilenet-v2-eca.pth", narrow_cbam.state_dict(table=rows), "pytorch-legacy", "ecanet", "mobilenet_v2 + eca", table="ecanet_mobilenetv2_k13")

record.write(HERE, files)

"""What the networks of `attnconv verify --self-test` compute, in `Sources/Verification/SelfTest/Recorded/`, and with the
mistakes of `faulty.py`, in `faulty/`.
Run: `.venv/bin/python Fixtures/self-test/generate.py`.

The blocks are the authors' own code: attention-module (BAM, CBAM), ECANet, NAM, senet.pytorch (SE) and torchvision (plain
networks), in the smallest network that holds them. The four repositories are cloned into `.venv/authors` unless the
environment variable AUTHORS names a folder of clones. Numbers come from `deterministic.py`; computed in float64.
"""
import collections
import copy
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "generators")]
import deterministic  # noqa: E402
import faulty  # noqa: E402
import record  # noqa: E402

OUTPUT = ROOT / "Sources/Verification/SelfTest/Recorded"
AUTHORS = pathlib.Path(os.environ.get("AUTHORS", ROOT / ".venv/authors"))
COMMITS = {
    "Jongchan/attention-module": "459efad0e05ee7dde50c41ca10a3d0800bc3792a",
    "BangguWu/ECANet": "b332f6b3e6e2afe8a3287dc8ee8440a0fbec74c4",
    "Christian-lyc/NAM": "6e8d3e321c60a9b9e4a795bfdb228caa08a076b5",
    "moskomule/senet.pytorch": "8cb2669fec6fa344481726f9199aa611f08c3fbd",
}
CLASSES = 5
torch.set_grad_enabled(False)


def load(folder: str, repository: str, *modules: str) -> list:
    """Modules of a repository at its commit, imported from a folder of their own."""
    name = repository.partition("/")[2]
    clone, copy = AUTHORS / name, pathlib.Path(folder, name)
    if not clone.exists():
        subprocess.run(["git", "clone", "--quiet", f"https://github.com/{repository}", clone], check=True)
    copy.mkdir()
    archive = subprocess.run(["git", "-C", clone, "archive", COMMITS[repository]], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", copy], input=archive, check=True)
    for file in copy.rglob("bam.py"):
        # The name is not defined anywhere; the line keeps the module from being created.
        file.write_text(file.read_text().replace("self.gate_activation = gate_activation", ""))
    sys.path.insert(0, str(copy))
    for known in [known for known in sys.modules if known.split(".")[0] in {module.split(".")[0] for module in modules}]:
        del sys.modules[known]  # two repositories call their package MODELS
    result = [importlib.import_module(module) for module in modules]
    sys.path.remove(str(copy))
    return result


class Network(nn.Module):
    """A stem, blocks, attention between them and a head, called as all these code bases call them."""

    def __init__(self, width: int, blocks: list, pool, is_large: bool = False, between: dict | None = None):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False) if is_large else nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if is_large else nn.Identity()
        for index, block in enumerate(blocks):
            self.add_module(f"layer{index + 1}", nn.Sequential(block))
        for name, module in (between or {}).items():
            self.add_module(name, module)
        self.pool = pool
        last = blocks[-1].bn3 if hasattr(blocks[-1], "bn3") else blocks[-1].bn2
        self.fc = nn.Linear(last.num_features, CLASSES)

    def forward(self, x):
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for stage in (1, 2):
            x = self.get_submodule(f"layer{stage}")(x)
            if hasattr(self, f"bam{stage}"):
                x = self.get_submodule(f"bam{stage}")(x)
        return self.fc(self.pool(x).flatten(1))


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))


def basic(block, **options) -> list:
    """A block that keeps 4 channels, and one that halves the map and makes 8 of them."""
    return [block(4, 4, **options), block(4, 8, stride=2, downsample=shortcut(4, 8, 2), **options)]


# The canonical name of each layer: pattern and replacement, applied one after the other.
NAMES = [
    (r"^conv1\b", "stem.conv"), (r"^bn1\b", "stem.norm"), (r"^fc\b", "head"),
    (r"^features\.0\.0\b", "stem.conv"), (r"^features\.0\.1\b", "stem.norm"),
    (r"^features\.1\.conv\.0\.0\b", "stages.0.blocks.0.conv2"), (r"^features\.1\.conv\.0\.1\b", "stages.0.blocks.0.norm2"),
    (r"^features\.1\.conv\.1\b", "stages.0.blocks.0.conv3"), (r"^features\.1\.conv\.2\b", "stages.0.blocks.0.norm3"),
    (r"^features\.(\d+)\.", lambda match: f"stages.1.blocks.{int(match[1]) - 2}."),
    (r"\bconv\.0\.0\b", "conv1"), (r"\bconv\.0\.1\b", "norm1"), (r"\bconv\.1\.0\b", "conv2"), (r"\bconv\.1\.1\b", "norm2"),
    (r"(blocks\.\d)\.conv\.2\b", r"\1.conv3"), (r"(blocks\.\d)\.conv\.3\b", r"\1.norm3"),
    (r"^layer(\d)\.(\d)", lambda match: f"stages.{int(match[1]) - 1}.blocks.{match[2]}"),
    (r"^bam(\d)", lambda match: f"stages.{int(match[1]) - 1}.attention"),
    (r"\bdownsample\.0\b", "shortcut.conv"), (r"\bdownsample\.1\b", "shortcut.norm"), (r"\.bn(\d)\b(?!\.\D*bn2)", r".norm\1"),
    (r"\bcbam\.ChannelGate\.mlp\.1\b", "attention.channel.reduce"), (r"\bcbam\.ChannelGate\.mlp\.3\b", "attention.channel.expand"),
    (r"\bcbam\.SpatialGate\.spatial\.conv\b", "attention.spatial.conv"), (r"\bcbam\.SpatialGate\.spatial\.bn\b", "attention.spatial.norm"),
    (r"\bchannel_att\.gate_c\.gate_c_fc_0\b", "channel.reduce"), (r"\bchannel_att\.gate_c\.gate_c_bn_1\b", "channel.norm"),
    (r"\bchannel_att\.gate_c\.gate_c_fc_final\b", "channel.expand"),
    (r"\bspatial_att\.gate_s\.gate_s_conv_reduce0\b", "spatial.reduce"), (r"\bspatial_att\.gate_s\.gate_s_bn_reduce0\b", "spatial.reduce_norm"),
    (r"\bspatial_att\.gate_s\.gate_s_conv_di_(\d)\b", r"spatial.dilated.\1"), (r"\bspatial_att\.gate_s\.gate_s_bn_di_(\d)\b", r"spatial.dilated_norm.\1"),
    (r"\bspatial_att\.gate_s\.gate_s_conv_final\b", "spatial.project"),
    (r"\beca\.conv\b", "attention.conv"), (r"\bnam\.Channel_Att\.norm2\b", "attention.channel.norm"),
    (r"\bse\.fc\.0\b", "attention.reduce"), (r"\bse\.fc\.2\b", "attention.expand"),
]


def canonical(name: str) -> str:
    for pattern, replacement in NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def fill(network: nn.Module) -> nn.Module:
    """The network with its numbers, in float64."""
    norms = {module for module, layer in network.named_modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)}
    state = {}
    for key, value in network.state_dict().items():
        module, _, leaf = key.rpartition(".")
        if leaf == "num_batches_tracked":
            state[key] = value
        else:
            state[key] = torch.from_numpy(deterministic.tensor(f"{canonical(module)}.{leaf}", value.shape, module in norms))
    network.load_state_dict(state)
    return network.double().eval()


def write(file: pathlib.Path, network: nn.Module, size: tuple, taps: dict, code: str):
    """Runs a network and writes what it computes; `taps` maps its modules to canonical nodes."""
    x = torch.from_numpy(deterministic.tensor("input", (1, 3, *size)))
    tensors = {"input": x}
    for path, node in taps.items():
        def keep(_module, _input, output, node=node):
            tensors[f"taps.{node}"] = output.clone()
        network.get_submodule(path).register_forward_hook(keep)
    tensors["output"] = network(x.double())
    metadata = {"producer": record.WRITER, "model": code}
    file.parent.mkdir(exist_ok=True, parents=True)
    save_file(
        {key: value.to(torch.float32).contiguous() for key, value in tensors.items()}, file,
        metadata={"attnconv.reference": json.dumps(metadata, sort_keys=True)},
    )
    file.chmod(0o644)


def taps(attention: dict) -> dict:
    """The end of each block, and what the given modules of blocks give."""
    blocks = {f"layer{stage + 1}.0": f"stages.{stage}.blocks.0.relu" for stage in (0, 1)}
    inside = {f"layer{stage + 1}.0.{path}": f"stages.{stage}.blocks.0.{node}" for stage in (0, 1) for path, node in attention.items()}
    return {"bn1": "stem.norm"} | inside | blocks


def networks() -> list:
    """Name, network, size of the image, taps and whose code it is, of each network."""
    whole = nn.AdaptiveAvgPool2d(1)
    with tempfile.TemporaryDirectory() as folder:
        bam, cbam, resnet = load(folder, "Jongchan/attention-module", "MODELS.bam", "MODELS.cbam", "MODELS.model_resnet")
        (eca,) = load(folder, "BangguWu/ECANet", "models.eca_resnet")
        (nam,) = load(folder, "Christian-lyc/NAM", "MODELS.model_resnet")
        (senet,) = load(folder, "moskomule/senet.pytorch", "senet.se_resnet")
    module = bam.BAM(16)
    module.channel_att, module.spatial_att = bam.ChannelGate(4, 1), bam.SpatialGate(4, 1)
    bam_taps = {"bam1.channel_att.gate_c": "channel.expand", "bam1.spatial_att.gate_s": "spatial.project", "bam1": "scale"}
    bam_taps = {path: f"stages.0.attention.{node}" for path, node in bam_taps.items()}
    cbam_blocks = basic(resnet.BasicBlock)
    for block in cbam_blocks:
        block.cbam = cbam.CBAM(block.bn2.num_features, 1)
    cbam_taps = taps({"cbam.ChannelGate": "attention.channel.scale", "cbam": "attention.spatial.scale"})
    nam_taps = taps({"nam.Channel_Att.bn2": "attention.channel.norm", "nam": "attention.channel.scale"})
    bottleneck = torchvision.models.resnet.Bottleneck
    bottlenecks = [bottleneck(4, 4, downsample=shortcut(4, 16, 1)), bottleneck(16, 8, stride=2, downsample=shortcut(16, 32, 2))]
    mobilenet = torchvision.models.MobileNetV2(width_mult=1 / 8, round_nearest=4, inverted_residual_setting=[[1, 16, 1, 1], [6, 24, 2, 2]])
    mobilenet = nn.Sequential(collections.OrderedDict(features=mobilenet.features[:4]))
    mobile_taps = {"features.0": "stem.relu", "features.1": "stages.0.blocks.0.add", "features.2": "stages.1.blocks.0.norm3"}
    return [
        ("resnet-bam", Network(4, basic(resnet.BasicBlock), nn.AvgPool2d(4), between={"bam1": module}), (8, 14), taps({}) | bam_taps,
         "Jongchan/attention-module BasicBlock, BAM"),
        ("resnet-cbam", Network(4, cbam_blocks, whole), (6, 10), cbam_taps, "Jongchan/attention-module BasicBlock, CBAM"),
        ("resnet-eca", Network(4, basic(eca.ECABasicBlock), whole), (6, 10), taps({"eca": "attention.scale"}), "BangguWu/ECANet ECABasicBlock"),
        ("resnet-nam", Network(4, basic(nam.BasicBlock, shape=6, use_nam=True), whole), (6, 10), nam_taps, "Christian-lyc/NAM BasicBlock"),
        ("resnet-se", Network(4, basic(senet.SEBasicBlock, reduction=1), whole), (8, 14), taps({"se": "attention.scale"}), "moskomule/senet.pytorch SEBasicBlock"),
        ("resnet-bottleneck", Network(4, bottlenecks, whole, is_large=True), (16, 32), taps({}), "torchvision Bottleneck"),
        ("mobilenet-v2", mobilenet, (12, 20), mobile_taps, "torchvision MobileNetV2, first stages"),
    ]


def main():
    for name, network, size, nodes, code in networks():
        write(OUTPUT / f"{name}.safetensors", fill(network), size, nodes, code)
    for name, network, size, _, code in networks():
        for fault, make in faulty.FAULTS.get(name, {}).items():
            broken = copy.deepcopy(fill(network))
            make(broken)
            write(HERE / "faulty" / f"{name}.{fault}.safetensors", broken, size, {}, f"{code}, {fault}")


if __name__ == "__main__":
    main()

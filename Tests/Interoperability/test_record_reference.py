"""`Tools/record_reference.py`, and what `verify` makes of the names that it records: every output of every module of every code
base that has a dialect, from the package itself or from its restatement in `authors.py`."""
import json
import re
import sys

import authors
import checkpoints
import packages
import pytest
import safetensors
import torch
from conftest import ROOT
from safetensors.torch import load_file
from test_schemas import check, report
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(ROOT / "Tools"))
from record_reference import record  # noqa: E402

IMAGE, SMALL, MAP = (2, 3, 64, 64), (2, 3, 32, 32), (2, 64, 7, 7)
# Name -> (builder, shape of the input, dialect that is recognised). Fixed 7x7 pools need 224x224.
NETWORKS = {
    "attention-module bam": (lambda: authors.ResNet((1, 2, 1, 1), "bam", cifar=True, bottleneck=True), SMALL, "attention-module"),
    "attention-module cbam": (lambda: authors.ResNet((1, 2, 1, 1), "cbam", cifar=True), SMALL, "attention-module"),
    "ecanet resnet": (lambda: authors.ResNet((1, 2, 1, 1), "eca", bottleneck=True), IMAGE, "ecanet"),
    "ecanet mobilenetv2": (authors.MobileNetV2, IMAGE, "ecanet"),
    "nam": (lambda: authors.ResNet((1, 2, 1, 1), "nam", cifar=True), SMALL, "nam"),
    "senet-moskomule": (lambda: authors.ResNet((1, 2, 1, 1), "se", bottleneck=True), IMAGE, "senet-moskomule"),
    "luuuyi-cbam": (lambda: authors.ResNet((1, 2, 1, 1), "ca"), IMAGE, "luuuyi-cbam"),
    "external-attention bam": (lambda: authors.ExternalBam(64), MAP, "external-attention"),
    "external-attention cbam": (lambda: authors.ExternalCbam(64), MAP, "external-attention"),
    "attention-module bam alone": (lambda: authors.OfficialBam(64), MAP, "attention-module"),
    "attention-module cbam alone": (lambda: authors.OfficialCbam(64), MAP, "attention-module"),
    "nam alone": (lambda: authors.Nam(64), MAP, "nam"),
    "ecanet alone": (lambda: authors.Eca(64), MAP, "ecanet"),
    "se alone": (lambda: authors.Se(64), MAP, "senet-moskomule"),
}
for name, shape, dialect in [
    ("torchvision resnet18", IMAGE, "torchvision"), ("torchvision mobilenet_v2", IMAGE, "torchvision"),
    ("timm resnet18 se", IMAGE, "timm"), ("timm resnet18 eca", IMAGE, "timm"), ("timm resnet50 cbam", IMAGE, "timm"),
    ("timm ecaresnet50d", IMAGE, "timm"), ("timm legacy_seresnet18", IMAGE, "cadene"),
    ("pytorchcv bam_resnet18", (1, 3, 224, 224), "pytorchcv"), ("pytorchcv cbam_resnet18", (1, 3, 224, 224), "pytorchcv"),
    ("pytorchcv seresnet18", (1, 3, 224, 224), "pytorchcv"), ("pytorchcv resnet50", (1, 3, 224, 224), "pytorchcv"),
]:
    NETWORKS[name] = (packages.NETWORKS[name][1], shape, dialect)


def prepared(build, shape):
    """A model with random weights whose norms know its activations, so that gates are half open and rounding stays small."""
    model = build()
    checkpoints.filled(model)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()
            module.momentum = None
    torch.manual_seed(4)
    model.train()(torch.randn(4 if shape[-1] > 64 else 16, *shape[1:]))
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            # A channel that hardly varies would be blown up together with its rounding.
            module.running_var.clamp_(min=0.25 * float(module.running_var.mean()))
    return model.eval()


def recorded(attnconv, model, shape, taps):
    """A checkpoint of a model, and the reference with some taps."""
    folder = attnconv.folder
    torch.save(model.state_dict(), folder / "model.pth")
    torch.manual_seed(5)
    record(model, torch.randn(shape), str(folder / "reference.safetensors"), checkpoint=str(folder / "model.pth"), taps=taps)
    return attnconv.import_(folder / "model.pth"), folder / "reference.safetensors"


@pytest.mark.parametrize("taps", ["blocks", "all"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_module_is_compared_with_its_node(attnconv, name, taps):
    build, shape, dialect = NETWORKS[name]
    canonical, reference = recorded(attnconv, prepared(build, shape), shape, taps)
    assert checkpoints.source(canonical)["dialect"] == dialect
    # Fifty layers of random weights make 1e-4 of torch's own rounding; the smallest fault of a mapping is 1.5e-3.
    value = report(attnconv, "verify", canonical, "--reference", reference, "--tolerance", "5e-4")
    assert value["status"] == "passed"
    assert {row["tensor"] for row in value["tensors"]} == set(load_file(reference)) - {"input"}
    nodes = {row["node"] for row in value["tensors"]}
    for block in {match[0] for match in map(re.compile(r"stages\.\d+\.blocks\.\d+(?=\.)").match, checkpoints.canonical(canonical)) if match}:
        assert any(re.fullmatch(re.escape(block) + r"\.(relu|add|norm3|attention\.scale)", node) for node in nodes), block


def test_a_fault_is_found_in_its_block(attnconv):
    model = prepared(NETWORKS["attention-module cbam"][0], SMALL)
    canonical, reference = recorded(attnconv, model, SMALL, "blocks")
    convolution = model.layer2[1].cbam.SpatialGate.spatial.conv
    convolution.weight.data = convolution.weight.flip(1)
    torch.save(model.state_dict(), attnconv.folder / "flipped.pth")
    value = report(attnconv, "verify", attnconv.import_(attnconv.folder / "flipped.pth", name="flipped"), "--reference", reference, code=1)
    assert value["divergence"]["tensor"] == "taps.layer2.1.cbam"
    assert value["divergence"]["node"] == "stages.1.blocks.1.attention.spatial.scale"
    assert "stages.1.blocks.1.attention.spatial.conv" in value["divergence"]["suspects"]


def test_names_of_another_code_base_need_its_dialect(attnconv):
    """A plain ResNet has the same parameters in torchvision and timm; only timm's has activations of their own."""
    model = prepared(packages.NETWORKS["timm resnet18 10 classes"][1], IMAGE)
    canonical, reference = recorded(attnconv, model, IMAGE, ["layer1.0.act1", "layer1.0"])
    assert checkpoints.source(canonical)["dialect"] == "torchvision"
    failure = report(attnconv, "verify", canonical, "--reference", reference, code=2)
    assert failure["error"]["identifier"] == "unsuitable-reference"
    assert '"taps.layer1.0.act1": found no such module in the names of torchvision' in failure["error"]["message"]
    value = report(attnconv, "verify", canonical, "--reference", reference, "--dialect", "timm")
    assert [row["node"] for row in value["tensors"]] == ["stages.0.blocks.0.relu1", "stages.0.blocks.0.relu", "head"]


def test_names_that_are_not_certain_are_told_together(attnconv):
    model = prepared(NETWORKS["attention-module bam"][0], SMALL)
    model.layer1[0].extra = nn.Identity()
    model.layer1[0].register_forward_hook(lambda module, _inputs, output: module.extra(output))
    canonical, reference = recorded(attnconv, model, SMALL, ["layer1.0", "layer1.0.extra"])
    failure = report(attnconv, "verify", canonical, "--reference", reference, code=2)
    assert '"taps.layer1.0.extra"' in failure["error"]["message"]
    assert "taps.layer1.0\"" not in failure["error"]["message"]
    assert "leave these modules out when recording" in failure["error"]["hint"]


def test_canonical_names_are_recorded_as_such(attnconv):
    canonical, reference = recorded(attnconv, prepared(NETWORKS["nam"][0], SMALL), SMALL, {"layer2": "stages.1", "relu": "stem.relu"})
    assert metadata(reference)["tapNames"] == "canonical"
    value = report(attnconv, "verify", canonical, "--reference", reference)
    assert [row["tensor"] for row in value["tensors"]] == ["taps.stem.relu", "taps.stages.1", "output"]


@pytest.mark.parametrize("wrap", [nn.DataParallel, lambda model: nn.Sequential(nn.DataParallel(model))[0], torch.compile])
def test_wrappers_leave_no_trace_in_names(attnconv, wrap):
    model = prepared(NETWORKS["nam"][0], SMALL)
    canonical, reference = recorded(attnconv, model, SMALL, "blocks")
    names = set(load_file(reference))
    record(wrap(model), load_file(reference)["input"], str(reference), overwrite=True)
    assert set(load_file(reference)) == names


def metadata(path) -> dict:
    with safetensors.safe_open(path, framework="pt") as file:
        value = json.loads(file.metadata()["attnconv.reference"])
    check("reference", value)
    return value


class Repeating(nn.Module):
    """A module of each kind that a recorder meets."""

    class Pair(nn.Module):
        def forward(self, x):
            return x, x

    class Gate(nn.Module):
        def forward(self, x):
            return x.mean((2, 3), keepdim=True).expand_as(x)

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.relu = nn.ReLU(inplace=True)
        self.twice = nn.Sigmoid()
        self.pair = self.Pair()
        self.gate = self.Gate()
        self.same = nn.Identity()
        self.unused = nn.ReLU()
        self.inner = nn.DataParallel(nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU()))

    def forward(self, x):
        x = self.relu(self.conv(x))
        x = self.same(self.inner(x)) + self.twice(self.twice(x))
        return self.pair(x * self.gate(x))[0].flatten(1)


@pytest.fixture
def model():
    torch.manual_seed(2)
    return Repeating()


def taps_of(path) -> dict:
    return {name.removeprefix("taps."): tensor for name, tensor in load_file(path).items() if name.startswith("taps.")}


def test_all_takes_what_runs_once_and_gives_one_tensor(model, tmp_path, capsys):
    record(model, torch.randn(1, 3, 2, 2), str(tmp_path / "r"), taps="all")
    assert set(taps_of(tmp_path / "r")) == {"conv", "relu", "inner", "inner.0", "gate"}
    assert metadata(tmp_path / "r")["tapNames"] == "source"
    message = capsys.readouterr().err
    assert "5 taps" in message
    assert "left out for running more than once: twice; left out for not running: unused; left out for not giving one float tensor: pair" in message


def test_what_an_in_place_operation_overwrites_was_copied(model, tmp_path):
    image = torch.randn(1, 3, 5, 5)
    record(model, image, str(tmp_path / "r"), taps=["conv", "relu"])
    taps = taps_of(tmp_path / "r")
    assert torch.equal(taps["conv"], functional.conv2d(image, model.conv.weight, model.conv.bias))
    assert torch.equal(taps["relu"], taps["conv"].relu())
    assert (taps["conv"] < 0).any()


def test_an_expanded_gate_is_written_once(model, tmp_path):
    record(model, torch.randn(2, 3, 5, 6), str(tmp_path / "r"), taps=["gate"])
    assert taps_of(tmp_path / "r")["gate"].shape == (2, 4, 1, 1)


def test_modules_inside_an_inner_wrapper_have_their_own_names(model, tmp_path):
    record(model, torch.randn(1, 3, 2, 2), str(tmp_path / "r"), taps=["inner.0"])
    assert set(taps_of(tmp_path / "r")) == {"inner.0"}


def test_no_taps(model, tmp_path):
    record(model, torch.randn(1, 3, 2, 2), str(tmp_path / "r"), taps=None)
    assert set(load_file(tmp_path / "r")) == {"input", "output"}
    assert "tapNames" not in metadata(tmp_path / "r")


@pytest.mark.parametrize("taps, error, message", [
    (["twice"], ValueError, "the submodule 'twice' runs 2 times; record one that runs once"),
    (["unused"], ValueError, "the submodule 'unused' does not run"),
    (["pair"], TypeError, "'pair' gives tuple, expected one tensor"),
    (["covn"], ValueError, "the model has no submodule 'covn'"),
    (["conv", "conv"], ValueError, "a submodule is named twice"),
    ({"conv": "a", "relu": "a"}, ValueError, "two submodules have the same canonical name"),
    ("everything", ValueError, "found taps 'everything'"),
    (7, TypeError, "found taps of type int"),
])
def test_what_cannot_be_recorded_is_refused(model, tmp_path, taps, error, message):
    model.train()
    with pytest.raises(error, match=re.escape(message)):
        record(model, torch.randn(1, 3, 2, 2), str(tmp_path / "r"), taps=taps)
    assert list(tmp_path.iterdir()) == []
    assert model.training and model.conv.training
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("name, expected", [
    ("torchvision resnet18", ["layer1.0", "layer1.1", "layer2.0", "layer2.0.downsample.1", "layer2.1"]),
    ("pytorchcv bam_resnet18", ["features.init_block", "features.stage1.unit1", "features.stage1.unit2", "features.stage2.unit1",
                                "features.stage2.unit1.bam", "features.stage2.unit2"]),
])
def test_blocks_are_stages_blocks_and_their_parts(tmp_path, name, expected):
    record(packages.NETWORKS[name][1](), torch.randn(1, 3, 224, 224), str(tmp_path / "r"))
    names = [tap for tap in taps_of(tmp_path / "r") if not re.search(r"layer[34]|stage[34]|final_pool", tap)]
    assert sorted(names) == sorted(expected)

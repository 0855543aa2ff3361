"""`verify` and `run` against references that real PyTorch recorded with `Tools/record_reference.py`."""
import pathlib
import sys

import pytest
import timm
import torch
import torchvision
from safetensors.torch import load_file, save_file

from test_schemas import report

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tools"))
from record_reference import record  # noqa: E402


@pytest.fixture
def recorded(attnconv):
    """A ResNet-18 with random weights and statistics, imported, beside what PyTorch computes with it."""
    folder = attnconv.folder
    torch.manual_seed(7)
    model = torchvision.models.resnet18(num_classes=10)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
    torch.save(model.state_dict(), folder / "resnet18.pth")
    image = torch.randn(2, 3, 96, 80)
    record(model, image, str(folder / "reference.safetensors"), checkpoint=str(folder / "resnet18.pth"),
           taps={f"layer{stage + 1}": f"stages.{stage}" for stage in range(4)})
    assert attnconv.run("import", folder / "resnet18.pth", "-o", folder / "canonical.safetensors").returncode == 0
    return model.eval(), image, folder


def test_the_same_network_passes(attnconv, recorded):
    _, _, folder = recorded
    value = report(attnconv, "verify", folder / "canonical.safetensors", "--reference", folder / "reference.safetensors")
    assert value["status"] == "passed"


def test_swapped_statistics_fail_and_the_stage_is_named(attnconv, recorded):
    model, _, folder = recorded
    state = dict(model.state_dict())
    swapped = ("layer2.0.bn1.running_var", "layer2.0.bn2.running_var")
    state[swapped[0]], state[swapped[1]] = state[swapped[1]], state[swapped[0]]
    torch.save(state, folder / "swapped.pth")
    assert attnconv.run("import", folder / "swapped.pth", "-o", folder / "swapped.safetensors").returncode == 0
    result = attnconv.run("verify", folder / "swapped.safetensors", "--reference", folder / "reference.safetensors")
    assert result.returncode == 1
    assert "first diverging layer: stages.1" in result.stdout
    report(attnconv, "verify", folder / "swapped.safetensors", "--reference", folder / "reference.safetensors", code=1)


def test_run_writes_what_pytorch_computes(attnconv, recorded):
    model, image, folder = recorded
    save_file({"input": image}, folder / "input.safetensors")
    value = report(attnconv, "run", folder / "canonical.safetensors", "--input", folder / "input.safetensors",
                   "-o", folder / "output.safetensors")
    assert value["outputShape"] == [2, 10]
    with torch.no_grad():
        expected = model.double()(image.double())
    model.float()
    actual = load_file(folder / "output.safetensors")["output"].double()
    assert (actual - expected).abs().max() <= 1e-6 * expected.abs().max()


def test_a_file_that_is_no_reference_is_an_error(attnconv, recorded):
    _, _, folder = recorded
    report(attnconv, "verify", folder / "canonical.safetensors", "--reference", folder / "canonical.safetensors", code=2)


def seresnet50():
    """A full-size network with random weights and statistics, and a small image."""
    torch.manual_seed(11)
    model = timm.create_model("seresnet50", num_classes=10).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    return model, torch.randn(2, 3, 64, 64)


def verified(attnconv, state, code=1):
    """What `verify` says of a state dict and the reference in the test's folder."""
    torch.save(state, attnconv.folder / "changed.pth")
    return report(attnconv, "verify", attnconv.import_(attnconv.folder / "changed.pth", "--force"), "--reference",
                  attnconv.folder / "reference.safetensors", code=code)


def test_broken_blocks_of_a_full_network_are_named_with_their_causes(attnconv):
    model, image = seresnet50()
    blocks = [(stage, block) for stage, count in enumerate([3, 4, 6, 3]) for block in range(count)]
    record(model, image, str(attnconv.folder / "reference.safetensors"),
           taps={f"layer{stage + 1}.{block}": f"stages.{stage}.blocks.{block}" for stage, block in blocks})
    assert verified(attnconv, model.state_dict(), code=0)["local"] == []
    state = dict(model.state_dict())
    kernel, norm = "layer2.1.conv2.weight", "layer3.4.bn3"
    state[kernel] = state[kernel].transpose(2, 3).contiguous()
    state[f"{norm}.running_mean"], state[f"{norm}.running_var"] = state[f"{norm}.running_var"], state[f"{norm}.running_mean"]
    value = verified(attnconv, state)
    assert value["divergence"]["tensor"] == "taps.stages.1.blocks.1"
    assert [part["tensor"] for part in value["brokenParts"]] == ["taps.stages.1.blocks.1", "taps.stages.2.blocks.4"]
    assert [(cause["identifier"], cause["modules"], cause["restoresAgreement"]) for cause in value["causes"]] == [
        ("transposed-kernel", ["stages.1.blocks.1.conv2"], True), ("swapped-statistics", ["stages.2.blocks.4.norm3"], True)]
    # Nothing that is known explains one wrong weight.
    state = dict(model.state_dict())
    state["layer4.1.conv3.weight"] = state["layer4.1.conv3.weight"].clone()
    state["layer4.1.conv3.weight"][5, 3] += 1
    value = verified(attnconv, state)
    assert value["causes"] == []
    assert value["unexplainedParts"] == ["taps.stages.3.blocks.1"]


def test_another_epsilon_is_found_without_taps(attnconv):
    model, image = seresnet50()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-3
    record(model, image, str(attnconv.folder / "reference.safetensors"))
    [cause] = verified(attnconv, model.state_dict())["causes"]
    assert cause["identifier"] == "norm-epsilon"
    assert "0.001" in cause["explanation"]
    assert len(cause["modules"]) == 53
    assert cause["restoresAgreement"]


def test_the_self_test_passes_and_fails_where_faults_are_let_through(attnconv):
    value = report(attnconv, "verify", "--self-test", schema="self-test-report")
    assert value["status"] == "passed"
    value = report(attnconv, "verify", "--self-test", "--tolerance", "0.9", code=1, schema="self-test-report")
    assert value["status"] == "failed"

"""`verify` and `run` against references that real PyTorch recorded with `Tools/record_reference.py`."""
import pathlib
import sys

import pytest
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

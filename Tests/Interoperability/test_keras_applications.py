"""Networks of keras.applications, saved by Keras 2 and 3: one canonical checkpoint, and what Keras computes."""
import os
import subprocess
import zipfile

import pytest
import torch
import torchvision
from safetensors.torch import load_file

import checkpoints
from conftest import ROOT
from test_schemas import report

MOBILE = ["MobileNetV2-1.0", "MobileNetV2-0.35"]
NETWORKS = ["ResNet50", *MOBILE]
FILES = {"2": ["{}.h5", "{}.model.h5"], "3": ["{}.weights.h5", "{}.keras", "{}.model.h5"]}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folders = {}
    for version in FILES:
        folders[version] = tmp_path_factory.mktemp(f"keras{version}")
        python = os.environ.get(f"KERAS{version}_PYTHON", str(ROOT / f".venv-keras{version}/bin/python"))
        script = ROOT / "Tests/Interoperability/applications_networks.py"
        subprocess.run([python, script, folders[version], *NETWORKS], check=True, capture_output=True, text=True)
    return folders


@pytest.mark.parametrize("name", NETWORKS)
def test_every_file_is_the_same_checkpoint(attnconv, saved, name):
    contents = set()
    for version, files in FILES.items():
        for number, file in enumerate(files):
            canonical = attnconv.import_(saved[version] / file.format(name), name=f"{version}.{number}")
            assert checkpoints.source(canonical)["dialect"] == "keras-applications"
            contents.add(checkpoints.content(canonical))
    assert len(contents) == 1, "the weights are a function of their place and shape"
    for version in FILES:
        reference = saved[version] / f"{name}.reference.safetensors"
        assert report(attnconv, "verify", canonical, "--reference", reference)["status"] == "passed"


@pytest.mark.parametrize("name", MOBILE)
def test_torchvision_computes_the_same_with_the_padding_of_keras(attnconv, saved, name):
    canonical = attnconv.import_(saved["2"] / f"{name}.h5")
    export = report(attnconv, "export", canonical, "--to", "pytorch", "--dialect", "torchvision", "-o", attnconv.folder / "back.pth")
    assert export["differences"] == [
        "torchvision has epsilon 1e-05 rather than 0.001", 'torchvision has padding "symmetric" rather than "same"',
    ]
    network = torchvision.models.mobilenet_v2(width_mult=float(name.split("-")[1]), num_classes=20).eval()
    network.load_state_dict(torch.load(attnconv.folder / "back.pth", weights_only=True), strict=True)

    def pad(module, inputs):
        rows, columns = (max((-(-side // 2) - 1) * 2 + 3 - side, 0) for side in inputs[0].shape[2:])
        return torch.nn.functional.pad(inputs[0], (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))

    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-3
        if isinstance(module, torch.nn.Conv2d) and module.stride == (2, 2):
            module.padding = (0, 0)
            module.register_forward_pre_hook(pad)
    recorded = load_file(saved["2"] / f"{name}.reference.safetensors")
    output = network.double()(recorded["input"].double())
    assert (output - recorded["output"]).abs().max() <= 1e-5 * recorded["output"].abs().max()


def test_biases_that_torchvision_could_not_load_are_refused(attnconv, saved):
    canonical = attnconv.import_(saved["2"] / "ResNet50.h5")
    result = attnconv.run("export", canonical, "--to", "pytorch", "--dialect", "torchvision", "-o", attnconv.folder / "back.pth")
    assert result.returncode == 2
    assert 'torchvision has no place for "stem.conv.bias"' in result.stderr
    assert not (attnconv.folder / "back.pth").exists()


def test_names_that_contradict_the_connections_are_refused(attnconv, saved):
    # Blocks 4 and 5 have equal shapes: only the connections in the configuration tell that their layers changed places.
    swapped = attnconv.folder / "swapped.keras"
    with zipfile.ZipFile(saved["3"] / "MobileNetV2-0.35.keras") as source, zipfile.ZipFile(swapped, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "config.json":
                data = data.replace(b'"block_4_expand"', b'"?"').replace(b'"block_5_expand"', b'"block_4_expand"').replace(b'"?"', b'"block_5_expand"')
            target.writestr(name, data)
    result = attnconv.run("import", swapped, "-o", attnconv.folder / "out.safetensors")
    assert result.returncode == 2
    assert '"block_4_expand/kernel" is stages.2.blocks.1.conv1.weight, by the connections that the file states it is stages.2.blocks.2.conv1.weight' in result.stderr
    assert "--dialect keras-functional" in result.stderr and not (attnconv.folder / "out.safetensors").exists()

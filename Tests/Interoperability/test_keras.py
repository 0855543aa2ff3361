"""Weights that real Keras saved: the same canonical checkpoint as the PyTorch twin's, and the same outputs."""
import os
import re
import subprocess

import numpy as np
import pytest
import torch
from pytorchcv.model_provider import get_model
from safetensors.torch import load_file

import checkpoints
from conftest import ROOT
from test_schemas import report

# seresnet50 strides in its first convolutions, cbam_resnet50 in its second; no tensor shows it.
NETWORKS = ["resnet18", "seresnet18", "cbam_resnet18", "bam_resnet18", "seresnet50", "cbam_resnet50"]
LEAVES = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keras")
    python = os.environ.get("KERAS2_PYTHON", str(ROOT / ".venv-keras2/bin/python"))
    script = ROOT / "Tests/Interoperability/keras_networks.py"
    subprocess.run([python, script, folder, *NETWORKS], check=True, capture_output=True, text=True)
    return folder


def twin(folder, name):
    """The network of pytorchcv with the weights of tf2cv's, by a mapping of names that shares nothing with attnconv's."""
    network = get_model(name, pretrained=False).eval()
    state, given = network.state_dict(), set()
    for full, value in np.load(folder / f"{name}.npz").items():
        parts = full.removesuffix(":0").split("/")[1:]
        # tf.name_scope doubles the names of containers; a convolution is wrapped in a layer called `conv`.
        parts = [part for number, part in enumerate(parts) if number == 0 or part != parts[number - 1] or part == "conv"]
        parts = ["output" if part == "output1" else re.sub(r"^se_block(_\d+)?$", "se", part) for part in parts]
        parts[-1] = LEAVES[parts[-1]]
        candidates = [".".join(parts), ".".join(parts[:-2] + parts[-1:])]
        key = next(key for key in candidates if key in state)
        value = {4: lambda: value.transpose(3, 2, 0, 1), 2: lambda: value.T}.get(value.ndim, lambda: value)()
        assert state[key].shape == value.shape and key not in given
        state[key] = torch.from_numpy(np.ascontiguousarray(value))
        given.add(key)
    assert {key for key in state if not key.endswith("num_batches_tracked")} == given
    network.load_state_dict(state)
    return network


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_its_twin(attnconv, saved, name):
    canonical = attnconv.import_(saved / f"{name}.h5")
    source = checkpoints.source(canonical)
    assert (source["container"], source["dialect"]) == ("keras-hdf5", "tf2cv")

    network = twin(saved, name)
    torch.save(network.state_dict(), attnconv.folder / "twin.pth")
    assert checkpoints.content(attnconv.import_(attnconv.folder / "twin.pth", "--dialect", "pytorchcv", name="twin")) == checkpoints.content(canonical)

    reference = saved / f"{name}.reference.safetensors"
    assert report(attnconv, "verify", canonical, "--reference", reference)["status"] == "passed"

    # Keras to PyTorch: loads strictly there and computes what Keras computed.
    back = torch.load(attnconv.export(canonical, "--dialect", "pytorchcv"), weights_only=True)
    fresh = get_model(name, pretrained=False).eval()
    fresh.load_state_dict(back, strict=True)
    recorded = load_file(reference)
    output = fresh(recorded["input"])
    assert (output - recorded["output"]).abs().max() <= 1e-4 * recorded["output"].abs().max()


def test_reports_follow_their_schemas(attnconv, saved):
    report(attnconv, "inspect", saved / "seresnet18.h5")
    report(attnconv, "import", saved / "seresnet18.h5", "--dry-run")


@pytest.mark.parametrize("name", ["keras2.model.h5", "keras2.keras", "keras3.model.h5", "keras3.weights.h5", "keras3.keras", "deflated.h5"])
def test_files_of_other_networks_can_be_looked_into(attnconv, fixtures, name):
    assert report(attnconv, "inspect", fixtures / "keras" / name)["status"] == "unrecognized"

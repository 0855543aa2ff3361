"""`Tools/record_reference_keras.py` with Keras 2 and 3: what it records of functional, Sequential and subclassed models."""
import hashlib
import json
import os
import re
import subprocess

import numpy as np
import pytest
import safetensors
from conftest import ROOT
from safetensors.numpy import load_file
from test_schemas import check

PYTHON = {"2": os.environ.get("KERAS2_PYTHON", str(ROOT / ".venv-keras2/bin/python")), "3": os.environ.get("KERAS3_PYTHON", str(ROOT / ".venv-keras3/bin/python"))}


@pytest.fixture(scope="module", params=["2", "3"])
def recorded(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"keras{request.param}")
    script = ROOT / "Tests/Interoperability/keras_recordings.py"
    result = subprocess.run([PYTHON[request.param], script, folder], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-4000:]
    facts = json.loads(result.stdout.splitlines()[-1])
    assert facts["version"].startswith(request.param + ".")
    return folder, facts["refusals"], result.stderr


def metadata(path) -> dict:
    with safetensors.safe_open(path, framework="np") as file:
        value = json.loads(file.metadata()["attnconv.reference"])
    check("reference", value)
    return value


def taps_of(path) -> dict:
    return {name.removeprefix("taps."): array for name, array in load_file(path).items() if name.startswith("taps.")}


def close(found, expected) -> bool:
    expected = expected.transpose(0, 3, 1, 2) if expected.ndim == 4 else expected
    return found.shape == expected.shape and np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_all_taps_are_what_the_layers_give(recorded):
    folder, _, messages = recorded
    path, expected = folder / "functional.all.safetensors", np.load(folder / "functional.npz")
    taps = taps_of(path)
    assert set(taps) == {"c1", "b1", "r1", "inner/c3", "inner/b3", "add", "pool"}
    for name, array in taps.items():
        assert close(array, expected[name]), name
    assert np.array_equal(load_file(path)["input"], expected["input"].transpose(0, 3, 1, 2))
    assert "left out for an activation inside: c2, head" in messages
    facts = metadata(path)
    assert (facts["producer"], facts["tapNames"]) == ("record_reference_keras.py", "source")
    assert re.fullmatch(r"keras \d+\.\d+\.\d+, tensorflow .*", facts["framework"])
    assert facts["sourceSha256"] == hashlib.sha256((folder / "functional.weights.h5").read_bytes()).hexdigest()


def test_an_output_that_is_a_map_has_its_channels_first(recorded):
    folder, _, _ = recorded
    found, expected = load_file(folder / "gate.safetensors")["output"], np.load(folder / "gate.npy")
    assert found.shape == (2, 3, 12, 10) and close(found, expected)


def test_blocks_are_what_comes_together(recorded):
    folder, _, _ = recorded
    assert set(taps_of(folder / "functional.blocks.safetensors")) == {"b1", "inner/b3"}
    assert set(taps_of(folder / "nested.blocks.safetensors")) == {"unit1", "unit2"}


def test_choices_by_name(recorded):
    folder, _, _ = recorded
    expected = np.load(folder / "functional.npz")
    taps = taps_of(folder / "functional.list.safetensors")
    assert set(taps) == {"inner/c3", "add"} and close(taps["inner/c3"], expected["inner/c3"])
    taps = taps_of(folder / "functional.dict.safetensors")
    assert set(taps) == {"stages.0.blocks.0.relu1"} and close(taps["stages.0.blocks.0.relu1"], expected["c2"])
    assert metadata(folder / "functional.dict.safetensors")["tapNames"] == "canonical"
    assert set(load_file(folder / "functional.None.safetensors")) == {"input", "output"}
    assert "tapNames" not in metadata(folder / "functional.None.safetensors")


@pytest.mark.parametrize("name", ["functional.None", "layer", "sigmoid"])
def test_logits_are_recorded_of_a_model_that_ends_in_probabilities(recorded, name):
    folder, _, messages = recorded
    assert close(load_file(folder / f"{name}.safetensors")["output"], np.load(folder / "functional.npz")["output"])
    assert "the model ends in a softmax; recorded is what layer 'head' gives before it" in messages


def test_layers_inside_of_layers_have_all_their_names(recorded):
    folder, _, messages = recorded
    taps, expected = taps_of(folder / "nested.all.safetensors"), np.load(folder / "nested.npz")
    assert set(taps) == {"stem", "unit1", "unit1/conv", "unit1/bn", "unit2", "unit2/conv", "unit2/bn", "pool"}
    assert close(taps["unit1"], expected["unit1"]) and close(taps["unit2/bn"], expected["bn"])
    assert close(load_file(folder / "nested.all.safetensors")["output"], expected["output"])
    assert "left out for running more than once: unit1/twice, unit2/twice" in messages
    assert set(taps_of(folder / "sequential.safetensors")) == {"a", "b"}


@pytest.mark.parametrize("case, kind, message", [
    ("exists", "FileExistsError", "exists already; pass overwrite=True"),
    ("unknown name", "ValueError", "the model runs no layer 'c9'"),
    ("activation inside", "ValueError", "the layer 'c2' gives what its activation relu makes of it"),
    ("named twice", "ValueError", "a layer is named twice"),
    ("unknown choice", "ValueError", "found taps 'everything'"),
    ("no image", "TypeError", "found an input float32 [12, 10, 3]"),
    ("half", "TypeError", "found an input float16"),
    ("not finite", "ValueError", "holds NaN or infinity"),
    ("no model", "TypeError", "found a model of type ndarray, expected one of Keras"),
    ("runs twice", "ValueError", "the layer 'unit1/twice' runs 2 times"),
])
def test_what_cannot_be_recorded_is_refused(recorded, case, kind, message):
    folder, refusals, _ = recorded
    assert refusals[case][0] == kind and message in refusals[case][1]
    assert not (folder / "no").exists() and not list(folder.glob("*.tmp"))

"""Whole models of Keras whose layers have made-up names: what the file says about its network tells what each layer is."""
import os
import subprocess

import pytest

import checkpoints
from conftest import ROOT
from test_schemas import report

NETWORKS = {
    "cifar-max-first": "resnet-1.1-basic-cbam-cifar",
    "cifar-cbam": "resnet-1.1-basic-cbam-cifar", "cifar-se": "resnet-1.1-basic-se-cifar", "resnet-se": "resnet-1.1-basic-se",
    "resnet-eca": "resnet-1.1-basic-eca", "resnet-cbam": "resnet-1.1-basic-cbam", "resnet-bam": "resnet-1.1-basic-bam",
    "bottleneck": "resnet-1.1-bottleneck", "preactivated": "preact-resnet-2.2-basic-se", "nested": "resnet-1-basic-cifar", "mobilenetv2": "mobilenetv2",
    "module-se": "se-module", "module-cbam": "cbam-module", "module-bam": "bam-module", "module-eca": "eca-module",
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("structures")
    python = os.environ.get("KERAS2_PYTHON", str(ROOT / ".venv-keras2/bin/python"))
    subprocess.run([python, ROOT / "Fixtures/keras/generate_structures.py", folder], check=True, capture_output=True, text=True)
    return folder


@pytest.mark.parametrize("name", NETWORKS)
def test_connections_tell_what_each_layer_is(attnconv, saved, name):
    path = saved / f"keras2-{name}.h5"
    found = report(attnconv, "import", path, "--dry-run", "--dialect", "keras-functional")["imports"][0]
    assert (found["dialect"], found["architectureName"]) == ("keras-functional", NETWORKS[name])
    canonical = attnconv.import_(path, "--dialect", "keras-functional")
    assert report(attnconv, "verify", canonical, "--reference", saved / f"keras2-{name}.reference.safetensors")["status"] == "passed"


def test_shuffled_networks_have_the_content_of_their_own(attnconv, saved):
    shuffled = attnconv.import_(saved / "keras2-resnet-cbam.h5", name="shuffled")
    plain = attnconv.import_(saved / "keras2-resnet-cbam.keras", name="plain")
    assert checkpoints.content(shuffled) == checkpoints.content(plain)


def test_a_model_inside_of_another_is_taken_by_its_key(attnconv, saved):
    inside = attnconv.import_(saved / "keras2-inside.h5", "--key", "net_1.0", name="inside")
    assert checkpoints.source(inside)["key"] == ["net_1.0"]
    plain = attnconv.import_(saved / "keras2-resnet-cbam.keras", name="plain")
    assert checkpoints.content(inside) == checkpoints.content(plain)


def test_what_connections_tell_is_more_than_what_numbers_tell(attnconv, saved):
    canonical = attnconv.import_(saved / "keras2-cifar-max-first.h5")
    assert checkpoints.source(canonical)["dialect"] == "keras-functional"
    assert report(attnconv, "verify", canonical, "--reference", saved / "keras2-cifar-max-first.reference.safetensors")["status"] == "passed"

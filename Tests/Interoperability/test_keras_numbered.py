"""Networks of Keras code bases that leave the names of layers to Keras: the numbers alone tell what each layer is."""
import os
import subprocess

import pytest
import torch
from pytorchcv.models.seresnet import SEResNet
from safetensors.torch import load_file

import checkpoints
from conftest import ROOT
from test_schemas import report

NETWORKS = {
    "kobiso-plain": ("kobiso-cbam", "resnet20-cifar"), "kobiso-se": ("kobiso-cbam", "resnet20-se-cifar"),
    "kobiso-cbam": ("kobiso-cbam", "resnet20-cbam-cifar"), "qubvel-seresnet50": ("qubvel-senet", "resnet50-se"),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keras")
    python = os.environ.get("KERAS2_PYTHON", str(ROOT / ".venv-keras2/bin/python"))
    subprocess.run([python, ROOT / "Tests/Interoperability/keras_numbered.py", folder], check=True, capture_output=True, text=True)
    return folder


@pytest.mark.parametrize("name", NETWORKS)
def test_numbered_layers_become_the_network(attnconv, saved, name):
    dialect, architecture = NETWORKS[name]
    found = report(attnconv, "import", saved / f"{name}.h5", "--dry-run")["imports"][0]
    assert (found["dialect"], found["architectureName"]) == (dialect, architecture)
    canonical = attnconv.import_(saved / f"{name}.h5")
    assert report(attnconv, "verify", canonical, "--reference", saved / f"{name}.reference.safetensors")["status"] == "passed"
    for number, form in enumerate(("model.h5", "keras", "weights.h5")):
        other = attnconv.import_(saved / f"{name}.{form}", name=f"other{number}")
        assert checkpoints.content(other) == checkpoints.content(canonical), form


def test_a_senet_of_keras_runs_in_pytorchcv(attnconv, saved):
    canonical = attnconv.import_(saved / "qubvel-seresnet50.h5")
    channels = [[64] * 3, [128] * 4, [256] * 6, [512] * 3]
    network = SEResNet(channels, init_block_channels=16, bottleneck=True, conv1_stride=True, num_classes=10).eval()
    network.load_state_dict(torch.load(attnconv.export(canonical, "--dialect", "pytorchcv"), weights_only=True), strict=True)
    recorded = load_file(saved / "qubvel-seresnet50.reference.safetensors")
    output = network(recorded["input"])
    assert (output - recorded["output"]).abs().max() <= 1e-4 * recorded["output"].abs().max()

    # Cadene pools without padding, which export says.
    told = attnconv.succeed("export", canonical, "--to", "pytorch", "--dialect", "cadene", "-o", attnconv.folder / "cadene.pth")
    assert "maxPool" in told.stdout + told.stderr


@pytest.mark.parametrize("name", ["kobiso-se", "kobiso-cbam", "qubvel-seresnet"])
def test_recorded_networks_agree(attnconv, fixtures, name):
    canonical = attnconv.import_(fixtures / f"keras/{name}.h5")
    assert report(attnconv, "verify", canonical, "--reference", fixtures / f"keras/{name}.reference.safetensors")["status"] == "passed"


@pytest.mark.parametrize("version", ["", "keras3-", "tf2cv-"])
def test_modules_alone_agree(attnconv, fixtures, version):
    """Attention as a layer of its own, by Keras 2, Keras 3 and tf2cv."""
    kinds = ["se", "cbam", "bam"] + ([] if version == "tf2cv-" else ["eca", "nam", "own-nam", "nam-without-statistics"])
    for kind in kinds:
        name = version + kind
        options = ["--declare-statistics", "attention.channel.norm=0,1"] if kind == "nam-without-statistics" else []
        report(attnconv, "import", fixtures / f"keras/modules/{name}.h5", "--dry-run", *options)
        canonical = attnconv.import_(fixtures / f"keras/modules/{name}.h5", *options, name=name)
        reference = fixtures / f"keras/modules/{name}.reference.safetensors"
        assert report(attnconv, "verify", canonical, "--reference", reference)["status"] == "passed", name
        assert ("declared" in checkpoints.source(canonical)) == bool(options)


@pytest.mark.parametrize("kind", ["se", "cbam", "bam", "eca", "nam"])
def test_names_of_attributes_tell_as_much_as_numbers(attnconv, saved, kind):
    contents = {checkpoints.content(attnconv.import_(saved / f"{kind}.{form}", name=form)) for form in ("h5", "keras", "weights.h5")}
    assert len(contents) == 1


def test_missing_statistics_are_demanded(attnconv, fixtures):
    result = attnconv.run("import", fixtures / "keras/modules/nam-without-statistics.h5", "-o", attnconv.folder / "nam.safetensors")
    assert result.returncode == 1 and not (attnconv.folder / "nam.safetensors").exists()
    assert "--declare-statistics 'attention.channel.norm=MEAN,VARIANCE'" in result.stdout

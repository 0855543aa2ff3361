"""What is exported loads into real Keras, every weight bit for bit, by order and by name, and computes the same."""
import json
import os
import subprocess
import time

import numpy as np
import pytest
import torch
from pytorchcv.models.bamresnet import BamResNet
from pytorchcv.models.cbamresnet import CbamResNet
from pytorchcv.models.resnet import ResNet
from pytorchcv.models.seresnet import SEResNet

import checkpoints
from conftest import ROOT, Attnconv
from test_schemas import report

PYTHONS = {version: os.environ.get(f"KERAS{version}_PYTHON", str(ROOT / f".venv-keras{version}/bin/python")) for version in (2, 3)}
TWINS = {"resnet": ResNet, "seresnet": SEResNet, "cbam_resnet": CbamResNet, "bam_resnet": BamResNet}


def keras(version: int, command: str, folder) -> None:
    result = subprocess.run([PYTHONS[version], ROOT / "Tests/Interoperability/keras_export.py", command, folder], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]


def ask(version: int, folder, jobs: list) -> list:
    (folder / "jobs.json").write_text(json.dumps(jobs))
    keras(version, "answer", folder)
    return json.loads((folder / "answers.json").read_text())


def program(folder) -> Attnconv:
    return Attnconv(ROOT / os.environ.get("ATTNCONV", ".build/release/attnconv"), folder)


@pytest.mark.parametrize("version", [2, 3])
def test_every_network_comes_back_bit_for_bit(tmp_path, version):
    keras(version, "save", tmp_path)
    attnconv, jobs = program(tmp_path), []
    for arrays in sorted(tmp_path.glob("*.npz")):
        name = arrays.stem
        canonical = attnconv.import_(tmp_path / f"{name}.h5", name=name)
        files = [f"{name}.h5"] + [f"{name}.weights.h5"] * (version == 3)
        for file in files:
            attnconv.succeed("export", canonical, "--to", "keras", "-o", f"back-{file}")
            jobs += [{"network": name, "file": f"back-{file}"}, {"same": [file, f"back-{file}"]}]
        # Names that Keras numbers are other ones in a new session.
        if not name.startswith(("kobiso", "qubvel")) and not name.endswith("bottleneck"):
            jobs.append({"network": name, "file": f"back-{name}.h5", "options": {"by_name": True}})
    assert len(jobs) == {2: 30, 3: 14}[version]
    answers = ask(version, tmp_path, jobs)
    assert [job for job, answer in zip(jobs, answers) if answer is not True] == []


def test_a_network_of_pytorch_runs_in_keras(tmp_path):
    attnconv, jobs, outputs = program(tmp_path), [], {}
    images = torch.rand(2, 3, 56, 56, generator=torch.Generator().manual_seed(7)) * 4 - 2
    np.savez(tmp_path / "images.npz", images=images.numpy())
    for name, kind in TWINS.items():
        network = kind(channels=[[32, 32], [64]], init_block_channels=32, bottleneck=False, in_size=(56, 56), num_classes=6,
                       **({} if "bam" in name else {"conv1_stride": True})).eval()
        state = checkpoints.filled(network)
        torch.save(state, tmp_path / f"{name}.pth")
        canonical = attnconv.import_(tmp_path / f"{name}.pth", "--dialect", "pytorchcv", name=name)
        told = report(attnconv, "export", canonical, "--to", "keras", "--dialect", "tf2cv", "-o", tmp_path / f"{name}.h5")
        counters = [key for key in state if key.endswith("num_batches_tracked")]
        assert (told["container"], told["dialect"], told["differences"]) == ("keras-hdf5", "tf2cv", [])
        assert (len(told["leftOut"]), told["entries"]) == (len(counters), len(state) - len(counters))
        twin = attnconv.import_(tmp_path / f"{name}.h5", name="twin")
        assert checkpoints.content(twin) == checkpoints.content(canonical)
        twin.unlink()
        jobs.append({"network": f"{name}-basic", "file": f"{name}.h5", "images": "images.npz"})
        outputs[name] = network(images).numpy()
    ask(2, tmp_path, jobs)
    for name, wanted in outputs.items():
        found = np.load(tmp_path / f"{name}.h5.npz")["output"]
        assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max(), name


def test_element_types_are_those_of_keras(attnconv, fixtures):
    canonical = attnconv.import_(fixtures / "keras/kobiso-cbam.h5")
    kinds, jobs = {"f16": "<f2", "bf16": "|V2", "f32": "<f4"}, []
    for option in kinds:
        for end in ("h5", "weights.h5"):
            jobs.append({"describe": f"{option}.{end}"})
            attnconv.succeed("export", canonical, "--to", "keras", "--dtype", option, "--convert-norm-statistics", "-o", jobs[-1]["describe"])
    for job, found in zip(jobs, ask(3, attnconv.folder, jobs)):
        option, end = job["describe"].split(".", 1)
        attributes = {"dtype": "bfloat16"} if (option, end) == ("bf16", "weights.h5") else {}
        assert len(found) == 44 and all((kind, told) == (kinds[option], attributes) for kind, _, told in found), job


def test_a_killed_export_leaves_nothing_behind(attnconv, fixtures):
    """Kills the program at moments that are spread over its run; what it leaves is the whole file or nothing."""
    canonical = attnconv.import_(fixtures / "networks/pytorchcv-bam-resnet18.pth", "--dialect", "pytorchcv")
    command = ["export", canonical, "--to", "keras", "--dialect", "tf2cv", "-o"]
    began = time.monotonic()
    attnconv.succeed(*command, "whole.h5")
    duration = time.monotonic() - began
    whole = (attnconv.folder / "whole.h5").read_bytes()
    for part in range(10):
        process = subprocess.Popen([attnconv.executable, *map(str, command), "killed.h5"], cwd=attnconv.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(duration * part / 10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        killed = attnconv.folder / "killed.h5"
        if killed.exists():
            assert killed.read_bytes() == whole
            killed.unlink()
        assert sorted(path.name for path in attnconv.folder.iterdir()) == ["canonical.safetensors", "whole.h5"]

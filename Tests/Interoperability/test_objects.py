"""Checkpoints that `torch.load(weights_only=True)` refuses: their tensors are read, nothing in them runs."""
import json
import pathlib

import checkpoints
import pytest
import torch

CANARY = pathlib.Path("/tmp/attnconv-canary")


@pytest.fixture(autouse=True)
def canary():
    CANARY.unlink(missing_ok=True)
    yield
    assert not CANARY.exists(), "a command found in a checkpoint was run"


def expected(fixtures, content) -> list:
    rows = json.loads((fixtures / "pytorch-objects/expected.json").read_text())["contents"][content]
    return sorted(row[3] for row in rows)


@pytest.mark.parametrize(
    "file, content",
    [
        ("training-run.pth", "se-cifar-resnet20"),
        ("training-run.legacy.pth.tar", "se-cifar-resnet20"),
        ("hostile.pth", "cbam-module"),
        ("hostile.legacy.pth", "cbam-module"),
    ],
)
def test_tensors_beside_objects_are_read(attnconv, fixtures, file, content):
    path = fixtures / "pytorch-objects" / file
    with pytest.raises(Exception, match="(?i)weights.?only"):
        torch.load(path, weights_only=True)
    result = attnconv.import_(path)
    assert checkpoints.digests(checkpoints.canonical(result)) == expected(fixtures, content)


@pytest.mark.parametrize("file", ["hostile.pth", "hostile.legacy.pth", "training-run.pth"])
def test_inspect_lists_unknown_objects(attnconv, fixtures, file):
    result = attnconv.succeed("inspect", fixtures / "pytorch-objects" / file)
    unknown = "system" if "hostile" in file else "Namespace"
    assert unknown in result.stdout + result.stderr


@pytest.mark.parametrize("file", ["whole-module.pth", "whole-module.legacy.pth", "torchscript.pt"])
def test_modules_are_read_as_data_or_explained(attnconv, fixtures, tmp_path, file):
    result = attnconv.run("import", fixtures / "pytorch-objects" / file, "-o", tmp_path / "out.safetensors")
    if result.returncode == 0:
        assert checkpoints.digests(checkpoints.canonical(tmp_path / "out.safetensors")) == expected(fixtures, "se-module")
    else:
        assert result.returncode in (1, 2) and "state_dict" in result.stderr


def test_averaged_weights_are_reported_and_can_be_chosen(attnconv, fixtures):
    path = fixtures / "pytorch-objects/averaged.pth"
    result = attnconv.run("import", path, "-o", attnconv.folder / "default.safetensors")
    assert "state_dict_ema" in result.stdout + result.stderr
    for key, content in [("state_dict", "cbam-module"), ("state_dict_ema", "cbam-module-average")]:
        chosen = attnconv.import_(path, "--key", key, name=key)
        assert checkpoints.digests(checkpoints.canonical(chosen)) == expected(fixtures, content)


@pytest.mark.parametrize("file", ["integer-keys.pth", "duplicate-after-prefix.pth"])
def test_keys_that_cannot_be_names_are_refused(attnconv, fixtures, tmp_path, file):
    result = attnconv.run("import", fixtures / "pytorch-objects" / file, "-o", tmp_path / "out.safetensors")
    assert result.returncode in (1, 2)
    assert result.stderr.startswith("error: ")
    assert not (tmp_path / "out.safetensors").exists()

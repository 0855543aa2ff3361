"""Weights of one code base, exported for another: the other package loads them and computes the same numbers."""
import functools

import checkpoints
import narrow
import official
import packages
import pytest
import timm
import torch
from pytorchcv.model_provider import get_model
from timm.layers.cbam import CbamModule

# pytorchcv averages over exactly 7x7 positions, so the image has the size of ImageNet.
IMAGE = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
# float64 on both sides: only the order of additions differs. The smallest real mapping fault is some 1e-3.
TOLERANCE = 1e-9


def logits(model, state) -> torch.Tensor:
    model.load_state_dict(state, strict=True)
    return model.double().eval()(IMAGE)


def assert_close(actual, expected) -> None:
    assert expected.abs().max() > 1e-3 and torch.isfinite(expected).all()
    assert (actual - expected).abs().max() <= TOLERANCE * expected.abs().max()


def imported(attnconv, state, name="canonical"):
    torch.save(state, attnconv.folder / "model.pth")
    return attnconv.import_(attnconv.folder / "model.pth", name=name)


def exported(attnconv, canonical, dialect, name="other") -> dict:
    return torch.load(attnconv.export(canonical, "--dialect", dialect, name=name), weights_only=True)


def shapes(state) -> dict:
    return {name: tuple(value.shape) for name, value in state.items()}


@pytest.mark.parametrize("depth", [18, 50])
@pytest.mark.parametrize("attention", ["bam", "cbam"])
def test_official_attention_to_pytorchcv_and_back(attnconv, depth, attention):
    state = official.calibrated(checkpoints.from_table(f"jc_imagenet_r{depth}_{attention}"))
    canonical = imported(attnconv, state)
    there = exported(attnconv, canonical, "pytorchcv")
    assert_close(logits(get_model(f"{attention}_resnet{depth}"), there), official.evaluate(state, IMAGE))

    back = exported(attnconv, attnconv.import_(attnconv.folder / "other.pth", name="again"), "attention-module", name="back")
    checkpoints.assert_identical(back, state)


@pytest.mark.parametrize("depth", [18, 50])
@pytest.mark.parametrize("attention", ["bam", "cbam"])
def test_pytorchcv_attention_to_official(attnconv, depth, attention):
    model = get_model(f"{attention}_resnet{depth}")
    state = official.calibrated(checkpoints.filled(model))
    there = exported(attnconv, imported(attnconv, state), "attention-module")
    assert shapes(there) == {name: tuple(shape) for name, shape, _ in narrow.load(f"jc_imagenet_r{depth}_{attention}")}
    assert_close(official.evaluate(there, IMAGE), logits(model, state))


def test_official_cbam_to_timm_with_biases(attnconv):
    """timm stacks the pooled maps the other way round, and has biases in the shared layers on request only."""
    state = official.calibrated(checkpoints.from_table("jc_imagenet_r18_cbam"))
    there = exported(attnconv, imported(attnconv, state), "timm")
    model = timm.create_model("resnet18", block_args={"attn_layer": functools.partial(CbamModule, mlp_bias=True)})
    assert_close(logits(model, there), official.evaluate(state, IMAGE))


@pytest.mark.parametrize("depth", [18, 50])
def test_timm_eca_and_official_eca(attnconv, depth):
    model = timm.create_model(f"resnet{depth}", block_args={"attn_layer": "eca"})
    state = official.calibrated(checkpoints.filled(model))
    there = exported(attnconv, imported(attnconv, state), "ecanet")
    assert sorted(there) == sorted(name.replace(".se.", ".eca.") for name in state)
    expected = logits(model, state)
    assert_close(official.evaluate(there, IMAGE), expected)

    back = exported(attnconv, imported(attnconv, there, name="again"), "timm", name="back")
    assert_close(logits(model, back), expected)


def test_timm_se_and_pytorchcv_se(attnconv):
    """timm's SE-ResNet-50 strides on the 3x3 convolution, as pytorchcv's `50b` does."""
    model = timm.create_model("seresnet50")
    state = official.calibrated(checkpoints.filled(model))
    there = exported(attnconv, imported(attnconv, state), "pytorchcv")
    assert_close(logits(get_model("seresnet50b"), there), logits(model, state))


@pytest.mark.parametrize("depth, name", [(18, "resnet18"), (50, "resnet50b")])
def test_plain_networks(attnconv, depth, name):
    build = packages.NETWORKS[f"torchvision resnet{depth}"][1]
    state = official.calibrated(checkpoints.filled(build()))
    canonical = imported(attnconv, state)
    expected = logits(build(), state)
    assert_close(logits(get_model(name), exported(attnconv, canonical, "pytorchcv")), expected)
    assert_close(logits(timm.create_model(f"resnet{depth}"), exported(attnconv, canonical, "timm", name="timm")), expected)
    assert_close(official.evaluate(exported(attnconv, canonical, "attention-module", name="official"), IMAGE), expected)


def test_timm_legacy_se_and_cadene_share_names(attnconv):
    state = checkpoints.filled(timm.create_model("legacy_seresnet50"))
    checkpoints.assert_identical(exported(attnconv, imported(attnconv, state), "cadene"), state)


@pytest.mark.parametrize(
    "table, dialect",
    [
        ("jc_imagenet_r18_bam", "timm"),  # timm has no BAM
        ("jc_imagenet_r18_cbam", "luuuyi-cbam"),  # no biases, no batch norm after the spatial convolution
        ("nam_imagenet_r18_nam", "attention-module"),
        ("moskomule_r18_se", "ecanet"),
    ],
)
def test_a_dialect_that_cannot_hold_the_network_is_refused(attnconv, tmp_path, table, dialect):
    canonical = imported(attnconv, checkpoints.from_table(table))
    result = attnconv.run("export", canonical, "--to", "pytorch", "--dialect", dialect, "-o", tmp_path / "other.pth")
    assert result.returncode in (1, 2) and result.stderr.startswith("error: ") and dialect in result.stderr
    assert not (tmp_path / "other.pth").exists()

"""Every network that a package builds: saved by torch, imported, exported, loaded back into the package's model."""
import checkpoints
import packages
import pytest
import torch


def cases():
    return [
        pytest.param(name, marks=pytest.mark.slow if any(depth in name for depth in packages.DEEP) else ()) for name in packages.NETWORKS
    ]


@pytest.mark.parametrize("name", cases())
def test_round_trip_is_bit_exact(attnconv, tmp_path, name):
    dialects, build = packages.NETWORKS[name]
    model = build()
    state = checkpoints.filled(model)
    torch.save(state, tmp_path / "model.pth")

    canonical = attnconv.import_(tmp_path / "model.pth")
    if dialects is not packages.PLAIN:
        assert checkpoints.source(canonical)["dialect"] in dialects
    values = checkpoints.canonical(canonical)
    assert len(values) == len(state)
    assert all(value.dtype == torch.int64 if key.endswith("num_batches_tracked") else value.dtype == torch.float32 for key, value in values.items())

    exported = checkpoints.load_exported(attnconv.export(canonical), state)
    build().load_state_dict(exported, strict=True)
    checkpoints.assert_identical(checkpoints.canonical(attnconv.export(canonical, to="safetensors")), state)


@pytest.mark.parametrize("name", ["timm resnet18 cbam", "pytorchcv cbam_resnet18"])
def test_exported_file_imports_to_the_same_content(attnconv, tmp_path, name):
    torch.save(checkpoints.filled(packages.NETWORKS[name][1]()), tmp_path / "model.pth")
    canonical = attnconv.import_(tmp_path / "model.pth")
    for to in ("pytorch", "safetensors"):
        again = attnconv.import_(attnconv.export(canonical, to=to), name="again")
        assert checkpoints.content(again) == checkpoints.content(canonical)
        again.unlink()


def test_import_writes_the_same_bytes_twice(attnconv, tmp_path):
    torch.save(checkpoints.filled(packages.NETWORKS["timm resnet18 eca"][1]()), tmp_path / "model.pth")
    first, second = (attnconv.import_(tmp_path / "model.pth", name=name) for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    first, second = (attnconv.export(first, name=name) for name in ("third", "third-again"))
    assert checkpoints.digests(torch.load(first)) == checkpoints.digests(torch.load(second))


def test_spatial_pool_order_is_made_canonical(attnconv, tmp_path):
    """timm stacks [mean, max], the canonical kernel reads [max, mean]: its two input channels change places."""
    state = checkpoints.filled(packages.NETWORKS["timm resnet18 cbam"][1]())
    torch.save(state, tmp_path / "model.pth")
    values = checkpoints.canonical(attnconv.import_(tmp_path / "model.pth"))
    ours = values["stages.0.blocks.0.attention.spatial.conv.weight"]
    assert torch.equal(ours, state["layer1.0.se.spatial.conv.conv.weight"].flip(1))

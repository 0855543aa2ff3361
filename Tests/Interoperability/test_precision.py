"""`--dtype` rounds as torch does, bit for bit, and keeps the statistics of normalization layers in F32."""
import checkpoints
import pytest
import torch

ROUNDED = {"f16": torch.float16, "bf16": torch.bfloat16}
# Halfway cases, the smallest normal and subnormal numbers of both formats, and what rounds to zero.
HARD = [1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8, 1 + 3 * 2**-8, 2**-14, 2**-14 - 2**-25, 2**-24, 2**-25, 2**-25 * 1.5, 3 * 2**-26,
        2**-26, -(2**-30), 65504.0, 65519.0, -0.0, 0.1, -1 / 3, 1e-40, 3.3895e38 * 2**-120, 2049.0, 2051.0]


def network() -> dict:
    state = checkpoints.from_table("jc_cifar100_r18_cbam")
    flat = state["conv1.weight"].reshape(-1)
    flat[: len(HARD)] = torch.tensor(HARD, dtype=torch.float32)
    return state


def check(actual: dict, full: dict, kind: torch.dtype) -> None:
    assert sorted(actual) == sorted(full)
    rounded = 0
    for name, value in full.items():
        found = actual[name]
        if name.endswith("num_batches_tracked"):
            wanted = value
        elif name.endswith(("running_mean", "running_var")) or found.dtype == torch.float32:
            # Only layers of normalization may stay in full precision.
            assert value.dim() <= 1, f"{name} was not rounded"
            wanted = value
        else:
            wanted = value.to(kind)
            rounded += 1
        assert found.dtype == wanted.dtype and torch.equal(found.view(torch.uint8) if found.dim() else found, wanted.contiguous().view(torch.uint8) if wanted.dim() else wanted), name
    assert rounded > 0


@pytest.mark.parametrize("name", sorted(ROUNDED))
def test_import_rounds_as_torch(attnconv, tmp_path, name):
    torch.save(network(), tmp_path / "model.pth")
    full = checkpoints.canonical(attnconv.import_(tmp_path / "model.pth", name="full"))
    check(checkpoints.canonical(attnconv.import_(tmp_path / "model.pth", "--dtype", name)), full, ROUNDED[name])


@pytest.mark.parametrize("name", sorted(ROUNDED))
@pytest.mark.parametrize("to", ["pytorch", "safetensors"])
def test_export_rounds_as_torch(attnconv, tmp_path, name, to):
    state = network()
    torch.save(state, tmp_path / "model.pth")
    exported = attnconv.export(attnconv.import_(tmp_path / "model.pth"), "--dtype", name, to=to)
    check(torch.load(exported, weights_only=True) if to == "pytorch" else checkpoints.canonical(exported), state, ROUNDED[name])


@pytest.mark.parametrize("name", sorted(ROUNDED))
def test_half_precision_source_keeps_its_bits(attnconv, tmp_path, name):
    state = {key: value.to(ROUNDED[name]) if value.is_floating_point() else value for key, value in network().items()}
    torch.save(state, tmp_path / "model.pth")
    canonical = attnconv.import_(tmp_path / "model.pth")
    checkpoints.load_exported(attnconv.export(canonical), state)
    widened = checkpoints.canonical(attnconv.import_(tmp_path / "model.pth", "--dtype", "f32", name="widened"))
    assert all(value.dtype in (torch.float32, torch.int64) for value in widened.values())
    assert checkpoints.digests(widened) == checkpoints.digests({key: value.float() if value.is_floating_point() else value for key, value in state.items()})

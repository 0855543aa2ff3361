"""`verify --sensitivity` against PyTorch: the same parameters moved by the same steps through the original network in
float64, by `official.py`, which shares nothing with the program."""
import math

import pytest
import torch
from conftest import FIXTURES
from official import calibrated, evaluate
from safetensors.torch import save_file
from test_schemas import report

TOLERANCE = 1e-5
MASK = (1 << 64) - 1


def signs(name: str, count: int) -> list:
    """SplitMix64 seeded with FNV-1a of the name: True for up."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 & MASK
    result = []
    for _ in range(count):
        state = state + 0x9E3779B97F4A7C15 & MASK
        bits = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
        bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & MASK
        result.append((bits ^ bits >> 31) & 1 == 0)
    return result


def moved(canonical: str, value: torch.Tensor) -> torch.Tensor:
    largest = value.abs().max()
    step = 0.1 * (largest if largest > 0 else torch.tensor(1.0))
    up = torch.tensor(signs(canonical, value.numel())).reshape(value.shape)
    return value + step if canonical.endswith("running_var") else torch.where(up, value + step, value - step)


def fresh(state: dict) -> dict:
    """As the authors' code begins: norms are 1, those of CBAM's spatial gates 0; biases 0; statistics of no data."""
    result = {}
    for name, value in state.items():
        leaf = name.rsplit(".", 1)[1]
        if leaf == "running_var":
            value = torch.ones_like(value)
        elif leaf in ("running_mean", "bias"):
            value = torch.zeros_like(value)
        elif leaf == "weight" and f"{name.rsplit('.', 1)[0]}.running_var" in state:
            value = torch.zeros_like(value) if "SpatialGate" in name else torch.ones_like(value)
        result[name] = value
    return result


@pytest.mark.parametrize("weights", [fresh, calibrated])
def test_blind_spots_are_those_of_pytorch(attnconv, weights):
    state = weights(torch.load(FIXTURES / "networks/attention-module-resnet18-cbam.pth", weights_only=True))
    folder = attnconv.folder
    torch.save(state, folder / "network.pth")
    canonical = attnconv.import_(folder / "network.pth")
    names = {row["canonical"]: row["source"] for row in report(attnconv, "import", folder / "network.pth", "--dry-run")["imports"][0]["mapping"]}

    torch.manual_seed(3)
    image = torch.randn(1, 3, 224, 224)  # the head pools 7 x 7
    expected = evaluate(state, image)
    save_file({"input": image, "output": expected.float()}, folder / "reference.safetensors")
    found = report(attnconv, "verify", canonical, "--reference", folder / "reference.safetensors", "--sensitivity")["sensitivity"]

    changes = {}
    for name, original in names.items():
        if not name.endswith("num_batches_tracked"):
            output = evaluate({**state, original: moved(name, state[original])}, image)
            changes[name] = ((output - expected).abs().max() / expected.abs().max()).item()
    blind = {spot["parameter"]: spot["obstacles"] for spot in found["blind"]}
    # Single precision decides where a change is the tolerance.
    assert {name for name, change in changes.items() if change <= 0.9 * TOLERANCE} <= blind.keys()
    assert blind.keys() <= {name for name, change in changes.items() if change <= 1.1 * TOLERANCE}
    assert (found["parameters"], found["seen"]) == (len(changes), len(changes) - len(blind))
    weakest = found["weakest"]
    assert math.isclose(weakest["change"], changes[weakest["parameter"]], rel_tol=0.05)
    assert math.isclose(weakest["change"], min(change for name, change in changes.items() if name not in blind), rel_tol=0.05)

    hidden = {name for name, obstacles in blind.items() if any(obstacle["name"].endswith("spatial.norm.weight") for obstacle in obstacles)}
    gates = {name for name in names if ".spatial." in name and name.endswith(("conv.weight", "running_mean", "running_var"))}
    assert len(gates) == 3 * 8
    assert hidden == (gates if weights is fresh else set())

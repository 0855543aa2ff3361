"""Weights as a pure function of (tensor name, shape, seed), the same under every NumPy and torch version.

Only `Generator.random` is used: its stream is the raw bits of PCG64, while the normal distribution may change between
NumPy releases. Batch norms get a positive variance and a non-zero counter, so that swapped statistics cannot hide.
"""
import hashlib

import numpy as np

Row = tuple  # (name, shape, dtype name as NumPy spells it)


def _seed(name: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "little")


def values(name: str, shape, norms: set, seed: int) -> np.ndarray:
    stream = np.random.Generator(np.random.PCG64(_seed(name, seed)))
    module, _, leaf = name.rpartition(".")
    if leaf == "num_batches_tracked":
        return np.array(1000 + _seed(name, seed) % 100_000, dtype=np.int64).reshape(shape)
    unit = stream.random(tuple(shape))
    if module in norms:
        low, high = {"weight": (0.5, 1.5), "running_var": (0.5, 1.5)}.get(leaf, (-0.2, 0.2))
    elif leaf == "bias":
        low, high = -0.3, 0.3
    else:
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        high = float(np.sqrt(6 / fan_in))
        low = -high
    # One rounding, from float64 to float32, keeps the result the same everywhere.
    return np.asarray(low + (high - low) * unit, dtype=np.float64).astype(np.float32).reshape(shape)


def fill(table, seed: int = 1) -> dict:
    """Ordered name -> array for a parameter table of (name, shape, dtype) rows."""
    norms = {name[: -len(".running_mean")] for name, _, _ in table if name.endswith(".running_mean")}
    return {name: values(name, shape, norms, seed) for name, shape, _ in table}


def table_of(state_dict) -> list:
    """The parameter table of a torch state dict."""
    return [(name, list(value.shape), str(value.dtype).removeprefix("torch.")) for name, value in state_dict.items()]

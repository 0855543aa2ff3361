"""The numbers of the self-test's networks, the same as `Sources/Verification/SelfTest/SelfTestNumbers.swift` makes them.

The bits of element i of a tensor come from SplitMix64 (Steele, Lea and Flood 2014) whose seed is the 64-bit FNV-1a hash of
the tensor's canonical name: u in [-1, 1) with 24 bits, then `center + radius * u` in float64, rounded to float32 once.
"""
import numpy as np


def uniform(name: str, count: int) -> np.ndarray:
    """Numbers of [-1, 1) with steps of 2^-23."""
    state = np.uint64(0xCBF29CE484222325)
    with np.errstate(over="ignore"):
        for byte in name.encode():
            state = (state ^ np.uint64(byte)) * np.uint64(0x100000001B3)
        z = state + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def scale(leaf: str, shape: list, in_norm: bool) -> tuple:
    """Center and radius of a parameter.

    Norms have variances about as small as their epsilon, and scales to match, so that every other epsilon shows; some
    scales are negative, as NAM needs them.
    """
    if in_norm:
        return {
            "weight": (3 * 2.0**-9, 3 * 2.0**-8), "bias": (0.5, 0.5), "running_mean": (0.0, 0.5), "running_var": (2.0**-17, 2.0**-18),
        }[leaf]
    if leaf == "bias":
        return 0.5, 0.5
    # The layers of attention are linear; small weights keep their gates half open.
    gain = 0.25 if len(shape) == 2 else 1
    return 0.0, gain * float(np.sqrt(3 / np.prod(shape[1:])))


def tensor(name: str, shape, in_norm: bool = False) -> np.ndarray:
    center, radius = (0.0, 3.0) if name == "input" else scale(name.rpartition(".")[2], list(shape), in_norm)
    values = center + radius * uniform(name, int(np.prod(shape)))
    return values.astype(np.float32).reshape(tuple(shape))

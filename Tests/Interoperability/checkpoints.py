"""Reading and comparing checkpoints, bit for bit."""
import collections
import hashlib
import json

import narrow
import record
import safetensors
import torch
import weights


def from_table(architecture: str, seed: int = 1) -> dict:
    """A full-size state dict that holds reproducible random weights."""
    arrays = weights.fill(narrow.load(architecture), seed)
    return collections.OrderedDict((name, torch.from_numpy(value)) for name, value in arrays.items())


def filled(model, seed: int = 1) -> dict:
    """Gives `model` reproducible random weights; returns its state dict."""
    arrays = weights.fill(weights.table_of(model.state_dict()), seed)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()}, strict=True)
    return model.state_dict()


def canonical(path) -> dict:
    with safetensors.safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def metadata(path) -> dict:
    with safetensors.safe_open(path, framework="pt") as file:
        return file.metadata()


def content(path) -> str:
    return metadata(path)["attnconv.content"]


def source(path) -> dict:
    return json.loads(metadata(path)["attnconv.source"])


def digests(tensors: dict) -> list:
    """What the tensors hold, whatever they are called."""
    return sorted(hashlib.sha256(record.tensor_bytes(value)).hexdigest() for value in tensors.values())


def assert_identical(actual: dict, expected: dict) -> None:
    assert sorted(actual) == sorted(expected)
    different = [
        name for name, value in expected.items()
        if actual[name].dtype != value.dtype or actual[name].shape != value.shape or record.tensor_bytes(actual[name]) != record.tensor_bytes(value)
    ]
    assert not different


def load_exported(path, expected: dict) -> dict:
    """Loads an exported file in every way torch offers without trusting it; all of them hold `expected`."""
    loaded = torch.load(path, weights_only=True)
    assert_identical(loaded, expected)
    mapped = torch.load(path, weights_only=True, mmap=True)
    assert_identical(mapped, expected)
    return loaded

"""The network that most fixtures hold: the official CIFAR ResNet-18 with CBAM, 2 channels wide instead of 64."""
import collections

import torch

import narrow
import weights

TABLE = narrow.narrow(narrow.load("jc_cifar100_r18_cbam"), 32)


def state_dict(seed: int = 1, prefix: str = "", table=TABLE) -> collections.OrderedDict:
    """As `Module.state_dict()` returns it, with the `_metadata` that torch pickles beside the tensors."""
    result = collections.OrderedDict((prefix + name, torch.from_numpy(value)) for name, value in weights.fill(table, seed).items())
    modules = sorted({name.rpartition(".")[0] for name in result})
    result._metadata = collections.OrderedDict((module, {"version": 2 if module + ".running_mean" in result else 1}) for module in ["", *modules])
    return result

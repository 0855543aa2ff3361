"""Small modules with the parameter names of the original attention code, for whole-module pickles and scripts, and
tensors with a class or attributes of their own."""
import torch


class SqueezeExcitation(torch.nn.Module):
    def __init__(self, channels: int = 8, hidden: int = 2):
        super().__init__()
        self.fc = torch.nn.Sequential(
            torch.nn.Linear(channels, hidden, bias=False),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden, channels, bias=False),
            torch.nn.Sigmoid(),
        )

    def forward(self, x):
        gate = self.fc(x.mean(dim=(2, 3)))
        return x * gate[:, :, None, None]


class TaggedTensor(torch.Tensor):
    """A subclass: torch pickles it through `_rebuild_from_type_v2`."""


class RunLogger:
    """An object of the training script that no reader can know."""

    def __init__(self):
        self.lines = ["epoch 1", "epoch 2"]

"""The original attention ResNets as a function of their state dict, in float64: the judge of cross-dialect exports.

`evaluate(state, image)` runs the ImageNet networks of the BAM, CBAM and ECA code: stride on the 3x3 convolution, CBAM and
ECA before the addition of the shortcut, BAM after stages 1 to 3.
"""
import torch
from torch.nn import functional


class Network:
    def __init__(self, state: dict):
        self.state = {name: value.double() for name, value in state.items()}

    def has(self, prefix: str) -> bool:
        return any(name.startswith(prefix + ".") for name in self.state)

    def convolution(self, x, name, **options):
        return functional.conv2d(x, self.state[f"{name}.weight"], self.state.get(f"{name}.bias"), **options)

    def linear(self, x, name):
        return functional.linear(x, self.state[f"{name}.weight"], self.state[f"{name}.bias"])

    def norm(self, x, name):
        mean, variance, weight, bias = (self.state[f"{name}.{leaf}"] for leaf in ("running_mean", "running_var", "weight", "bias"))
        return functional.batch_norm(x, mean, variance, weight, bias, eps=1e-5)

    def bam(self, x, name):  # x: N,C,H,W
        gate = f"{name}.channel_att.gate_c"
        channel = torch.relu(self.norm(self.linear(x.mean((2, 3)), f"{gate}.gate_c_fc_0"), f"{gate}.gate_c_bn_1"))
        channel = self.linear(channel, f"{gate}.gate_c_fc_final")[:, :, None, None]
        gate = f"{name}.spatial_att.gate_s"
        spatial = torch.relu(self.norm(self.convolution(x, f"{gate}.gate_s_conv_reduce0"), f"{gate}.gate_s_bn_reduce0"))
        for i in (0, 1):
            dilated = self.convolution(spatial, f"{gate}.gate_s_conv_di_{i}", padding=4, dilation=4)
            spatial = torch.relu(self.norm(dilated, f"{gate}.gate_s_bn_di_{i}"))
        spatial = self.convolution(spatial, f"{gate}.gate_s_conv_final")
        return x * (1 + torch.sigmoid(channel * spatial))

    def cbam(self, x, name):
        def mlp(pooled):
            return self.linear(torch.relu(self.linear(pooled, f"{name}.ChannelGate.mlp.1")), f"{name}.ChannelGate.mlp.3")

        x = x * torch.sigmoid(mlp(x.mean((2, 3))) + mlp(x.amax((2, 3))))[:, :, None, None]
        maps = torch.stack([x.amax(1), x.mean(1)], dim=1)
        maps = self.convolution(maps, f"{name}.SpatialGate.spatial.conv", padding=3)
        return x * torch.sigmoid(self.norm(maps, f"{name}.SpatialGate.spatial.bn"))

    def eca(self, x, name):
        kernel = self.state[f"{name}.conv.weight"]
        gate = functional.conv1d(x.mean((2, 3))[:, None], kernel, padding=kernel.shape[2] // 2)
        return x * torch.sigmoid(gate)[:, 0, :, None, None]

    def block(self, x, name, stride):
        bottleneck = self.has(f"{name}.conv3")
        y = torch.relu(self.norm(self.convolution(x, f"{name}.conv1", stride=1 if bottleneck else stride, padding=0 if bottleneck else 1), f"{name}.bn1"))
        y = self.norm(self.convolution(y, f"{name}.conv2", stride=stride if bottleneck else 1, padding=1), f"{name}.bn2")
        if bottleneck:
            y = self.norm(self.convolution(torch.relu(y), f"{name}.conv3"), f"{name}.bn3")
        for kind in ("cbam", "eca"):
            if self.has(f"{name}.{kind}"):
                y = getattr(self, kind)(y, f"{name}.{kind}")
        if self.has(f"{name}.downsample"):
            x = self.norm(self.convolution(x, f"{name}.downsample.0", stride=stride), f"{name}.downsample.1")
        return torch.relu(x + y)

    def __call__(self, x):  # N,3,H,W -> N,classes
        x = torch.relu(self.norm(self.convolution(x, "conv1", stride=2, padding=3), "bn1"))
        x = functional.max_pool2d(x, 3, stride=2, padding=1)
        for stage in (1, 2, 3, 4):
            index = 0
            while self.has(f"layer{stage}.{index}"):
                x = self.block(x, f"layer{stage}.{index}", 2 if stage > 1 and index == 0 else 1)
                index += 1
            if self.has(f"bam{stage}"):
                x = self.bam(x, f"bam{stage}")
        return self.linear(x.mean((2, 3)), "fc")


def evaluate(state: dict, image) -> torch.Tensor:
    return Network(state)(image.double())


def calibrated(state: dict, model=None) -> dict:
    """Random weights make activations grow from block to block until every gate is shut. Damping the last batch norm of
    each branch keeps the gates half open, so that a wrong one shows in the output."""
    result = dict(state)
    for name in state:
        parts = name.split(".")
        module = ".".join(parts[:-1])
        last = module.endswith((".bn3", ".body.conv3.bn")) or (
            module.endswith((".bn2", ".body.conv2.bn")) and module.replace("bn2", "bn3").replace("conv2.bn", "conv3.bn") + ".weight" not in state
        )
        if last and parts[-1] in ("weight", "bias"):
            result[name] = state[name] * 0.3
        elif any(part in ("cbam", "bam", "se", "eca", "se_module") or part.startswith("bam") for part in parts) and parts[-1] == "weight" and state[name].dim() > 1:
            result[name] = state[name] * 0.3
    return result

"""What the networks of `generate.py` compute, in float64: the packages' own modules with hooks, and plain torch functions
for code that no package on PyPI holds. Each evaluation gives the output and taps by canonical node."""
import collections
import pathlib
import sys

import torch
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Interoperability"))
import official  # noqa: E402


def run_module(module, nodes: dict, image):
    """A package's module; `nodes` maps its submodules to canonical nodes. Hooks clone: an in-place ReLU would overwrite
    what they capture."""
    module = module.double().eval()
    taps = {}

    def hook(node):
        return lambda _module, _input, output: taps.__setitem__(node, output.detach().clone())

    handles = [module.get_submodule(path).register_forward_hook(hook(node)) for path, node in nodes.items()]
    output = module(image.double())
    for handle in handles:
        handle.remove()
    assert set(taps) == set(nodes.values()), set(nodes.values()) - set(taps)
    return output, taps


class CifarNetwork(official.Network):
    """The CIFAR form of the BAM and CBAM code: 3x3 stem without pool, 4x4 average pool before the head."""

    def bam(self, x, name):
        x = super().bam(x, name)
        self.taps[f"stages.{int(name[3:]) - 1}.attention.scale"] = x
        return x

    def block(self, x, name, stride):
        x = super().block(x, name, stride)
        stage, index = name.removeprefix("layer").split(".")
        self.taps[f"stages.{int(stage) - 1}.blocks.{index}.relu"] = x
        return x

    def __call__(self, x):  # N,3,32,32 -> N,classes
        self.taps = {}
        x = torch.relu(self.norm(self.convolution(x, "conv1", padding=1), "bn1"))
        self.taps["stem.relu"] = x
        for stage in (1, 2, 3, 4):
            for index in (0, 1):
                x = self.block(x, f"layer{stage}.{index}", 2 if stage > 1 and index == 0 else 1)
            if self.has(f"bam{stage}"):
                x = self.bam(x, f"bam{stage}")
        return self.linear(functional.avg_pool2d(x, 4).flatten(1), "fc")


def cifar(state: dict, image):
    network = CifarNetwork(state)
    return network(image.double()), network.taps


class WideBam(official.Network):
    """The official BAM on its own. Its average pool uses the height for both sides."""

    def __call__(self, x):  # N,C,H,W -> N,C,H,W
        height = x.shape[2]
        pooled = functional.avg_pool2d(x, height, stride=height)
        gate = "channel_att.gate_c"
        channel = torch.relu(self.norm(self.linear(pooled.flatten(1), f"{gate}.gate_c_fc_0"), f"{gate}.gate_c_bn_1"))
        channel = self.linear(channel, f"{gate}.gate_c_fc_final")[:, :, None, None]
        gate = "spatial_att.gate_s"
        spatial = torch.relu(self.norm(self.convolution(x, f"{gate}.gate_s_conv_reduce0"), f"{gate}.gate_s_bn_reduce0"))
        for i in (0, 1):
            dilated = self.convolution(spatial, f"{gate}.gate_s_conv_di_{i}", padding=4, dilation=4)
            spatial = torch.relu(self.norm(dilated, f"{gate}.gate_s_bn_di_{i}"))
        spatial = self.convolution(spatial, f"{gate}.gate_s_conv_final")
        self.taps = {
            "attention.channel.pool": pooled, "attention.channel.unflatten": channel, "attention.spatial.project": spatial,
            "attention.combine": channel * spatial,
        }
        return x * (1 + torch.sigmoid(channel * spatial))


def bam(state: dict, image):
    network = WideBam(state)
    return network(image.double()), network.taps


def cbam(state: dict, image):
    """The official CBAM on its own."""
    x = image.double()
    network = official.Network(state)

    def mlp(pooled):
        return network.linear(torch.relu(network.linear(pooled, "ChannelGate.mlp.1")), "ChannelGate.mlp.3")

    channel = x * torch.sigmoid(mlp(x.mean((2, 3))) + mlp(x.amax((2, 3))))[:, :, None, None]
    maps = torch.stack([channel.amax(1), channel.mean(1)], dim=1)
    gate = network.norm(network.convolution(maps, "SpatialGate.spatial.conv", padding=3), "SpatialGate.spatial.bn")
    taps = {"attention.channel.scale": channel, "attention.spatial.statistics": maps, "attention.spatial.norm": gate}
    return channel * torch.sigmoid(gate), taps


def nam(state: dict, image):
    """Christian-lyc/NAM: the norm's scale weighs its own output."""
    x = image.double()
    norm = official.Network(state).norm(x, "Channel_Att.bn2")
    gamma = state["Channel_Att.bn2.weight"].double().abs()
    weighted = norm * (gamma / gamma.sum())[:, None, None]
    return x * torch.sigmoid(weighted), {"attention.channel.norm": norm, "attention.channel.weight": weighted}


def eca_per_channel(state: dict, image):
    """ECA-NS: one kernel a channel over its neighbours."""
    x = image.double()
    kernels = state["conv.weight"].double()
    length = kernels.shape[2]
    pooled = functional.pad(x.mean((2, 3)), (length // 2, length // 2))
    gate = torch.stack([(pooled[:, c:c + length] * kernels[c, 0]).sum(1) for c in range(x.shape[1])], dim=1)[:, :, None, None]
    return x * torch.sigmoid(gate), {"attention.conv": gate}


def external_cbam(state: dict, image):
    """External-Attention-pytorch's CBAM: a 49x49 kernel with bias, and the input added at the end."""
    x = image.double()
    network = official.Network(state)

    def squeeze(pooled):
        return network.convolution(torch.relu(network.convolution(pooled, "ca.se.0")), "ca.se.2")

    channel = x * torch.sigmoid(squeeze(x.amax((2, 3), keepdim=True)) + squeeze(x.mean((2, 3), keepdim=True)))
    maps = torch.stack([channel.amax(1), channel.mean(1)], dim=1)
    kernel = state["sa.conv.weight"].shape[2]
    spatial = network.convolution(maps, "sa.conv", padding=kernel // 2)
    taps = {"attention.channel.scale": channel, "attention.spatial.statistics": maps, "attention.spatial.conv": spatial}
    return channel * torch.sigmoid(spatial) + x, taps


def blocks(layers, template: str, node: str = "stages.{s}.blocks.{b}.relu") -> dict:
    """Submodules and canonical nodes of all blocks; `{t}` and `{u}` count from 1 in the template."""
    places = [(s, b) for s, count in enumerate(layers) for b in range(count)]
    return collections.OrderedDict((template.format(s=s, b=b, t=s + 1, u=b + 1), node.format(s=s, b=b)) for s, b in places)

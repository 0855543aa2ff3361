"""Mistakes of conversions made by hand in torch: the judge of the faults that `verify --self-test` injects."""
import types

import torch
from torch import nn
from torch.nn import functional


def swapped_pool_order(network):
    for stage in (1, 2):
        compress = network.get_submodule(f"layer{stage}.0.cbam.SpatialGate.compress")
        compress.forward = lambda x: torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)


def missing_spatial_norm(network):
    for stage in (1, 2):
        network.get_submodule(f"layer{stage}.0.cbam.SpatialGate.spatial").bn = nn.Identity()


class WithInput(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x) + x


def added_residual(network):
    for stage in (1, 2):
        block = network.get_submodule(f"layer{stage}.0")
        block.cbam = WithInput(block.cbam)


def added_branches(network):
    def forward(self, x):
        return (1 + torch.sigmoid(self.channel_att(x) + self.spatial_att(x))) * x

    network.bam1.forward = types.MethodType(forward, network.bam1)


def global_channel_pool(network):
    gate = network.bam1.channel_att
    gate.forward = lambda x: gate.gate_c(x.mean((2, 3), keepdim=True))[:, :, None, None].expand_as(x)


def undilated(network):
    for index in (0, 1):
        layer = network.get_submodule(f"bam1.spatial_att.gate_s.gate_s_conv_di_{index}")
        layer.dilation, layer.padding = (1, 1), (1, 1)


def epsilon(network):
    for layer in network.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.eps = 1e-3


def _nam(network, weighted):
    def forward(self, x):
        return torch.sigmoid(weighted(self.bn2, x)) * x

    for stage in (1, 2):
        gate = network.get_submodule(f"layer{stage}.0.nam.Channel_Att")
        gate.forward = types.MethodType(forward, gate)


def signed_norm_weights(network):
    _nam(network, lambda norm, x: norm(x) * (norm.weight / norm.weight.sum())[:, None, None])


def missing_channel_norm(network):
    _nam(network, lambda norm, x: x * (norm.weight.abs() / norm.weight.abs().sum())[:, None, None])


def flipped_kernel(network):
    for stage in (1, 2):
        weight = network.get_submodule(f"layer{stage}.0.eca.conv").weight
        weight.data = weight.data.flip(2)


def circular_channels(network):
    for stage in (1, 2):
        layer = network.get_submodule(f"layer{stage}.0.eca.conv")
        layer.forward = lambda x, weight=layer.weight: functional.conv1d(functional.pad(x, (1, 1), mode="circular"), weight)


def added_activation(network):
    for stage in (1, 2):
        block = network.get_submodule(f"layer{stage}.0")
        block.se = nn.Sequential(nn.ReLU(), block.se)


def stride_on_first(network):
    block = network.get_submodule("layer2.0")
    block.conv1.stride, block.conv2.stride = (2, 2), (1, 1)


def asymmetric_padding(network):
    network.conv1.padding = (0, 0)
    network.conv1 = nn.Sequential(nn.ZeroPad2d((2, 3, 2, 3)), network.conv1)
    network.maxpool = nn.Sequential(nn.ConstantPad2d((0, 1, 0, 1), -torch.inf), nn.MaxPool2d(3, stride=2))
    block = network.get_submodule("layer2.0")
    block.conv2.padding = (0, 0)
    block.conv2 = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), block.conv2)


def unlimited_activation(network):
    for layer in network.modules():
        if isinstance(layer, nn.ReLU6):
            layer.forward = torch.relu


def transposed_kernel(network):
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and layer.kernel_size[0] > 1:
            layer.weight.data = layer.weight.data.transpose(2, 3).contiguous()


# By network and file name; every place of the network is faulty.
FAULTS = {
    "resnet-bam": {"added-branches": added_branches, "global-channel-pool": global_channel_pool, "dilation-1": undilated},
    "resnet-cbam": {"swapped-pool-order": swapped_pool_order, "missing-norm": missing_spatial_norm, "added-residual": added_residual},
    "resnet-eca": {"flipped-kernel": flipped_kernel, "circular-channel-edge": circular_channels},
    "resnet-nam": {"norm-epsilon": epsilon, "signed-norm-weights": signed_norm_weights, "missing-norm": missing_channel_norm},
    "resnet-se": {"added-activation": added_activation},
    "resnet-bottleneck": {"stride-position": stride_on_first, "asymmetric-padding": asymmetric_padding},
    "mobilenet-v2": {"unlimited-activation": unlimited_activation, "transposed-kernel": transposed_kernel},
}

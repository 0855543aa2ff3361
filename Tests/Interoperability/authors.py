"""Attention networks in torch whose modules are nested and named as in the code bases that no package on PyPI holds, at any
width: what `record_reference.py` sees there. Written anew from their names and from what their modules return."""
import torch
from torch import nn
from torch.nn import functional


class OfficialBam(nn.Module):
    """Jongchan/attention-module: both gates are expanded to the size of the map before they are multiplied."""

    class Channel(nn.Module):
        def __init__(self, channels):
            super().__init__()
            hidden = channels // 16
            self.gate_c = nn.Sequential()
            layers = {"flatten": nn.Flatten(), "gate_c_fc_0": nn.Linear(channels, hidden), "gate_c_bn_1": nn.BatchNorm1d(hidden),
                      "gate_c_relu_1": nn.ReLU(), "gate_c_fc_final": nn.Linear(hidden, channels)}
            for name, layer in layers.items():
                self.gate_c.add_module(name, layer)

        def forward(self, x):
            pooled = functional.avg_pool2d(x, x.size(2), stride=x.size(2))
            return self.gate_c(pooled)[:, :, None, None].expand_as(x)

    class Spatial(nn.Module):
        def __init__(self, channels):
            super().__init__()
            hidden = channels // 16
            layers = {"gate_s_conv_reduce0": nn.Conv2d(channels, hidden, 1), "gate_s_bn_reduce0": nn.BatchNorm2d(hidden),
                      "gate_s_relu_reduce0": nn.ReLU()}
            for i in (0, 1):
                layers[f"gate_s_conv_di_{i}"] = nn.Conv2d(hidden, hidden, 3, padding=4, dilation=4)
                layers[f"gate_s_bn_di_{i}"] = nn.BatchNorm2d(hidden)
                layers[f"gate_s_relu_di_{i}"] = nn.ReLU()
            layers["gate_s_conv_final"] = nn.Conv2d(hidden, 1, 1)
            self.gate_s = nn.Sequential()
            for name, layer in layers.items():
                self.gate_s.add_module(name, layer)

        def forward(self, x):
            return self.gate_s(x).expand_as(x)

    def __init__(self, channels):
        super().__init__()
        self.channel_att = self.Channel(channels)
        self.spatial_att = self.Spatial(channels)

    def forward(self, x):
        return x * (1 + torch.sigmoid(self.channel_att(x) * self.spatial_att(x)))


class OfficialCbam(nn.Module):
    """Jongchan/attention-module: one perceptron for both pools; each gate returns the gated map."""

    class Channel(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.mlp = nn.Sequential(nn.Flatten(), nn.Linear(channels, channels // 16), nn.ReLU(), nn.Linear(channels // 16, channels))

        def forward(self, x):
            gate = self.mlp(functional.adaptive_avg_pool2d(x, 1)) + self.mlp(functional.adaptive_max_pool2d(x, 1))
            return x * torch.sigmoid(gate)[:, :, None, None].expand_as(x)

    class Spatial(nn.Module):
        class Compress(nn.Module):
            def forward(self, x):
                return torch.stack([x.amax(1), x.mean(1)], dim=1)

        class Convolution(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
                self.bn = nn.BatchNorm2d(1)

            def forward(self, x):
                return self.bn(self.conv(x))

        def __init__(self):
            super().__init__()
            self.compress = self.Compress()
            self.spatial = self.Convolution()

        def forward(self, x):
            return x * torch.sigmoid(self.spatial(self.compress(x)))

    def __init__(self, channels):
        super().__init__()
        self.ChannelGate = self.Channel(channels)
        self.SpatialGate = self.Spatial()

    def forward(self, x):
        return self.SpatialGate(self.ChannelGate(x))


class Eca(nn.Module):
    """BangguWu/ECANet."""

    def __init__(self, channels, kernel=3):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.conv = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        gate = self.conv(self.avg_pool(x)[..., 0].transpose(1, 2)).transpose(1, 2)[..., None]
        return x * self.sigmoid(gate).expand_as(x)


class Nam(nn.Module):
    """Christian-lyc/NAM: the outer module passes on what the inner one gives."""

    class Channel(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.bn2 = nn.BatchNorm2d(channels)

        def forward(self, x):
            scale = self.bn2.weight.abs() / self.bn2.weight.abs().sum()
            return torch.sigmoid(self.bn2(x) * scale[:, None, None]) * x

    def __init__(self, channels):
        super().__init__()
        self.Channel_Att = self.Channel(channels)

    def forward(self, x):
        return self.Channel_Att(x)


class Se(nn.Module):
    """moskomule/senet.pytorch; xmu-xiaoma666/External-Attention-pytorch has the same."""

    def __init__(self, channels):
        super().__init__()
        hidden = channels // 16
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channels, hidden, bias=False), nn.ReLU(inplace=True), nn.Linear(hidden, channels, bias=False), nn.Sigmoid())

    def forward(self, x):
        return x * self.fc(self.avg_pool(x).flatten(1))[:, :, None, None].expand_as(x)


class LuuuyiChannel(nn.Module):
    """luuuyi/CBAM.PyTorch: the block multiplies, the modules give gates."""

    def __init__(self, channels):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.max_pool = nn.AdaptiveMaxPool2d(1)
        self.fc = nn.Sequential(
            nn.Conv2d(channels, channels // 16, 1, bias=False), nn.ReLU(), nn.Conv2d(channels // 16, channels, 1, bias=False))
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        return self.sigmoid(self.fc(self.avg_pool(x)) + self.fc(self.max_pool(x)))


class LuuuyiSpatial(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        return self.sigmoid(self.conv1(torch.stack([x.mean(1), x.amax(1)], dim=1)))


class Block(nn.Module):
    """Two or three convolutions that share one in-place ReLU."""

    def __init__(self, inputs, width, outputs, stride, attention):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1 if outputs > width else 3, 1 if outputs > width else stride, int(outputs == width), bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride if outputs > width else 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        if outputs > width:
            self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        for name, kind in {"cbam": OfficialCbam, "eca": Eca, "nam": Nam, "se": Se, "ca": LuuuyiChannel}.items():
            if name == attention:
                self.add_module(name, kind(outputs))
        if attention == "ca":
            self.sa = LuuuyiSpatial()
        self.attention = attention

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if hasattr(self, "conv3"):
            y = self.bn3(self.conv3(self.relu(y)))
        if self.attention == "ca":
            y = self.ca(y) * y
            y = self.sa(y) * y
        elif hasattr(self, str(self.attention)):
            y = getattr(self, self.attention)(y)
        y += x if self.downsample is None else self.downsample(x)
        return self.relu(y)


class ResNet(nn.Module):
    """The names that torchvision gave to ResNets, and all others took over. `attention` is the name of the module in a block, or
    "bam" for modules behind the stages."""

    def __init__(self, blocks, attention, cifar=False, bottleneck=False, width=16, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3 if cifar else 7, 1 if cifar else 2, 1 if cifar else 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        if not cifar:
            self.maxpool = nn.MaxPool2d(3, 2, 1)
            self.avgpool = nn.AdaptiveAvgPool2d(1)
        inputs = width
        for stage, count in enumerate(blocks):
            inner = width << stage
            outputs = inner * 4 if bottleneck else inner
            layers = [Block(inputs if i == 0 else outputs, inner, outputs, 2 if stage and not i else 1, attention) for i in range(count)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
            if attention == "bam" and stage < len(blocks) - 1:
                self.add_module(f"bam{stage + 1}", OfficialBam(outputs))
            inputs = outputs
        self.fc = nn.Linear(inputs, classes)
        self.stages = len(blocks)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        if hasattr(self, "maxpool"):
            x = self.maxpool(x)
        for stage in range(1, self.stages + 1):
            x = getattr(self, f"layer{stage}")(x)
            if hasattr(self, f"bam{stage}"):
                x = getattr(self, f"bam{stage}")(x)
        # Where there is no module, a function pools 4x4 windows.
        x = self.avgpool(x) if hasattr(self, "avgpool") else functional.avg_pool2d(x, 4)
        return self.fc(x.flatten(1))


class MobileNetV2(nn.Module):
    """BangguWu/ECANet's: ECA closes the sequence of each block."""

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride, expansion):
            super().__init__()
            hidden = inputs * expansion
            layers = [MobileNetV2.unit(inputs, hidden, 1)] if expansion > 1 else []
            layers += [MobileNetV2.unit(hidden, hidden, 3, stride, hidden), nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs), Eca(outputs)]
            self.conv = nn.Sequential(*layers)
            self.adds = stride == 1 and inputs == outputs

        def forward(self, x):
            return x + self.conv(x) if self.adds else self.conv(x)

    @staticmethod
    def unit(inputs, outputs, kernel, stride=1, groups=1):
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True))

    def __init__(self, widths=(8, 8, 16, 16, 24, 24, 32), classes=10):
        super().__init__()
        layers, inputs = [self.unit(3, 8, 3, 2)], 8
        for stage, (count, stride) in enumerate(zip((1, 2, 3, 4, 3, 3, 1), (1, 2, 2, 2, 1, 2, 1))):
            for i in range(count):
                layers.append(self.Block(inputs, widths[stage], 1 if i else stride, 6 if stage else 1))
                inputs = widths[stage]
        self.features = nn.Sequential(*layers, self.unit(inputs, 64, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.25), nn.Linear(64, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean(-1).mean(-1))


class ExternalBam(nn.Module):
    """xmu-xiaoma666/External-Attention-pytorch: three layers in each branch, whose sum gates."""

    class Channel(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.ca = nn.Sequential()
            self.ca.add_module("flatten", nn.Flatten())
            for i in range(3):
                self.ca.add_module(f"fc{i}", nn.Linear(channels // 16 if i else channels, channels // 16))
                self.ca.add_module(f"bn{i}", nn.BatchNorm1d(channels // 16))
                self.ca.add_module(f"relu{i}", nn.ReLU())
            self.ca.add_module("last_fc", nn.Linear(channels // 16, channels))

        def forward(self, x):
            return self.ca(self.avgpool(x))[:, :, None, None].expand_as(x)

    class Spatial(nn.Module):
        def __init__(self, channels):
            super().__init__()
            hidden = channels // 16
            self.sa = nn.Sequential()
            self.sa.add_module("conv_reduce1", nn.Conv2d(channels, hidden, 1))
            self.sa.add_module("bn_reduce1", nn.BatchNorm2d(hidden))
            self.sa.add_module("relu_reduce1", nn.ReLU())
            for i in range(3):
                self.sa.add_module(f"conv_{i}", nn.Conv2d(hidden, hidden, 3, padding=1, dilation=2))
                self.sa.add_module(f"bn_{i}", nn.BatchNorm2d(hidden))
                self.sa.add_module(f"relu_{i}", nn.ReLU())
            self.sa.add_module("last_conv", nn.Conv2d(hidden, 1, 1))

        def forward(self, x):
            return self.sa(x).expand_as(x)

    def __init__(self, channels):
        super().__init__()
        self.ca = self.Channel(channels)
        self.sa = self.Spatial(channels)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        return (1 + self.sigmoid(self.sa(x) + self.ca(x))) * x


class ExternalCbam(nn.Module):
    """xmu-xiaoma666/External-Attention-pytorch: the modules give gates, and the input is added."""

    class Channel(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.maxpool = nn.AdaptiveMaxPool2d(1)
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.se = nn.Sequential(
                nn.Conv2d(channels, channels // 16, 1, bias=False), nn.ReLU(), nn.Conv2d(channels // 16, channels, 1, bias=False))
            self.sigmoid = nn.Sigmoid()

        def forward(self, x):
            return self.sigmoid(self.se(self.maxpool(x)) + self.se(self.avgpool(x)))

    class Spatial(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 1, 7, padding=3)
            self.sigmoid = nn.Sigmoid()

        def forward(self, x):
            return self.sigmoid(self.conv(torch.stack([x.amax(1), x.mean(1)], dim=1)))

    def __init__(self, channels):
        super().__init__()
        self.ca = self.Channel(channels)
        self.sa = self.Spatial()

    def forward(self, x):
        y = x * self.ca(x)
        return y * self.sa(y) + x

"""Networks that torchvision, timm and pytorchcv build themselves, with the channels of stage 1 cut from 64 to 2.

Where a package fixes a width, a subclass or a replaced layer narrows it; names and module structure stay the package's.
"""
import contextlib
import functools

import timm.layers
import timm.models.resnet as timm_resnet
import timm.models.senet as timm_senet
import torch
import torchvision
from pytorchcv.models import bamresnet, cbamresnet, resnet, seresnet
from timm.layers.cbam import CbamModule
from torch import nn

import weights

CLASSES = 10
LAYERS_18, LAYERS_50 = (2, 2, 2, 2), (3, 4, 6, 3)
CHANNELS = (2, 4, 8, 16)


def filled(module: nn.Module) -> dict:
    """The module's state dict with reproducible values; the module gets them too."""
    arrays = weights.fill(weights.table_of(module.state_dict()))
    module.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()}, strict=True)
    return module.state_dict()


class NarrowTorchvisionResNet(torchvision.models.ResNet):
    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        if planes == 64:  # the first stage: narrow the stem before anything reads its width
            self.inplanes = 2
            self.conv1 = nn.Conv2d(3, 2, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(2)
        return super()._make_layer(block, planes // 32, blocks, stride, dilate)


class NarrowLegacySENet(timm_senet.SENet):
    def _make_layer(self, block, planes, *rest, **options):
        return super()._make_layer(block, planes // 32, *rest, **options)


def torchvision_resnet18():
    model = NarrowTorchvisionResNet(torchvision.models.resnet.BasicBlock, list(LAYERS_18))
    model.fc = nn.Linear(16, CLASSES)
    return model


def torchvision_mobilenet_v2():
    """A tenth of the width, rounded by the package to multiples of 4. Its last convolution never shrinks below 1280, so
    that one layer is replaced."""
    model = torchvision.models.MobileNetV2(width_mult=0.1, round_nearest=4)
    model.features[18] = torchvision.ops.Conv2dNormActivation(model.features[17].out_channels, 32, 1, activation_layer=nn.ReLU6)
    model.classifier[1] = nn.Linear(32, CLASSES)
    return model


def timm_network(block, layers, attention=None, deep_stem=False, **options):
    options |= {"block_args": {"attn_layer": attention}} if attention else {}
    model = timm_resnet.ResNet(block, layers, num_classes=CLASSES, channels=CHANNELS, stem_type="deep", stem_width=1, **options)
    if not deep_stem:  # the plain stem is always 64 wide, so the deep one (1, 1, 2) is replaced
        model.conv1 = nn.Conv2d(3, 2, 7, stride=2, padding=3, bias=False)
    return model


def timm_legacy(block, layers, expansion):
    model = NarrowLegacySENet(block, layers, groups=1, reduction=2, inplanes=2, num_classes=CLASSES)
    model.last_linear = nn.Linear(16 * expansion, CLASSES)
    return model


@contextlib.contextmanager
def halved_attention():
    """pytorchcv fixes the reduction of attention at 16, which leaves nothing of 2 channels."""
    initialisers = [seresnet.SEBlock.__init__, cbamresnet.CbamBlock.__init__, bamresnet.ChannelGate.__init__, bamresnet.SpatialGate.__init__]
    originals = [initialiser.__defaults__ for initialiser in initialisers]
    for initialiser in initialisers:
        initialiser.__defaults__ = tuple(2 if default == 16 else default for default in initialiser.__defaults__)
    try:
        yield
    finally:
        for initialiser, defaults in zip(initialisers, originals):
            initialiser.__defaults__ = defaults


def pytorchcv_network(kind, layers, **options):
    bottleneck = layers == LAYERS_50
    channels = [[width * (4 if bottleneck else 1)] * count for width, count in zip(CHANNELS, layers)]
    with halved_attention():
        return kind(channels=channels, init_block_channels=2, bottleneck=bottleneck, num_classes=CLASSES, **options)


def networks() -> list:
    """(name, dialect, architecture, module) of each network. timm's `t` stem has no narrow form: its widths are multiples
    of 4, as wide as the whole first stage here."""
    basic, bottleneck = timm_resnet.BasicBlock, timm_resnet.Bottleneck
    se, se_bottleneck = [functools.partial(timm.layers.SEModule, rd_ratio=1 / reduction, rd_divisor=1) for reduction in (2, 8)]
    cbam = functools.partial(CbamModule, rd_ratio=0.5)
    return [
        ("resnet18", "torchvision", "resnet18", torchvision_resnet18()),
        ("mobilenet-v2", "torchvision", "mobilenet_v2", torchvision_mobilenet_v2()),
        ("seresnet18", "timm", "resnet18 + se", timm_network(basic, LAYERS_18, se)),
        ("ecaresnet18", "timm", "resnet18 + eca", timm_network(basic, LAYERS_18, "eca")),
        ("cbam-resnet18", "timm", "resnet18 + cbam", timm_network(basic, LAYERS_18, cbam)),
        ("seresnet50", "timm", "resnet50 + se", timm_network(bottleneck, LAYERS_50, se_bottleneck)),
        ("ecaresnet50d", "timm", "resnet50d + eca", timm_network(bottleneck, LAYERS_50, "eca", deep_stem=True, avg_down=True)),
        ("legacy-seresnet18", "timm", "resnet18 + se", timm_legacy(timm_senet.SEResNetBlock, LAYERS_18, 1)),
        ("resnet18", "pytorchcv", "resnet18", pytorchcv_network(resnet.ResNet, LAYERS_18, conv1_stride=True)),
        ("seresnet18", "pytorchcv", "resnet18 + se", pytorchcv_network(seresnet.SEResNet, LAYERS_18, conv1_stride=True)),
        ("bam-resnet18", "pytorchcv", "resnet18 + bam", pytorchcv_network(bamresnet.BamResNet, LAYERS_18)),
        ("cbam-resnet18", "pytorchcv", "resnet18 + cbam", pytorchcv_network(cbamresnet.CbamResNet, LAYERS_18)),
    ]

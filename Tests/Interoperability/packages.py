"""Full-size networks as the packages on PyPI build them: name -> (dialects that fit, builder)."""
import timm
import torchvision
from pytorchcv.model_provider import get_model


def _timm(name, **options):
    return lambda: timm.create_model(name, **options)


def _attention(depth, kind):
    return lambda: timm.create_model(f"resnet{depth}", block_args={"attn_layer": kind})


def _pytorchcv(name):
    return lambda: get_model(name)


# A plain ResNet has the same names in torchvision, timm and others: any of them may be reported.
PLAIN = None

NETWORKS = {
    "torchvision resnet18": (PLAIN, torchvision.models.resnet18),
    "torchvision resnet50": (PLAIN, torchvision.models.resnet50),
    "torchvision resnet101": (PLAIN, torchvision.models.resnet101),
    "torchvision mobilenet_v2": ({"torchvision"}, torchvision.models.mobilenet_v2),
    "timm legacy_seresnet18": ({"timm", "cadene"}, _timm("legacy_seresnet18")),
    "timm legacy_seresnet50": ({"timm", "cadene"}, _timm("legacy_seresnet50")),
    "timm resnet18 10 classes": (PLAIN, _timm("resnet18", num_classes=10)),
}
NETWORKS |= {f"timm {name}": ({"timm"}, _timm(name)) for name in ["seresnet18", "seresnet50", "seresnet152", "ecaresnet50d", "ecaresnet50t", "ecaresnet101d"]}
NETWORKS |= {f"timm resnet{depth} {kind}": ({"timm"}, _attention(depth, kind)) for depth in (18, 50) for kind in ("se", "eca", "cbam")}
NETWORKS |= {
    f"pytorchcv {name}": ({"pytorchcv"}, _pytorchcv(name))
    for name in [
        "resnet18", "resnet50", "resnet50b", "seresnet18", "seresnet50", "seresnet50b",
        "bam_resnet18", "bam_resnet50", "bam_resnet101", "cbam_resnet18", "cbam_resnet50", "cbam_resnet101",
    ]
}
DEEP = ("101", "152")

"""The programs of Examples/ against PyTorch: the same image, the same preprocessing, the same classes; the same layer."""
import os
import pathlib
import subprocess

import numpy
import pytest
import torch
import torchvision
from PIL import Image
from pytorchcv.model_provider import get_model
from safetensors.torch import save_file
from torchvision.transforms import functional

import checkpoints
from conftest import FIXTURES, ROOT

MEANS, DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def example(name: str, *arguments, code: int = 0) -> subprocess.CompletedProcess:
    program = pathlib.Path(os.environ.get("EXAMPLES", ROOT / ".build/release"), name).absolute()
    if not program.is_file():
        pytest.fail(f"{program} does not exist; build it (make examples) or set EXAMPLES", pytrace=False)
    result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert result.returncode == code, result.stderr + result.stdout
    return result


def trained(model: torch.nn.Module) -> torch.nn.Module:
    """Random statistics, so that a mistaken norm shows."""
    torch.manual_seed(11)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
    return model.eval()


@pytest.fixture
def classifier(attnconv):
    torch.manual_seed(3)
    model = trained(torchvision.models.resnet18(num_classes=20))
    torch.save(model.state_dict(), attnconv.folder / "resnet18.pth")
    return model, attnconv.import_(attnconv.folder / "resnet18.pth")


def photograph(path: pathlib.Path, width: int, height: int, header: bytes) -> pathlib.Path:
    """Something with edges, slopes and noise."""
    stream = numpy.random.Generator(numpy.random.PCG64(width))
    y, x = numpy.mgrid[0:height, 0:width]
    waves = [127 + 100 * numpy.sin(x / (7 + c) + y / (11 - c)) + 60 * ((x // 13 + y // 9) % 2) for c in range(3)]
    pixels = numpy.clip(numpy.stack(waves, -1) + stream.normal(0, 20, (height, width, 3)), 0, 255).astype(numpy.uint8)
    path.write_bytes(header + pixels.tobytes())
    return path


@pytest.mark.parametrize(("width", "height", "header"), [
    (500, 375, b"P6\n500 375\n255\n"),
    (333, 501, b"P6 # a comment\n333\t501 # another\n255 "),
    (60, 47, b"P6\n60 47\n255\n"),
    (256, 256, b"P6\n256 256\n255\n"),
    (1001, 224, b"P6\n1001 224\n255\n"),
])
def test_classify_gives_the_classes_of_pytorch(attnconv, classifier, width, height, header):
    model, canonical = classifier
    path = photograph(attnconv.folder / "photograph.ppm", width, height, header)
    names = attnconv.folder / "names.txt"
    names.write_text("".join(f"class number {index}\n" for index in range(20)))
    lines = example("Classify", canonical, path, names).stdout.splitlines()

    pixels = torch.from_numpy(numpy.array(Image.open(path))).permute(2, 0, 1).float() / 255
    batch = functional.center_crop(functional.resize(pixels, 256, antialias=True), 224)
    batch = functional.normalize(batch, MEANS, DEVIATIONS)[None]
    probabilities, classes = model(batch).double().softmax(1)[0].topk(5)
    assert [line.split(maxsplit=2)[1:] for line in lines] == [[str(index), f"class number {index}"] for index in classes.tolist()]
    assert [float(line.split()[0]) for line in lines] == pytest.approx(probabilities.tolist(), abs=2e-5)

    # torchvision's own transform, which rounds the resized pixels, is near.
    own = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.transforms()(Image.open(path))[None]
    rounded = model(own).double().softmax(1)[0][classes]
    assert [float(line.split()[0]) for line in lines] == pytest.approx(rounded.tolist(), abs=5e-3)


@pytest.mark.parametrize(("content", "message"), [
    (b"\xff\xd8\xff\xe0", "found no binary PPM image (P6)"),
    (b"P6", "found no width in the header"),
    (b"P6\n# no end", "found no width in the header"),
    (b"P6\n4 x\n255\n", "found no height in the header"),
    (b"P6\n4 2\n65535\n" + bytes(48), "found values up to 65535, expected 255"),
    (b"P6\n4 2\n255\n" + bytes(23), "found 23 bytes of pixels, expected 24 for 4 x 2"),
    (b"P6\n4 2\n255\n" + bytes(25), "found 25 bytes of pixels, expected 24 for 4 x 2"),
    (b"P6\n4 2\n255", "found 0 bytes of pixels, expected 24 for 4 x 2"),
    (b"P6\n0 2\n255\n", "found 0 x 2 pixels, expected sides of 1 to 32768"),
    (b"P6\n99999999999999999999 2\n255\n", "found no width in the header"),
])
def test_classify_says_what_is_wrong_with_an_image(attnconv, content, message):
    path = attnconv.folder / "image.ppm"
    path.write_bytes(content)
    result = example("Classify", FIXTURES / "references/timm-cbam-resnet18/checkpoint.safetensors", path, code=2)
    assert result.stderr.splitlines()[0] == f"error: {path}: {message}"
    assert result.stdout == ""


def test_classify_says_what_is_wrong_with_the_rest(attnconv):
    network = FIXTURES / "references/timm-cbam-resnet18/checkpoint.safetensors"
    image = ROOT / "Examples/Classify/circles.ppm"
    names = attnconv.folder / "names.txt"
    names.write_text("one\ntwo\n")
    assert "expected one line for each of 10 classes" in example("Classify", network, image, names, code=2).stderr
    assert "channels" in example("Classify", FIXTURES / "references/module-nam/checkpoint.safetensors", image, code=2).stderr
    assert example("Classify", network, attnconv.folder / "none.ppm", code=2).stderr.startswith("error: ")
    assert example("Classify", image, image, code=2).stderr.startswith(f"error: {image}: ")
    assert example("Classify", code=64).stderr.startswith("usage: ")


def test_own_layer_computes_what_a_block_of_pytorchcv_computes(attnconv):
    torch.manual_seed(5)
    model = trained(get_model("cbam_resnet18"))
    torch.save(model.state_dict(), attnconv.folder / "cbam.pth")
    canonical = attnconv.import_(attnconv.folder / "cbam.pth")
    # pytorchcv counts the stem as a part of its features and stages from 1.
    layer = model.features.stage2.unit2.cbam
    maps = torch.randn(2, 128, 9, 6)
    save_file({"input": maps, "output": layer(maps)}, attnconv.folder / "layer.safetensors")
    lines = example("OwnLayer", canonical, "stages.1.blocks.1.attention.", attnconv.folder / "layer.safetensors").stdout.splitlines()
    assert lines[-2] == "CBAM of 128 channels, 8 hidden, kernel 7x7"
    parameters = [name for name in checkpoints.canonical(canonical) if name.startswith("stages.1.blocks.1.attention.")]
    assert [line.split()[0] for line in lines[:-2]] == sorted(parameters)

    # The same layer with another block's weights is not the same.
    example("OwnLayer", canonical, "stages.1.blocks.0.attention.", attnconv.folder / "layer.safetensors", code=1)
    unknown = example("OwnLayer", canonical, "stages.9.", attnconv.folder / "layer.safetensors", code=2)
    assert unknown.stderr.startswith('error: found no layer under "stages.9."')


@pytest.mark.parametrize(("case", "message"), [
    ("module-cbam-k49", "found a variant that adds its input to its output"),
    ("module-bam", "found bam, expected cbam"),
])
def test_own_layer_refuses_what_it_does_not_implement(case, message):
    folder = FIXTURES / "references" / case
    result = example("OwnLayer", folder / "checkpoint.safetensors", "attention.", folder / "reference.safetensors", code=2)
    assert result.stderr.startswith(f"error: {message}")

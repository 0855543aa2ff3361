"""The page of `verify --report` as a browser reads it: valid, self-contained, harmless, readable."""
import math
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import checkpoints
import html5lib
import pytest
import torch
from conftest import FIXTURES, ROOT
from pytorchcv.model_provider import get_model
from safetensors import safe_open
from safetensors.torch import save_file

sys.path.insert(0, str(ROOT / "Tools"))
from record_reference import record  # noqa: E402

CASES = sorted(path.name for path in (FIXTURES / "references").iterdir() if path.is_dir())
HTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"
HOSTILE = "\"'><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>\u202e\u0007</style>&amp;"
# Attributes whose values are numbers, shares, or lists of both.
NUMBERS = {"x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "width", "height", "viewBox", "d"}
NUMBER = re.compile(r"-?\d+(\.\d{1,2})?%?")


def parsed(path) -> ElementTree.Element:
    """The page as HTML parsers see it; any parse error of the HTML Standard fails."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), strict=True)
    tree = parser.parse(path.read_bytes(), transport_encoding="utf-8")
    check(tree, path)
    return tree


def check(tree, path) -> None:
    """What holds for every page."""
    tags = {element.tag for element in tree.iter()}
    assert not tags & {HTML + name for name in ("script", "img", "iframe", "link", "object", "embed", "form", "base")}
    identifiers = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(identifiers) == len(set(identifiers))
    for element in tree.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on"), f"{element.tag} has {name}"
            if name in ("href", "src"):
                assert value.startswith("#") and value[1:] in identifiers, f"{element.tag} refers to {value}"
            if name in ("aria-labelledby", "aria-describedby"):
                assert value in identifiers
            if name in NUMBERS and element.tag.startswith(SVG):
                parts = re.split(r"[\sMmLlHhVvAazZ]+|(?<=\d)(?=-)", value)
                assert all(NUMBER.fullmatch(part) for part in parts if part), f"{element.tag} {name}={value}"
        if element.tag == HTML + "th":
            assert element.get("scope") in ("row", "col")
        if element.get("role") == "img":
            assert element.get("aria-label") or element.get("aria-labelledby")
    [policy] = [element.get("content") for element in tree.iter(HTML + "meta") if element.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert tree.get("lang") == "en"
    text = path.read_text()
    assert not re.search(r"url\(|@import|https?://", text.split("<body>")[0])
    assert len(text.encode()) < 300_000


def words(tree) -> str:
    return " ".join(" ".join(tree.find(HTML + "body").itertext()).split())


def page(attnconv, checkpoint, reference, *options, code: int = 0):
    path = attnconv.folder / "page.html"
    result = attnconv.run("verify", checkpoint, "--reference", reference, "--report", path, *options)
    assert result.returncode == code, result.stderr
    return path, parsed(path)


def marks(tree, series: str) -> list:
    """The places of the marks of a series in charts."""
    return [
        (float(use.get("x").removesuffix("%")), float(use.get("y"))) for use in tree.iter(SVG + "use")
        if use.get("class") == series and use.get("x")
    ]


def tolerance_line(tree) -> float:
    [group] = [element for element in tree.iter(SVG + "g") if element.get("class") == "tolerance"]
    return float(group.find(SVG + "line").get("y1"))


@pytest.mark.parametrize("case", CASES)
def test_pages_of_networks_that_agree(attnconv, case):
    folder = FIXTURES / "references" / case
    _, tree = page(attnconv, folder / "checkpoint.safetensors", folder / "reference.safetensors")
    with safe_open(folder / "reference.safetensors", framework="pt") as file:
        count = len(file.keys()) - 1
    assert len(marks(tree, "pass")) == count
    assert all(y > tolerance_line(tree) for _, y in marks(tree, "pass"))
    assert marks(tree, "fail") == []
    assert "Passed" in words(tree)


@pytest.fixture(scope="module")
def resnet50(tmp_path_factory):
    """ResNet-50 with CBAM as pytorchcv builds it, with more than 60 recorded layers."""
    folder = tmp_path_factory.mktemp("resnet50")
    model = get_model("cbam_resnet50").eval()
    model.load_state_dict(checkpoints.filled(model))
    taps = {}
    for stage, depth in enumerate((3, 4, 6, 3)):
        for block in range(depth):
            source, canonical = f"features.stage{stage + 1}.unit{block + 1}", f"stages.{stage}.blocks.{block}"
            taps |= {source: canonical, source + ".cbam": canonical + ".attention", source + ".body.conv2.conv": canonical + ".conv2",
                     source + ".body.conv3.bn": canonical + ".norm3"}
    torch.save(model.state_dict(), folder / "model.pth")
    record(model, torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1)), str(folder / "reference.safetensors"), taps=taps)
    state = dict(model.state_dict())
    # The pools of one spatial gate change places.
    name = "features.stage2.unit2.cbam.sp_gate.conv.conv.weight"
    state[name] = state[name].flip(1).contiguous()
    torch.save(state, folder / "broken.pth")
    return folder


def test_a_broken_block_of_a_large_network(attnconv, resnet50):
    checkpoint = attnconv.import_(resnet50 / "broken.pth")
    # Random weights let rounding add up; the fault is far larger.
    path, tree = page(attnconv, checkpoint, resnet50 / "reference.safetensors", "--tolerance", "1e-3", code=1)
    passing, failing = marks(tree, "pass"), marks(tree, "fail")
    assert len(passing) + len(failing) == 65
    assert failing and all(y < tolerance_line(tree) for _, y in failing)
    assert min(x for x, _ in failing) > max(x for x, y in passing if x < min(x for x, _ in failing))
    assert "stages.1.blocks.1.attention" in words(tree)
    again = path.read_bytes()
    path.unlink()
    assert page(attnconv, checkpoint, resnet50 / "reference.safetensors", "--tolerance", "1e-3", code=1)[0].read_bytes() == again


def hostile(attnconv):
    """A checkpoint and a reference whose names and texts want to be markup."""
    folder = FIXTURES / "references/module-nam"
    with safe_open(folder / "reference.safetensors", framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    reference = attnconv.folder / ("r" + HOSTILE.replace("/", "\\"))
    text = HOSTILE.replace("\\", "\\\\").replace('"', '\\"').replace("\u0007", "\\u0007")
    save_file(tensors, reference, metadata={"attnconv.reference": '{"model":"%s","framework":"%s"}' % (text, "x" * 100_000)})
    checkpoint = attnconv.folder / "c\"><svg onload=alert(1)>.safetensors"
    shutil.copy(folder / "checkpoint.safetensors", checkpoint)
    return checkpoint, reference


def test_hostile_names_are_inert(attnconv):
    path, tree = page(attnconv, *hostile(attnconv))
    assert "document.title='owned'" in words(tree)
    assert path.stat().st_size < 60_000
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f]", path.read_text())


def test_numbers_that_are_not_finite_and_zero_have_places_of_their_own(attnconv):
    folder = FIXTURES / "references/module-nam"
    with safe_open(folder / "reference.safetensors", framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    tensors["output"] = tensors["output"].clone()
    tensors["output"].view(-1)[5] = math.nan
    save_file(tensors, attnconv.folder / "reference.safetensors")
    _, tree = page(attnconv, folder / "checkpoint.safetensors", attnconv.folder / "reference.safetensors", code=1)
    [(_, y)] = marks(tree, "fail")
    assert y < min(float(line.get("y1")) for line in tree.iter(SVG + "line") if line.get("class") == "edge")
    assert "the reference holds NaN or infinity" in words(tree)


def test_what_cannot_be_verified(attnconv):
    path, tree = page(attnconv, "nowhere.safetensors", FIXTURES / "references/module-nam/reference.safetensors", code=2)
    assert "Not verified" in words(tree)


def test_pins_share_a_page_with_an_index(attnconv):
    names = ["module-bam", "module-nam", "module-eca-ns", "timm-cbam-resnet18"]
    for name in names:
        for file in ("checkpoint", "reference"):
            shutil.copy(FIXTURES / "references" / name / f"{file}.safetensors", attnconv.folder / f"{name}.{file}.safetensors")
        attnconv.succeed("pin", f"{name}.checkpoint.safetensors", "--reference", f"{name}.reference.safetensors")
    shutil.copy(FIXTURES / "references/module-bam/reference.safetensors", attnconv.folder / "module-nam.reference.safetensors")
    (attnconv.folder / "module-eca-ns.reference.safetensors").unlink()
    path = attnconv.folder / "page.html"
    assert attnconv.run("verify", "--report", path).returncode == 2
    tree = parsed(path)
    [index] = [table for table in tree.iter(HTML + "table") if table.get("class") == "index"]
    rows = [[" ".join("".join(cell.itertext()).split()) for cell in row] for row in index.find(HTML + "tbody")]
    assert [row[0].split(".")[0] for row in rows] == sorted(names)
    assert {row[0].split(".")[0]: row[1] for row in rows} == {
        "module-bam": "Passed", "module-eca-ns": "Not verified", "module-nam": "Failed", "timm-cbam-resnet18": "Passed"}
    assert len([section for section in tree.iter(HTML + "section") if section.get("class") == "entry"]) == len(names)
    assert "referenceSha256" in words(tree)


def luminance(color: str) -> float:
    color = color.lstrip("#")
    color = "".join(digit * 2 for digit in color) if len(color) == 3 else color
    channels = [int(color[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_enough_contrast():
    """WCAG 2.2, 1.4.3: 4.5 for text, on every background it stands on; 1.4.11: 3 for marks."""
    style = (ROOT / "Sources/attnconv/Reports/HTML/page.css").read_text()
    palettes = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6});", block)) for block in re.findall(r":root \{([^}]*)\}", style)]
    assert [len(palette) for palette in palettes] == [11, 11, 11], "light, dark, print"
    for palette in palettes:
        for ink, least in {"ink": 4.5, "quiet": 4.5, "good": 4.5, "bad": 4.5, "local": 3, "noise": 3, "bars": 3}.items():
            for ground in ("paper", "panel", "band"):
                dark, light = sorted([luminance(palette[ink]), luminance(palette[ground])])
                assert (light + 0.05) / (dark + 0.05) >= least, f"{ink} on {ground}"


@pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium is not installed")
def test_a_browser_shows_it_and_runs_nothing(attnconv):
    path, _ = page(attnconv, *hostile(attnconv))
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={attnconv.folder / 'profile'}"]
    shown = subprocess.run([*command, "--enable-logging=stderr", "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=120)
    assert "Passed" in shown.stdout
    assert "<title>owned" not in shown.stdout
    assert "Content Security Policy" not in shown.stderr
    printed = attnconv.folder / "page.pdf"
    subprocess.run([*command, f"--print-to-pdf={printed}", path.as_uri()], capture_output=True, timeout=120, check=True)
    assert printed.read_bytes().startswith(b"%PDF")

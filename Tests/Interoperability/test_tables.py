"""Networks of code bases that are on no package registry: state dicts built from their parameter tables."""
import checkpoints
import pytest
import torch
from conftest import FIXTURES

ARCHITECTURES = sorted(path.stem for path in (FIXTURES / "parameter-tables").glob("*.json"))
# ECA with one kernel per channel holds other parameters than ECA; a converter may refuse it, but must say so.
UNSHARED = {"mod_ecans_k3"}
DIALECTS = {
    "cadene": {"cadene", "timm"}, "ecanet": {"ecanet"}, "luuuyi": {"luuuyi-cbam"}, "moskomule": {"senet-moskomule"},
    "nam": {"nam"}, "jc": {"attention-module"}, "timm": {"timm", "cadene"},
}
# The parameter counts that the authors' code reports.
PARAMETERS = {"jc_imagenet_r50_bam": 25_915_099, "jc_imagenet_r50_cbam": 28_089_624, "mod_bam_c64": 1173, "mod_cbam_c64": 680}


def cases():
    deep = ("r101", "r152")
    return [
        pytest.param(name, marks=pytest.mark.slow if any(depth in name for depth in deep) else ())
        for name in ARCHITECTURES if name not in UNSHARED
    ]


@pytest.mark.parametrize("architecture", cases())
def test_round_trip_is_bit_exact(attnconv, tmp_path, architecture):
    state = checkpoints.from_table(architecture)
    torch.save(state, tmp_path / "model.pth")
    canonical = attnconv.import_(tmp_path / "model.pth")

    family = architecture.split("_")[0]
    if family in DIALECTS and not architecture.endswith("_none"):
        assert checkpoints.source(canonical)["dialect"] in DIALECTS[family]
    assert len(checkpoints.canonical(canonical)) == len(state)

    checkpoints.load_exported(attnconv.export(canonical), state)
    checkpoints.assert_identical(checkpoints.canonical(attnconv.export(canonical, to="safetensors")), state)


@pytest.mark.parametrize("architecture", sorted(UNSHARED))
def test_unshared_kernels_are_converted_or_refused(attnconv, tmp_path, architecture):
    state = checkpoints.from_table(architecture)
    torch.save(state, tmp_path / "model.pth")
    result = attnconv.run("import", tmp_path / "model.pth", "-o", tmp_path / "canonical.safetensors")
    if result.returncode == 0:
        checkpoints.load_exported(attnconv.export(tmp_path / "canonical.safetensors"), state)
    else:
        assert result.returncode in (1, 2) and "conv.weight" in result.stderr + result.stdout
        assert not (tmp_path / "canonical.safetensors").exists()


@pytest.mark.parametrize("architecture", sorted(PARAMETERS))
def test_inspect_counts_the_parameters(attnconv, tmp_path, architecture):
    torch.save(checkpoints.from_table(architecture), tmp_path / "model.pth")
    text = attnconv.succeed("inspect", tmp_path / "model.pth").stdout
    assert str(PARAMETERS[architecture]) in text.replace(",", "").replace("_", "")


@pytest.mark.parametrize("file", sorted(path.name for path in (FIXTURES / "networks").iterdir() if path.suffix in (".pth", ".safetensors")))
def test_narrow_fixture_round_trip(attnconv, fixtures, file):
    """The checked-in files, in the containers their code bases wrote."""
    path = fixtures / "networks" / file
    state = checkpoints.canonical(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    if "ecans" in file:
        pytest.skip("tested at full size")
    checkpoints.load_exported(attnconv.export(attnconv.import_(path)), state)

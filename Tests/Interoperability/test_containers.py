"""The same weights in every container give one content digest; what is no checkpoint is named."""
import collections
import json

import checkpoints
import containers
import pytest
import torch
from conftest import FIXTURES

NARROW = "cbam-resnet18-narrow"


def same_content():
    for group in ("pytorch-zip", "pytorch-legacy", "safetensors"):
        for file, facts in json.loads((FIXTURES / group / "expected.json").read_text())["files"].items():
            # Counters of batches are no part of the content, so a file from before torch 0.4 agrees too.
            if facts["content"] in (NARROW, f"{NARROW}-uncounted"):
                yield f"{group}/{file}"


@pytest.fixture(scope="module")
def seen() -> dict:
    return {}


@pytest.mark.parametrize("file", list(same_content()))
def test_narrow_network_has_one_content(attnconv, fixtures, seen, file):
    options = ["--ignore-crc"] if "wrong-crc" in file else []
    output = attnconv.import_(fixtures / file, *options)
    seen[file] = checkpoints.content(output)
    assert len(set(seen.values())) == 1, seen
    assert len(seen[file]) == 64
    rows = json.loads((fixtures / "pytorch-zip/expected.json").read_text())["contents"][NARROW]
    if "before-0.4" not in file:
        assert checkpoints.digests(checkpoints.canonical(output)) == sorted(row[3] for row in rows)


def test_full_size_containers_have_one_content(attnconv, tmp_path):
    state = checkpoints.from_table("jc_imagenet_r50_bam")
    prefixed = collections.OrderedDict((f"module.{name}", value) for name, value in state.items())
    half = len(state) // 2
    shards = {"pytorch_model-00001-of-00002.bin": dict(list(state.items())[:half]), "pytorch_model-00002-of-00002.bin": dict(list(state.items())[half:])}

    torch.save(state, tmp_path / "zip.pth")
    containers.deflated(tmp_path / "zip.pth", tmp_path / "deflated.pth")
    torch.save(state, tmp_path / "legacy.pth", _use_new_zipfile_serialization=False)
    with containers.stored_on("cuda:0"):
        wrapped = {"epoch": 90, "arch": "resnet50", "state_dict": prefixed, "best_prec1": torch.tensor(77.5)}
        torch.save(wrapped, tmp_path / "training.pth.tar", _use_new_zipfile_serialization=False)
        torch.save({"model": {"net": prefixed}}, tmp_path / "nested.pth")
    for shard, part in shards.items():
        torch.save(part, tmp_path / shard)
    index = {"metadata": {"total_size": 0}, "weight_map": {name: shard for shard, part in shards.items() for name in part}}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    import safetensors.torch
    safetensors.torch.save_file(dict(state), tmp_path / "plain.safetensors")

    sources = ["zip.pth", "deflated.pth", "legacy.pth", "training.pth.tar", "nested.pth", "pytorch_model.bin.index.json", "plain.safetensors"]
    contents = {file: checkpoints.content(attnconv.import_(tmp_path / file, name=f"out-{index}")) for index, file in enumerate(sources)}
    assert len(set(contents.values())) == 1, contents


def test_other_weights_have_other_content(attnconv, tmp_path):
    for seed in (1, 2):
        torch.save(checkpoints.from_table("mod_cbam_c64", seed), tmp_path / f"{seed}.pth")
    assert len({checkpoints.content(attnconv.import_(tmp_path / f"{seed}.pth", name=f"out-{seed}")) for seed in (1, 2)}) == 2


def test_wrong_checksums_are_an_error_without_the_override(attnconv, fixtures, tmp_path):
    result = attnconv.run("import", fixtures / f"pytorch-zip/{NARROW}.wrong-crc.pth", "-o", tmp_path / "out.safetensors")
    assert result.returncode == 2
    assert "--ignore-crc" in result.stderr
    assert not (tmp_path / "out.safetensors").exists()


UNREPRESENTABLE = {
    "sparse": lambda value: value.to_sparse(),
    "compressed sparse": lambda value: value.to_sparse_csr(),
    "quantized": lambda value: torch.quantize_per_tensor(value, 0.1, 3, torch.qint8),
    "nested": lambda value: torch.nested.nested_tensor([value[0], value[1]]),
    "meta": lambda value: value.to("meta"),
    "complex128": lambda value: value.to(torch.complex128),
    "complex32": lambda value: value.to(torch.complex32),
}


@pytest.mark.parametrize("kind", sorted(UNREPRESENTABLE))
def test_tensors_without_a_safetensors_form_are_named(attnconv, tmp_path, kind):
    state = checkpoints.from_table("mod_cbam_c64")
    name = "ChannelGate.mlp.1.weight"
    state[name] = UNREPRESENTABLE[kind](state[name])
    torch.save(state, tmp_path / "model.pth")
    result = attnconv.run("import", tmp_path / "model.pth", "-o", tmp_path / "out.safetensors")
    assert result.returncode in (1, 2)
    assert name in result.stderr + result.stdout
    assert kind.split()[-1] in result.stderr + result.stdout
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize("file", sorted(json.loads((FIXTURES / "not-checkpoints/expected.json").read_text())["files"]))
@pytest.mark.parametrize("command", ["import", "inspect"])
def test_what_is_no_checkpoint_is_an_error(attnconv, fixtures, tmp_path, file, command):
    options = ["-o", tmp_path / "out.safetensors"] if command == "import" else []
    result = attnconv.run(command, fixtures / "not-checkpoints" / file, *options)
    assert result.returncode == 2, result.stdout + result.stderr
    assert result.stderr.startswith("error: ") and file in result.stderr
    assert result.stdout == ""
    assert not list(tmp_path.iterdir())

"""The narrow CBAM network as safetensors and in shards. Run: `.venv/bin/python Fixtures/safetensors/generate.py`."""
import importlib.metadata
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "generators"))
import narrow_cbam  # noqa: E402
import record  # noqa: E402

WRITER = f"safetensors {importlib.metadata.version('safetensors')}"
NAME = "cbam-resnet18-narrow"
state = narrow_cbam.state_dict()
contents, files = {NAME: record.rows(state)}, {}

save_file(dict(state), HERE / f"{NAME}.safetensors", metadata={"format": "pt"})
files[f"{NAME}.safetensors"] = {"content": NAME, "container": "safetensors", "writtenBy": WRITER}

tiny = {name: state[name] for name in list(state)[:3]}
contents["tiny"] = record.rows(tiny)
save_file(tiny, HERE / "tiny.safetensors")
files["tiny.safetensors"] = {"content": "tiny", "container": "safetensors", "writtenBy": WRITER}

# Shards are cut in the middle of a block: half of the names, in state-dict order, in each.
halves = [dict(list(state.items())[:100]), dict(list(state.items())[100:])]
total = sum(value.numel() * value.element_size() for value in state.values())
for stem, ending, save in [
    ("model", "safetensors", lambda half, path: save_file(half, path, metadata={"format": "pt"})),
    ("pytorch_model", "bin", torch.save),
]:
    folder = HERE / f"sharded-{ending}"
    folder.mkdir(exist_ok=True)
    shards = [f"{stem}-{index:05}-of-00002.{ending}" for index in (1, 2)]
    for shard, half in zip(shards, halves):
        save(half, folder / shard)
    index = {"metadata": {"total_size": total}, "weight_map": {name: shard for shard, half in zip(shards, halves) for name in half}}
    (folder / f"{stem}.{ending}.index.json").write_text(json.dumps(index, indent=1, sort_keys=True) + "\n")
    files[f"sharded-{ending}/{stem}.{ending}.index.json"] = {
        "content": NAME, "container": "sharded", "shards": shards, "writtenBy": WRITER if ending == "safetensors" else record.WRITER,
    }

# safetensors creates its files readable by the owner only.
for path in HERE.rglob("*.safetensors"):
    path.chmod(0o644)

record.write(HERE, files, contents)

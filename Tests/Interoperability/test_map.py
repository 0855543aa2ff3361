"""`attnconv map`: names that no dialect knows become a dialect file, which imports the same content."""
import json

import checkpoints
import torch
from test_schemas import check, report

CBAM = "networks/attention-module-resnet18-cbam.pth"


def renamed(attnconv, fixtures, rename) -> dict:
    state = torch.load(fixtures / CBAM, weights_only=True)
    state = {rename(name): tensor for name, tensor in state.items()}
    torch.save(state, attnconv.folder / "unknown.pth")
    return state


def unknown(name: str) -> str:
    for old, new in [("module.", ""), ("layer", "body.stage_"), (".cbam.ChannelGate.mlp.", ".gate.mlp_"), ("SpatialGate.spatial", "where"),
                     ("running_mean", "mean"), ("running_var", "var"), (".weight", ".w"), (".bias", ".b")]:
        name = name.replace(old, new)
    return name


def test_a_draft_imports_what_the_known_names_import(attnconv, fixtures):
    state = renamed(attnconv, fixtures, unknown)
    source, draft = attnconv.folder / "unknown.pth", attnconv.folder / "my.dialect.json"
    failure = attnconv.run("import", source, "-o", attnconv.folder / "no.safetensors")
    assert failure.returncode == 2
    assert "attnconv map" in failure.stderr
    value = report(attnconv, "map", source, "--architecture", "resnet18-cbam", "-o", draft)
    assert (value["status"], value["dialect"], value["missing"], value["unexpected"]) == ("complete", "my", [], [])
    assert {question["name"] for question in value["questions"]} >= {"layout", "epsilon"}
    dialect = json.loads(draft.read_text())
    check("dialect", dialect)
    assert dialect["suffixes"]["normWeight"] == ".w"
    assert dialect["modules"] == value["lines"]
    known = attnconv.import_(fixtures / CBAM, name="known")
    drafted = attnconv.import_(source, "--dialect-file", draft, name="drafted")
    assert checkpoints.metadata(drafted)["attnconv.content"] == checkpoints.metadata(known)["attnconv.content"]
    # And back, in the names of the file.
    back = torch.load(attnconv.export(drafted, "--dialect-file", draft), weights_only=True)
    assert set(back) == set(state)
    assert all(torch.equal(back[name], state[name]) for name in state)


def test_a_doubt_is_written_down_and_refused(attnconv, fixtures):
    renamed(attnconv, fixtures, lambda name: unknown(name).replace(".bn1.", ".pear.").replace(".bn2.", ".fig."))
    source, draft = attnconv.folder / "unknown.pth", attnconv.folder / "my.dialect.json"
    value = report(attnconv, "map", source, "--architecture", "resnet18-cbam", "-o", draft, code=1)
    assert value["status"] == "unfinished"
    assert {line["canonical"] for line in value["lines"] if "uncertain" in line} == {
        "stages.{s}.blocks.{b}.norm1", "stages.{s}.blocks.{b}.norm2"}
    check("dialect", json.loads(draft.read_text()))
    refused = report(attnconv, "import", source, "--dialect-file", draft, "-o", attnconv.folder / "no.safetensors", code=1)
    assert refused["imports"][0]["error"]["identifier"] == "uncertain-dialect"
    assert not (attnconv.folder / "no.safetensors").exists()
    finished = json.loads(draft.read_text())
    for line in finished["modules"]:
        line.pop("uncertain", None)
    draft.write_text(json.dumps(finished))
    known = attnconv.import_(fixtures / CBAM, name="known")
    drafted = attnconv.import_(source, "--dialect-file", draft, name="drafted")
    assert checkpoints.metadata(drafted)["attnconv.content"] == checkpoints.metadata(known)["attnconv.content"]

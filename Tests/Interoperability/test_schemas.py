"""Everything that the program reads or writes as JSON follows Schemas/, and the schemas refuse what they should."""
import copy
import hashlib
import json
import re

import checkpoints
import pytest
import torch
from conftest import FIXTURES, ROOT
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = {path.name.removesuffix(".schema.json"): json.loads(path.read_text()) for path in sorted((ROOT / "Schemas").glob("*.json"))}
REGISTRY = Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values())
VALIDATORS = {name: Draft202012Validator(schema, registry=REGISTRY) for name, schema in SCHEMAS.items()}
DIALECTS = sorted((ROOT / "Sources/Conversion/Dialects/BuiltIn").glob("*.json"))
NETWORKS = sorted(path for path in (FIXTURES / "networks").iterdir() if path.suffix in (".pth", ".safetensors"))
# Other containers: a training checkpoint, inert placeholders, a TorchScript archive, shards.
SOURCES = [FIXTURES / name for name in [
    "pytorch-legacy/cbam-resnet18-narrow.training.pth.tar", "pytorch-objects/training-run.pth", "pytorch-objects/hostile.pth",
    "pytorch-objects/torchscript.pt", "pytorch-objects/averaged.pth", "safetensors/sharded-safetensors/model.safetensors.index.json",
    "safetensors/sharded-bin/pytorch_model.bin.index.json",
]]


def check(name: str, instance) -> None:
    faults = [f"{error.json_path}: {error.message[:400]}" for error in VALIDATORS[name].iter_errors(instance)]
    assert not faults, "\n".join([f"{name}.schema.json", *faults, *explain(name, instance)])


def explain(name: str, instance) -> list:
    """The faults of the branches of `oneOf`, which the outer message leaves out."""
    lines = []
    for error in VALIDATORS[name].iter_errors(instance):
        pending = list(error.context or [])
        while pending:
            inner = pending.pop()
            lines.append(f"  {inner.json_path}: {inner.message[:400]}")
            pending += inner.context or []
    return lines[:40]


def report(attnconv, *arguments, code: int = 0, schema: str | None = None) -> dict:
    """Runs a command with --json and checks its report against a schema, by default that of the command."""
    result = attnconv.run(*arguments, "--json")
    assert result.returncode == code, result.stderr
    value = json.loads(result.stdout, object_pairs_hook=sorted_members)
    check(schema or f"{arguments[0]}-report", value)
    return value


def sorted_members(members: list) -> dict:
    names = [name for name, _ in members]
    assert names == sorted(names), "the members of every object are sorted"
    return dict(members)


def metadata(path) -> dict:
    """The metadata of a canonical checkpoint, its JSON texts parsed."""
    values = checkpoints.metadata(path)
    for name in ["attnconv.architecture", "attnconv.source", "attnconv.digests"]:
        values[name] = json.loads(values[name])
    return values


@pytest.fixture
def near_miss(tmp_path):
    """A network with every kind of fault: missing, unexpected, mis-shaped, mis-typed."""
    state = torch.load(FIXTURES / "networks/torchvision-resnet18.pth", weights_only=True)
    state["bn1.wieght"] = state.pop("bn1.weight")
    state["layer1.0.conv1.weight"] = state["layer1.0.conv1.weight"][:1].clone()
    state["bn1.bias"] = state["bn1.bias"].to(torch.int64)
    torch.save(state, tmp_path / "near-miss.pth")
    return tmp_path / "near-miss.pth"


# The schemas themselves


def subschemas(value, path="#"):
    if isinstance(value, dict):
        yield path, value
        for name, inner in value.items():
            if name not in ("default", "examples", "enum", "const", "required"):
                yield from subschemas(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from subschemas(inner, f"{path}/{number}")


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_valid_and_identified(name):
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == f"urn:attnconv:schema:{name}:1"
    assert SCHEMAS[name]["title"] and SCHEMAS[name]["description"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_reference_leads_somewhere(name):
    resolver = REGISTRY.resolver(SCHEMAS[name]["$id"])
    for path, schema in subschemas(SCHEMAS[name]):
        if isinstance(schema.get("$ref"), str):
            assert resolver.lookup(schema["$ref"]).contents, path


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_member_is_described(name):
    resolver = REGISTRY.resolver(SCHEMAS[name]["$id"])
    for path, schema in subschemas(SCHEMAS[name]):
        # Where a schema narrows another one, the members are described there.
        if "type" not in schema and "unevaluatedProperties" not in schema:
            continue
        for member, inner in schema.get("properties", {}).items():
            while "description" not in inner and "$ref" in inner:
                inner = resolver.lookup(inner["$ref"]).contents
            assert inner.get("description"), f"{path}: {member}"


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_object_is_closed(name):
    for path, schema in subschemas(SCHEMAS[name]):
        # A plan is closed by the reports that extend it.
        if schema.get("type") == "object" and path != "#/$defs/plan":
            assert "additionalProperties" in schema, path


def test_every_error_identifier_is_documented():
    known = set(SCHEMAS["error"]["properties"]["identifier"]["examples"])
    declared = {"unknown"}
    for path in (ROOT / "Sources").rglob("*Error.swift"):
        codes = re.search(r"enum Code: String[^}]*}", path.read_text())
        declared |= set(re.findall(r'case \w+ = "([^"]+)"', codes[0] if codes else ""))
    assert known == declared


# Dialects


@pytest.mark.parametrize("path", DIALECTS, ids=lambda path: path.stem)
def test_built_in_dialect(path):
    check("dialect", json.loads(path.read_text()))


def test_dialects_report(attnconv):
    names = [dialect["name"] for dialect in report(attnconv, "dialects")["dialects"]]
    assert sorted(names) == [path.stem for path in DIALECTS]


def dialect(**changes) -> dict:
    value = {
        "schemaVersion": 1, "name": "mine", "title": "my ResNets", "source": "https://example.org", "accepts": {"family": ["resnet"]},
        "modules": [{"canonical": "stages.{s}.blocks.{b}.conv{i}", "source": "layer{s+1}.{b}.conv{i}", "when": {"stem": "imagenet"}}],
        "semantics": [{"when": {"block": "bottleneck"}, "set": {"stridePosition": "conv1"}}],
        "attention": [{"kind": "eca", "standalone": True, "at": [], "modules": [{"canonical": "conv", "source": "conv"}]}],
    }
    return {name: member for name, member in (value | changes).items() if member is not None}


def line(**changes) -> list:
    return [{"canonical": "head", "source": "fc"} | changes]


def part(**changes) -> list:
    return [{"kind": "eca", "at": [], "modules": line()} | changes]


# What the program refuses as well.
BROKEN_DIALECTS = {
    "not an object": [],
    "other version": dialect(schemaVersion=2),
    "no name": dialect(name=None),
    "no title": dialect(title=None),
    "no source": dialect(source=None),
    "unknown member": dialect(module=[]),
    "modules no array": dialect(modules={}),
    "line no object": dialect(modules=["head"]),
    "line without source": dialect(modules=[{"canonical": "head"}]),
    "line with unknown member": dialect(modules=line(layuot="linear")),
    "unknown layout": dialect(modules=line(layout="transposed")),
    "open brace": dialect(modules=line(canonical="stages.{s", source="layer{s")),
    "long variable": dialect(modules=line(canonical="stages.{stage}", source="layer{stage}")),
    "adjacent variables": dialect(modules=line(canonical="stages.{s}{b}", source="layer{s}{b}")),
    "large sum": dialect(modules=line(canonical="stages.{s}", source="layer{s+10}")),
    "condition no text": dialect(modules=line(when={"stages": 4})),
    "attention without kind": dialect(attention=[{"modules": line()}]),
    "attention with unknown member": dialect(attention=part(places=[])),
    "place without source": dialect(attention=part(at=[{"canonical": "stages.{s}.attention"}])),
    "semantics without set": dialect(semantics=[{"when": {"block": "basic"}}]),
    "flat blocks of 0": dialect(flatBlocks=[0]),
    "accepts no object": dialect(accepts=["resnet"]),
    "unknown feature": dialect(accepts={"stemm": ["imagenet"]}),
    "unknown condition": dialect(modules=line(when={"stemm": "imagenet"})),
    "unknown semantics": dialect(semantics=[{"set": {"strideOn": "conv1"}}]),
    "semantics out of range": dialect(semantics=[{"set": {"maxPoolPadding": 2}}]),
}
# What the program takes for a network that never occurs.
BROKEN_DIALECTS_OF_SCHEMA = {
    "unknown feature value": dialect(accepts={"stem": ["image-net"]}),
    "unknown condition value": dialect(modules=line(when={"stem": "image-net"})),
    "unknown kind": dialect(attention=part(kind="nonlocal")),
    "standalone no boolean": dialect(attention=part(standalone="yes")),
    "condition of a whole attention module": dialect(attention=part(when={"family": "resnet"})),
}


def test_sample_dialect_is_right(attnconv, tmp_path):
    check("dialect", dialect())
    assert refusal(attnconv, tmp_path, dialect()) != "invalid-dialect"


@pytest.mark.parametrize("case", BROKEN_DIALECTS)
def test_broken_dialect_is_refused_by_schema_and_program(attnconv, tmp_path, case):
    assert not VALIDATORS["dialect"].is_valid(BROKEN_DIALECTS[case])
    assert refusal(attnconv, tmp_path, BROKEN_DIALECTS[case]) == "invalid-dialect"


@pytest.mark.parametrize("case", BROKEN_DIALECTS_OF_SCHEMA)
def test_broken_dialect_is_refused_by_schema(case):
    assert not VALIDATORS["dialect"].is_valid(BROKEN_DIALECTS_OF_SCHEMA[case])


def refusal(attnconv, tmp_path, value) -> str | None:
    (tmp_path / "dialect.json").write_text(json.dumps(value))
    result = attnconv.run("import", tmp_path / "absent.pth", "--dialect-file", tmp_path / "dialect.json", "--json")
    output = json.loads(result.stdout)
    check("import-report", output)
    return output.get("error", {}).get("identifier")


# Canonical checkpoints and the reports that go with them


@pytest.mark.parametrize("path", NETWORKS + SOURCES, ids=lambda path: path.name)
def test_import_inspect_and_export_reports(attnconv, path):
    # ECA with one kernel per channel may be refused; then the report says so.
    if "ecans" in path.name and attnconv.run("import", path, "--dry-run").returncode:
        report(attnconv, "import", path, "--dry-run", code=2)
        return
    output = attnconv.folder / "canonical.safetensors"
    [planned] = report(attnconv, "import", path, "--dry-run")["imports"]
    [imported] = report(attnconv, "import", path, "-o", output)["imports"]
    assert (planned["status"], imported["status"]) == ("planned", "imported")
    values = metadata(output)
    check("checkpoint", values)
    assert imported["content"] == values["attnconv.content"] == content(output, values["attnconv.digests"])
    assert imported["architecture"] == values["attnconv.architecture"]

    assert report(attnconv, "inspect", path)["status"] == "recognized"
    canonical = report(attnconv, "inspect", output, "--layers")
    assert canonical["container"] == "canonical" and canonical["source"] == values["attnconv.source"]
    for target in ["pytorch", "safetensors"]:
        exported = report(attnconv, "export", output, "--to", target, "-o", attnconv.folder / f"back.{target}")
        assert exported["content"] == imported["content"]


def content(path, digests: dict) -> str:
    """The content digest as Schemas/checkpoint.schema.json defines it."""
    names = {"torch.float16": "F16", "torch.bfloat16": "BF16", "torch.float32": "F32", "torch.float64": "F64", "torch.int64": "I64"}
    rows = [
        f"{name}\t{names[str(value.dtype)]}\t{','.join(map(str, value.shape))}\t{digests[name]}\n".encode()
        for name, value in sorted(checkpoints.canonical(path).items(), key=lambda item: item[0].encode())
        if name.split(".")[-1] != "num_batches_tracked"
    ]
    return hashlib.sha256(b"".join(rows)).hexdigest()


def test_near_miss_report(attnconv, near_miss):
    [result] = report(attnconv, "import", near_miss, code=1)["imports"]
    assert result["status"] == "incomplete"
    assert {fault["kind"] for fault in result["faults"]} == {"missing", "unexpected", "mis-shaped", "mis-typed"}
    assert result["faults"] == report(attnconv, "inspect", near_miss)["faults"]


def test_allowed_faults_are_recorded(attnconv, tmp_path):
    state = torch.load(FIXTURES / "networks/torchvision-resnet18.pth", weights_only=True)
    del state["fc.weight"], state["fc.bias"]
    state["criterion.weight"] = torch.ones(2)
    torch.save(state, tmp_path / "headless.pth")
    output = attnconv.folder / "canonical.safetensors"
    allow = ["--allow-missing", "head.*", "--allow-unexpected", "criterion.*", "--classes", "10"]
    [result] = report(attnconv, "import", tmp_path / "headless.pth", "-o", output, *allow)["imports"]
    assert len(result["allowed"]) == 3
    check("checkpoint", metadata(output))
    assert checkpoints.source(output)["missing"] == ["head.weight", "head.bias"]
    assert checkpoints.source(output)["unused"] == ["criterion.weight"]
    exported = report(attnconv, "export", output, "--to", "pytorch", "-o", attnconv.folder / "back.pth")
    assert exported["missing"] == ["head.weight", "head.bias"]


def test_report_of_several_files(attnconv, fixtures, near_miss):
    files = [fixtures / "networks/module-se-c64.pth", near_miss, fixtures / "not-checkpoints/empty.pth", attnconv.folder / "absent.pth"]
    results = report(attnconv, "import", *files, "--output-dir", attnconv.folder, code=2)["imports"]
    assert [result["status"] for result in results] == ["imported", "incomplete", "failed", "failed"]


@pytest.mark.parametrize("file", sorted(json.loads((FIXTURES / "not-checkpoints/expected.json").read_text())["files"]))
def test_reports_of_other_files(attnconv, fixtures, file):
    path = fixtures / "not-checkpoints" / file
    [failed] = report(attnconv, "import", path, "--output-dir", attnconv.folder, code=2)["imports"]
    assert failed["error"] == report(attnconv, "inspect", path, code=2)["error"]


@pytest.mark.parametrize("file", ["pytorch-zip/dtypes.pth", "pytorch-zip/sparse.pth", "safetensors/tiny.safetensors"])
def test_inspect_report_of_an_unknown_network(attnconv, fixtures, file):
    result = attnconv.run("inspect", fixtures / file, "--json")
    value = json.loads(result.stdout)
    check("inspect-report", value)
    assert value["status"] == "unrecognized"


def test_reports_of_failures(attnconv, fixtures):
    report(attnconv, "inspect", attnconv.folder / "absent.pth", code=2)
    output = attnconv.import_(fixtures / "networks/module-se-c64.pth")
    report(attnconv, "export", output, "--to", "pytorch", "-o", output, code=2)
    report(attnconv, "export", output, "--to", "pytorch", "-o", attnconv.folder / "back.pth", "--dialect", "tim", code=2)
    report(attnconv, "export", fixtures / "safetensors/tiny.safetensors", "--to", "pytorch", "-o", attnconv.folder / "back.pth", code=2)


# Instances broken by hand: (schema, the change of a right instance)


def put(*path_and_value):
    *path, name, value = path_and_value

    def change(instance):
        for step in path:
            instance = instance[step]
        instance[name] = value

    return change


def drop(*path_and_name):
    *path, name = path_and_name

    def change(instance):
        for step in path:
            instance = instance[step]
        del instance[name]

    return change


BROKEN = {
    "unknown metadata": ("checkpoint", put("attnconv.host", "here")),
    "version as a number": ("checkpoint", put("attnconv.version", 1)),
    "no content digest": ("checkpoint", drop("attnconv.content")),
    "digest in capitals": ("checkpoint", put("attnconv.content", "A" * 64)),
    "short digest": ("checkpoint", put("attnconv.digests", "head.bias", "0" * 63)),
    "name that is not canonical": ("checkpoint", put("attnconv.digests", "Head.bias", "0" * 64)),
    "unknown container": ("checkpoint", put("attnconv.source", "container", "zip")),
    "source with a path": ("checkpoint", put("attnconv.source", "path", "weights/model.pth")),
    "source without its file": ("checkpoint", drop("attnconv.source", "sha256")),
    "source of one file and of several": ("checkpoint", put("attnconv.source", "files", [])),
    "unknown layout in source": ("checkpoint", put("attnconv.source", "layout", "sideways", ["head.weight"])),
    "unknown family": ("architecture", put("family", "vgg")),
    "no epsilon": ("architecture", drop("epsilon")),
    "epsilon of 0": ("architecture", put("epsilon", 0)),
    "classes of 0": ("architecture", put("classes", 0)),
    "classes with a fraction": ("architecture", put("classes", 10.5)),
    "unknown member of a network": ("architecture", put("depth", 18)),
    "stride of a basic block in conv2": ("architecture", put("stridePosition", "conv2")),
    "unknown member of attention": ("architecture", put("attention", "reduction", 16)),
    "even kernel": ("architecture", put("attention", "spatial", "kernel", 6)),
    "attention of another kind": ("architecture", put("attention", "kind", "bam")),
    "stem of both kinds": ("architecture", put("stem", "widths", [32, 32, 64])),
    "module without channels": ("architecture", lambda value: (value.clear(), value.update(
        {"family": "module", "attention": {"kind": "nam"}, "channels": None, "epsilon": 1e-5}))),
    "imports of another command": ("import-report", put("command", "inspect")),
    "no schema version": ("import-report", drop("schemaVersion")),
    "imported without output": ("import-report", drop("imports", 0, "output")),
    "incomplete without faults": ("import-report", put("imports", 0, "status", "incomplete")),
    "score above 1": ("import-report", put("imports", 0, "score", 1.5)),
    "unknown member of an import": ("import-report", put("imports", 0, "seconds", 1)),
    "failure without error": ("import-report", put("imports", 0, {"status": "failed"})),
    "negative shape": ("inspect-report", put("tensors", 0, "shape", [-1])),
    "unknown element type": ("inspect-report", put("tensors", 0, "type", "float32")),
    "no totals": ("inspect-report", drop("totals")),
    "unknown member of an inspection": ("inspect-report", put("time", 0)),
    "planned with faults": ("inspect-report", put("faults", [{"kind": "unexpected", "name": "a", "detail": "b"}])),
    "missing name that is not canonical": ("inspect-report", lambda value: value.update(
        status="incomplete", faults=[{"kind": "missing", "name": "a", "detail": "b"}])),
    "unknown status": ("export-report", put("status", "done")),
    "export with an unknown layout": ("export-report", put("layouts", [{"name": "head.weight", "layout": "none"}])),
    "export without dialect": ("export-report", drop("dialect")),
    "dialect without source": ("dialects-report", drop("dialects", 0, "source")),
    "error without message": ("error", drop("message")),
    "negative offset": ("error", put("offset", -1)),
    "identifier that is none": ("error", put("identifier", "Not Found")),
}


def test_broken_instances_are_refused(attnconv, fixtures):
    source, output = fixtures / "networks/attention-module-resnet18-cbam.pth", attnconv.folder / "canonical.safetensors"
    right = {
        "import-report": report(attnconv, "import", source, "-o", output), "inspect-report": report(attnconv, "inspect", source),
        "export-report": report(attnconv, "export", output, "--to", "pytorch", "-o", attnconv.folder / "back.pth"),
        "dialects-report": report(attnconv, "dialects"), "checkpoint": metadata(output),
        "error": report(attnconv, "inspect", fixtures / "not-checkpoints/truncated-zip.pth", code=2)["error"],
    }
    right["checkpoint"]["attnconv.source"]["layout"] = {}
    right["architecture"] = right["checkpoint"]["attnconv.architecture"]
    for name, instance in right.items():
        check(name, instance)
    accepted = []
    for case, (name, change) in BROKEN.items():
        broken = copy.deepcopy(right[name])
        change(broken)
        if VALIDATORS[name].is_valid(broken):
            accepted.append(case)
    assert not accepted

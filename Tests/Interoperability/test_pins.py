"""Pin files, and what CI systems are told: each report follows its schema, JUnit's structure or GitHub's escaping."""
import copy
import json
import shutil
import xml.etree.ElementTree as ElementTree

import pytest
from conftest import FIXTURES
from test_schemas import VALIDATORS, check, drop, put, sorted_members

NETWORKS = ["module-nam", "module-eca-ns", "cifar-resnet18-bam"]


@pytest.fixture
def project(attnconv):
    """Three networks, pinned."""
    for name in NETWORKS:
        for kind in ["checkpoint", "reference"]:
            shutil.copy(FIXTURES / f"references/{name}/{kind}.safetensors", attnconv.folder / f"{name}.{kind}.safetensors")
        assert report(attnconv, "pin", *files(name))["status"] == "added"
    return attnconv


def files(name: str) -> list:
    return [f"{name}.checkpoint.safetensors", "--reference", f"{name}.reference.safetensors"]


def report(attnconv, command: str, *arguments, code: int = 0, schema: str = "") -> dict:
    result = attnconv.run(command, *arguments, "--json")
    assert result.returncode == code, result.stderr
    value = json.loads(result.stdout, object_pairs_hook=sorted_members)
    check(schema or f"{command}-report", value)
    return value


def verify(attnconv, *arguments, code: int = 0) -> dict:
    return report(attnconv, "verify", *arguments, code=code, schema="verify-pins-report")


def break_pins(folder) -> None:
    """Leaves one pin that holds, one of a changed checkpoint and one of a missing reference."""
    shutil.copy(folder / "module-nam.checkpoint.safetensors", folder / "cifar-resnet18-bam.checkpoint.safetensors")
    (folder / "module-eca-ns.reference.safetensors").unlink()


def test_pins_follow_their_schema_and_hold(project):
    check("pins", json.loads((project.folder / "attnconv.json").read_text()))
    value = verify(project)
    assert (value["status"], value["holding"]) == ("held", 3)
    assert report(project, "pin", *files("module-nam"))["status"] == "unchanged"


def test_every_outcome_follows_its_schema(project):
    folder = project.folder
    break_pins(folder)
    value = verify(project, code=2)
    assert [pin["status"] for pin in value["pins"]] == ["changed", "unchecked", "holds"]
    [removed] = report(project, "pin", "--remove", "module-eca-ns.checkpoint.safetensors")["removed"]
    assert removed["checkpoint"] == "module-eca-ns.checkpoint.safetensors"
    assert verify(project, code=1)["status"] == "broken"
    shutil.copy(FIXTURES / "references/module-eca-ns/checkpoint.safetensors", folder / "module-nam.checkpoint.safetensors")
    report(project, "pin", "module-nam.checkpoint.safetensors", "--reference", "module-nam.reference.safetensors", code=2)
    verify(project, "--pins", "nowhere.json", code=2)


def test_a_changed_tolerance_is_replaced_by_force(project):
    report(project, "pin", *files("module-nam"), "--tolerance", "1e-4", code=2)
    value = report(project, "pin", *files("module-nam"), "--tolerance", "1e-4", "--force")
    assert value["changes"] == [{"member": "tolerance", "pinned": 1e-05, "found": 0.0001}]
    check("pins", json.loads((project.folder / "attnconv.json").read_text()))


def test_a_network_that_differs_is_reported(project):
    assert report(project, "pin", *files("module-nam"), "--tolerance", "1e-12", code=1)["status"] == "diverged"
    path = project.folder / "attnconv.json"
    value = json.loads(path.read_text())
    for pin in value["pins"]:
        pin["tolerance"] = 0
    path.write_text(json.dumps(value))
    assert {pin["status"] for pin in verify(project, code=1)["pins"]} == {"diverged"}


BROKEN = {
    "another version": put("schemaVersion", 2),
    "no version": drop("schemaVersion"),
    "unknown member of the file": put("name", "pins"),
    "no pins": drop("pins"),
    "pins that are no array": put("pins", {}),
    "unknown member of a pin": put("pins", 0, "tolerence", 1),
    "pin without content": drop("pins", 0, "content"),
    "pin without architecture": drop("pins", 0, "architecture"),
    "path that is empty": put("pins", 0, "checkpoint", ""),
    "path with a NUL": put("pins", 0, "reference", "a\0b"),
    "path that is no text": put("pins", 0, "reference", 1),
    "digest in capitals": put("pins", 0, "content", "A" * 64),
    "short digest": put("pins", 0, "referenceSha256", "a" * 63),
    "tolerance of 1": put("pins", 0, "tolerance", 1),
    "negative tolerance": put("pins", 0, "tolerance", -1e-5),
    "tolerance as a text": put("pins", 0, "tolerance", "1e-5"),
    "unknown family": put("pins", 0, "architecture", "family", "vgg"),
    "unknown member of the network": put("pins", 0, "architecture", "depth", 18),
}


@pytest.mark.parametrize("case", BROKEN)
def test_schema_and_program_refuse_the_same(project, case):
    path = project.folder / "attnconv.json"
    value = json.loads(path.read_text())
    BROKEN[case](value)
    assert not VALIDATORS["pins"].is_valid(value)
    path.write_text(json.dumps(value))
    assert verify(project, code=2)["error"]["identifier"] == "malformed-pin-file"


BROKEN_REPORTS = {
    "held with a pin that does not": put("status", "held"),
    "broken with a pin that was not checked": put("status", "broken"),
    "changed without changes": drop("pins", 0, "changes"),
    "change of an unknown member": put("pins", 0, "changes", 0, "member", "digest"),
    "unchecked without error": drop("pins", 1, "error"),
    "holds with an error": put("pins", 2, "error", {"identifier": "unknown", "message": "a"}),
    "holds with a divergence": put("pins", 2, "verdict", "divergence", "head"),
    "no line": drop("pins", 0, "line"),
}


def test_broken_reports_are_refused(project):
    break_pins(project.folder)
    right = verify(project, code=2)
    for case, change in BROKEN_REPORTS.items():
        broken = copy.deepcopy(right)
        change(broken)
        assert not VALIDATORS["verify-pins-report"].is_valid(broken), case


# JUnit: the rules of junit-10.xsd, by which Jenkins' xUnit plugin validates (attributes with `use="required"` first),
# and of GitLab, which takes `classname` and `name` together as the identity of a case.

ATTRIBUTES = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}),
    "testsuite": ({"name", "tests", "failures", "errors"}, {
        "group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"}),
    "testcase": ({"name"}, {"time", "classname", "group"}),
    "failure": (set(), {"type", "message"}), "error": (set(), {"type", "message"}), "system-out": (set(), set()),
}
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase"}, "testcase": {"failure", "error", "system-out"}}


def junit(path) -> ElementTree.Element:
    root = ElementTree.fromstring(path.read_bytes())
    assert root.tag == "testsuites"
    for element in root.iter():
        required, optional = ATTRIBUTES[element.tag]
        assert required <= set(element.keys()) <= required | optional
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    for suite in root.iter("testsuite"):
        cases = list(suite.iter("testcase"))
        identities = {(case.attrib["classname"], case.attrib["name"]) for case in cases}
        assert len(identities) == len(cases) == int(suite.attrib["tests"])
        for kind, attribute in [("failure", "failures"), ("error", "errors")]:
            found = [case for case in cases if case.find(kind) is not None]
            assert len(found) == int(suite.attrib[attribute]) and all(case.findtext(kind) for case in found)
        assert all(len(case.findall("failure") + case.findall("error")) <= 1 for case in cases)
    return root


def test_junit_of_pins(project):
    assert project.run("verify", "--junit", "out.xml").returncode == 0
    root = junit(project.folder / "out.xml")
    assert [case.find("system-out") is not None for case in root.iter("testcase")] == [True] * 3
    break_pins(project.folder)
    assert project.run("verify", "--junit", "out.xml", "--json").returncode == 2
    root = junit(project.folder / "out.xml")
    assert [[child.tag for child in case] for case in root.iter("testcase")] == [["failure"], ["error"], ["system-out"]]
    assert root.find(".//failure").attrib["type"] == "changed"
    assert root.find(".//error").attrib["type"] == "missing-reference"


@pytest.mark.parametrize("name", ["a<b>&\"'.safetensors", "\x01\x1b[31m\x7f.safetensors", "\ufffe\uffff\u0085\u202e.safetensors", "]]>.safetensors"])
def test_junit_holds_any_name(project, name):
    shutil.copy(project.folder / "module-nam.checkpoint.safetensors", project.folder / name)
    result = project.run("verify", name, "--reference", "module-eca-ns.reference.safetensors", "--junit", "out.xml")
    assert result.returncode == 2
    assert junit(project.folder / "out.xml").find(".//error").attrib["type"] == "unsuitable-reference"


# GitHub: what its runner makes of a line (actions/runner, src/Runner.Common/ActionCommand.cs)


def command(line: str) -> tuple:
    """The name of a workflow command, its properties and its text."""
    head, text = line.removeprefix("::").split("::", 1)
    name, properties = head.split(" ", 1)
    escapes = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]
    values = {}
    for pair in properties.split(","):
        key, value = pair.split("=", 1)
        for escape, character in escapes:
            value = value.replace(escape, character)
        values[key] = value
    for escape, character in [escapes[0], escapes[1], escapes[4]]:
        text = text.replace(escape, character)
    return name, values, text


def test_annotations_of_pins(project, monkeypatch):
    break_pins(project.folder)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.folder))
    result = project.run("verify")
    pins = (project.folder / "attnconv.json").read_text().splitlines()
    commands = [command(line) for line in result.stderr.splitlines() if line.startswith("::")]
    assert [name for name, _, _ in commands] == ["error", "error"]
    for (_, values, _), pinned in zip(commands, ["cifar-resnet18-bam", "module-eca-ns"]):
        assert values["file"] == "attnconv.json"
        assert pins[int(values["line"]) - 1].strip() == "{" and pinned in pins[int(values["line"])]
        assert values["title"] == f"{pinned}.checkpoint.safetensors against {pinned}.reference.safetensors"
    assert "::" not in result.stdout


@pytest.mark.parametrize("name", ["100%,a=b:c.safetensors", "%0A::error::x", "%25%2C", "::error::x"])
def test_annotations_hold_any_name(project, monkeypatch, name):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.folder))
    shutil.copy(project.folder / "module-nam.checkpoint.safetensors", project.folder / name)
    result = project.run("verify", name, "--reference", "module-eca-ns.reference.safetensors")
    [(kind, values, text)] = [command(line) for line in result.stderr.splitlines() if line.startswith("::")]
    shown = name.replace("::error::", "\\u{3A}:error::") if name.startswith("::") else name
    assert (kind, values["file"], values["title"]) == ("error", name, f"{shown} against module-eca-ns.reference.safetensors")
    assert text.startswith("module-eca-ns.reference.safetensors: the reference does not fit the network: ")
    assert text.splitlines()[-1].startswith("hint: ")
